import KubeModel
import Synchronization
import Testing

@testable import ServiceLevelsController

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
}
