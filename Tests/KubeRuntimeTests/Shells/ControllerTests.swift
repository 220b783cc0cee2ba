import KubeClient
import KubeModel
import KubeRuntime
import Synchronization
import TestSupport
import Testing
import Values

private struct Broken: Error {}

/// What reconciles saw, and how many ran at once.
private final class Observations: Sendable {
    struct Seen {
        var runs: [String: Int] = [:]
        var order: [String] = []
        var running: Set<String> = []
        var most = 0
        var twice = false
    }
    private let seen = Mutex(Seen())
    var all: Seen { seen.withLock { $0 } }

    func begin(_ key: ObjectKey) -> Int {
        seen.withLock { seen in
            if !seen.running.insert(key.name).inserted { seen.twice = true }
            seen.most = max(seen.most, seen.running.count)
            seen.order.append(key.name)
            seen.runs[key.name, default: 0] += 1
            return seen.runs[key.name] ?? 0
        }
    }
    func end(_ key: ObjectKey) { seen.withLock { _ = $0.running.remove(key.name) } }
}

/// Runs the controller while `body` does its checks, then stops it in order.
private func running(_ controller: Controller, _ body: () async -> Void) async {
    let task = Task { await controller.run() }
    await body()
    controller.stopTaking()
    await task.value
}

struct ControllerTests {
    @Test func neverOneKeyTwiceAtOnceAndNothingLost() async {
        let seen = Observations()
        let controller = Controller(name: "things", workers: 8) { key in
            _ = seen.begin(key)
            try? await Task.sleep(for: .milliseconds(2))
            seen.end(key)
            return .done
        }
        await running(controller) {
            for round in 0..<20 {
                for index in 0..<30 { controller.enqueue(key("k\(index)"), priority: round.isMultiple(of: 3) ? .low : .normal) }
                try? await Task.sleep(for: .milliseconds(1))
            }
            #expect(await eventually { controller.lengths.ready.values.allSatisfy { $0 == 0 } && controller.lengths.processing == 0 })
        }
        #expect(!seen.all.twice)
        #expect(seen.all.runs.count == 30)
        #expect(seen.all.most <= 8)
        // Adds while a key waits or runs collapse.
        #expect(seen.all.runs.values.allSatisfy { $0 <= 21 })
    }

    @Test func outcomesLeadToTheRightTimes() async {
        let clock = ManualClock()
        let seen = Observations()
        let controller = Controller(
            name: "things", workers: 1, backoff: Backoff(base: .seconds(1), cap: .seconds(8), jitter: .none), timeline: Timeline(clock), seed: 1
        ) { key in
            let run = seen.begin(key)
            defer { seen.end(key) }
            guard run == 1 else { return .done }
            return switch key.name {
            case "retry": .retry(Broken())
            case "terminal": .terminal(Broken())
            case "requeue": .requeue(after: .seconds(30))
            case "throttled": .throttled(after: .seconds(5))
            case "conflict": .conflict
            default: .done
            }
        }
        let names = ["done", "retry", "terminal", "requeue", "throttled", "conflict"]
        await running(controller) {
            for name in names { controller.enqueue(key(name)) }
            #expect(await eventually(every: .milliseconds(2)) { seen.all.order.count == 6 && controller.lengths.processing == 0 })
            #expect(controller.lengths.delayed == 4)
            for (advance, name) in [(200, "conflict"), (900, "retry"), (4_000, "throttled"), (25_000, "requeue")] {
                let before = seen.all.order.count
                #expect(
                    await eventually(every: .milliseconds(2)) {
                        clock.sleeperCount > 0
                    })
                clock.advance(by: .milliseconds(advance))
                #expect(await eventually(every: .milliseconds(2)) { seen.all.order.count == before + 1 })
                #expect(seen.all.order.last == name)
            }
            clock.advance(by: .seconds(3_600))
            try? await Task.sleep(for: .milliseconds(20))
            #expect(seen.all.order.count == 10)
        }
    }

    @Test func aReconcileThatTakesTooLongIsCancelledAndTriedAgain() async {
        let seen = Observations()
        let controller = Controller(
            name: "things", workers: 1, timeout: .milliseconds(20), backoff: Backoff(base: .milliseconds(1), cap: .milliseconds(1), jitter: .none)
        ) { key in
            if seen.begin(key) == 1 {
                try? await Task.sleep(for: .seconds(600))
                #expect(Task.isCancelled)
            }
            seen.end(key)
            return .done
        }
        await running(controller) {
            controller.enqueue(key("slow"))
            // A machine that is busy may hold up the second run for too long as well.
            #expect(await eventually { seen.all.runs["slow"] ?? 0 >= 2 })
        }
    }

    @Test func stoppingDropsTheQueueAndFinishesWhatIsUnderWay() async {
        let (begun, goOn) = (Latch(), Latch())
        let seen = Observations()
        let controller = Controller(name: "things", workers: 1) { key in
            _ = seen.begin(key)
            begun.open()
            await goOn.wait()
            seen.end(key)
            return .requeue(after: .zero)
        }
        let task = Task { await controller.run() }
        controller.enqueue(key("a"))
        controller.enqueue(key("b"))
        await begun.wait()
        controller.enqueue(key("a"))
        controller.stopTaking()
        controller.enqueue(key("c"))
        #expect(!seen.all.running.isEmpty)
        goOn.open()
        await controller.waitUntilIdle()
        await task.value
        #expect(seen.all.order == ["a"])
        #expect(seen.all.running.isEmpty)
    }

    @Test func cancellingCancelsWhatIsUnderWay() async {
        let begun = Latch()
        let controller = Controller(name: "things", workers: 2) { _ in
            begun.open()
            do { try await Task.sleep(for: .seconds(600)) } catch { return .retry(error) }
            return .done
        }
        let task = Task { await controller.run() }
        controller.enqueue(key("a"))
        await begun.wait()
        task.cancel()
        await task.value
    }

    @Test func reflectorsFeedItAndTheFirstListComesLast() async {
        let source = ScriptedCollection(
            lists: [.page((0..<5).map { Thing("old\($0)", $0 + 1) }, version: "10")],
            watches: [.init(events: [.event(.added(Thing("new", 11))), .silence])])
        let reflector = Reflector(source: source, store: Store<Thing>())
        let seen = Observations()
        let controller = Controller(name: "things", workers: 1) { key in
            _ = seen.begin(key)
            seen.end(key)
            return .done
        }
        controller.reconciles(reflector)
        let reflecting = Task { await reflector.run() }
        #expect(await eventually(every: .milliseconds(2)) { controller.lengths.ready[.normal] == 1 && controller.lengths.ready[.low] == 5 })
        await running(controller) {
            #expect(await eventually { seen.all.order.count == 6 })
        }
        reflecting.cancel()
        #expect(seen.all.order.first == "new")
    }

    @Test func ownersOfBothStatesAreToldOfAnUpdate() async {
        let source = ScriptedCollection(
            lists: [.page([Thing("child", 1, word: "one")], version: "10")],
            watches: [.init(events: [.event(.modified(Thing("child", 11, word: "two"))), .silence])])
        let reflector = Reflector(source: source, store: Store<Thing>())
        let controller = Controller(name: "things", workers: 1) { _ in .done }
        controller.watches(reflector) { [key($0.word)] }
        let reflecting = Task { await reflector.run() }
        #expect(await eventually(every: .milliseconds(2)) { controller.lengths.ready[.normal] == 2 })
        reflecting.cancel()
    }
}

struct ConsistencyGateTests {
    private let store = Store<Thing>()
    private let owner = ObjectKey(namespace: "shop", name: "owner")

    @Test func holdsUntilTheStoreHasSeenTheWrite() async {
        let gate = ConsistencyGate()
        gate.register(store)
        _ = store.replace(with: [], resourceVersion: "10")
        gate.wroteAt(owner: owner, kind: Thing.resource, resourceVersion: "10")
        #expect(gate.isReady(owner))
        gate.wroteAt(owner: owner, kind: Thing.resource, resourceVersion: "15")
        gate.wroteAt(owner: owner, kind: Thing.resource, resourceVersion: "12")
        #expect(!gate.isReady(owner))
        #expect(gate.isReady(key("another")))
        _ = store.apply(Thing("a", 12))
        #expect(!gate.isReady(owner))
        async let ready = gate.ensureReady(owner)
        // A bookmark counts as well as an event.
        store.advance(to: "15")
        #expect(await ready)
        #expect(gate.isReady(owner))
    }

    @Test func aDeletionIsWaitedForByUID() async {
        let gate = ConsistencyGate()
        gate.register(store)
        _ = store.replace(with: [Thing("a", 1, uid: "one")], resourceVersion: "10")
        gate.deleted(owner: owner, kind: Thing.resource, key: key("a"), uid: "one")
        #expect(!gate.isReady(owner))
        // Another object under the name: the one deleted is gone.
        _ = store.apply(Thing("a", 11, uid: "two"))
        #expect(gate.isReady(owner))
    }

    @Test func afterTheLimitItGoesOnAndForgets() async {
        let clock = ManualClock()
        let gate = ConsistencyGate(timeline: Timeline(clock))
        gate.register(store)
        _ = store.replace(with: [], resourceVersion: "10")
        gate.wroteAt(owner: owner, kind: Thing.resource, resourceVersion: "99")
        async let ready = gate.ensureReady(owner)
        #expect(await eventually(every: .milliseconds(2)) { clock.sleeperCount == 1 })
        clock.advance(by: .seconds(10))
        #expect(await !ready)
        #expect(gate.isReady(owner))
    }

    @Test func kindsWithoutAStoreAreNotWaitedFor() {
        let gate = ConsistencyGate()
        gate.wroteAt(owner: owner, kind: .configMaps, resourceVersion: "99")
        #expect(gate.isReady(owner))
    }

    @Test func theControllerWaitsForIt() async {
        let gate = ConsistencyGate()
        gate.register(store)
        _ = store.replace(with: [], resourceVersion: "10")
        let versions = Mutex<[String]>([])
        let controller = Controller(name: "things", workers: 1, gate: gate) { [store] key in
            versions.withLock { $0.append(store.resourceVersion) }
            gate.wroteAt(owner: key, kind: Thing.resource, resourceVersion: "20")
            return .done
        }
        await running(controller) {
            controller.enqueue(owner)
            #expect(await eventually { versions.withLock { $0.count } == 1 })
            controller.enqueue(owner)
            try? await Task.sleep(for: .milliseconds(30))
            #expect(versions.withLock { $0 } == ["10"])
            store.advance(to: "20")
            #expect(await eventually { versions.withLock { $0 } == ["10", "20"] })
        }
    }
}
