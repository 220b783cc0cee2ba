import KubeModel
import KubeRuntime
import Synchronization
import Testing

struct KeyRelayTests {
    @Test func keysGoToWhoeverIsConnectedLast() {
        let relay = KeyRelay()
        let first = Mutex<[ObjectKey]>([])
        let second = Mutex<[ObjectKey]>([])
        let key = ObjectKey(namespace: "shop", name: "a")
        // Before anybody listens nothing can be lost that matters: the controller begins with all objects.
        relay.send(key)
        relay.connect { key in first.withLock { $0.append(key) } }
        relay.send(key)
        relay.send(ObjectKey(namespace: "shop", name: "b"))
        relay.connect { key in second.withLock { $0.append(key) } }
        relay.send(key)
        #expect(first.withLock { $0 } == [key, ObjectKey(namespace: "shop", name: "b")])
        #expect(second.withLock { $0 } == [key])
    }

    @Test func theHundredThousandthCostsAsMuchAsTheFirst() {
        let relay = KeyRelay()
        let sent = Atomic(0)
        relay.connect { _ in sent.add(1, ordering: .relaxed) }
        let key = ObjectKey(namespace: "shop", name: "a")
        func time(_ count: Int) -> Swift.Duration { ContinuousClock().measure { for _ in 0..<count { relay.send(key) } } }
        let first = time(10_000)
        _ = time(80_000)
        let last = time(10_000)
        #expect(last < first * 10 + .milliseconds(100), "\(first), then \(last)")
        #expect(sent.load(ordering: .relaxed) == 100_000)
    }
}
