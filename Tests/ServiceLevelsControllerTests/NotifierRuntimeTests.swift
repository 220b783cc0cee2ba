import KubeModel
import KubeRuntime
import Logging
import Notify
import ServiceLevels
import Synchronization
import TestSupport
import Testing
import Values

@testable import ServiceLevelsController

struct NotifierRuntimeTests {
    /// A peer that keeps those who speak to it waiting until it is told to answer.
    private final class Peer: NotificationSending {
        let name = "peer"
        let traits: NotifierTraits
        private let counts = Mutex((now: 0, most: 0, all: 0))
        private let gate = Latch()

        init(concurrency: Int) {
            var traits = NotifierTraits()
            traits.concurrency = concurrency
            self.traits = traits
        }

        var most: Int { counts.withLock { $0.most } }
        var all: Int { counts.withLock { $0.all } }
        func answer() { gate.open() }

        func send(_ messages: [Message]) async throws(NotifyFailure) -> String {
            counts.withLock {
                $0.now += 1
                $0.all += 1
                $0.most = max($0.most, $0.now)
            }
            await gate.wait()
            counts.withLock { $0.now -= 1 }
            return "r"
        }
        func trouble() async -> String? { ailment.withLock(\.self) }
        func shutdown() async {}

        let ailment = Mutex<String?>(nil)
    }

    private static func message(_ slo: ObjectKey) -> Message {
        Message(
            Notification(
                identity: .init(instance: "main", namespace: slo.namespace, slo: slo.name, policy: "warn"), severity: .page, state: .firing,
                service: "s", title: "t", text: "x", startedAt: .epoch))
    }

    @Test func aFileThatCannotBeReadIsToldUntilItCan() async {
        let peer = Peer(concurrency: 1)
        peer.ailment.withLock { $0 = "no such file" }
        let told = Mutex(0)
        let clock = ManualClock()
        let runtime = NotifierRuntime(
            SLONotifierDefinition(sender: peer, allows: { _ in true }), timeline: Timeline(clock), logger: Logger(label: "test"), notify: { _ in },
            onTrouble: { told.withLock { $0 += 1 } })
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await runtime.part.run() }
            #expect(await eventually { told.withLock(\.self) == 1 })
            var observation = SLOObservation()
            SLONotifiers(instance: "main", runtimes: [runtime]).observe(ObjectKey(namespace: "shop", name: "a"), &observation)
            #expect(observation.notifiers.troubles == ["peer": "no such file"])
            peer.ailment.withLock { $0 = nil }
            #expect(
                await eventually {
                    clock.advance(by: .seconds(10))
                    return told.withLock(\.self) == 2
                })
            #expect(runtime.trouble == nil)
            group.cancelAll()
        }
    }

    @Test func aSlowPeerHoldsNobodyUpAndIsAskedSoManyTimesAtOnce() async throws {
        let peer = Peer(concurrency: 3)
        let told = Mutex<Set<ObjectKey>>([])
        let runtime = NotifierRuntime(
            SLONotifierDefinition(sender: peer, allows: { _ in true }), timeline: Timeline(), logger: Logger(label: "test"),
            notify: { key in told.withLock { _ = $0.insert(key) } })
        let keys = (0..<20).map { ObjectKey(namespace: "shop", name: "s\($0)") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await runtime.part.run() }
            // Wanting returns at once, whatever the peer does.
            for key in keys { runtime.want(key, [("warn", Self.message(key), false)]) }
            #expect(await eventually { peer.all == 3 })
            try await Task.sleep(for: .milliseconds(200))
            #expect(peer.all == 3, "the others wait")
            peer.answer()
            #expect(await eventually { told.withLock(\.self) == Set(keys) })
            #expect(peer.all == 20 && peer.most == 3)
            #expect(runtime.results(of: keys[7]).map(\.outcome) == [.delivered(reference: "r")])
            group.cancelAll()
        }
    }
}
