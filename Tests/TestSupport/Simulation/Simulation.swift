import KubeModel
import KubeRuntime
import Values

/// 24 hours of a daemon's life on a virtual clock: objects come, change and go, everything fails that may fail, the daemon is killed now and then.
/// The reflector, the store, the work queue and the consistency gate are the real ones; the server, the network and the reconcile are simulated.
package final class Simulation {
    package struct Report: Sendable, CustomStringConvertible {
        package var seed: UInt64
        package var edits = 0
        package var storms = 0
        package var kills = 0
        package var reconciles = 0
        package var lists = 0
        package var watches = 0
        package var steps = 0
        /// What is not as it must be; empty when all is well.
        package var complaints: [String] = []

        package init(seed: UInt64) { self.seed = seed }

        package var description: String {
            "seed=\(seed) edits=\(edits) storms=\(storms) kills=\(kills) reconciles=\(reconciles) lists=\(lists) watches=\(watches)"
                + " steps=\(steps) \(complaints.isEmpty ? "ok" : "FAILED: \(complaints.prefix(5).joined(separator: "; "))")"
        }
    }

    private static let namespace = "shop"
    private let world: SimulatedWorld
    private var daemon: SimulatedDaemon
    private var report: Report
    private var isOver = false
    private var words = 0

    private init(seed: UInt64) {
        world = SimulatedWorld(seed: seed)
        report = Report(seed: seed)
        daemon = SimulatedDaemon(SimulatedLink(world))
    }

    /// Lives through the time, and gives what came of it. The same seed gives the same.
    package static func run(seed: UInt64, hours: Int = 24) -> Report { Simulation(seed: seed).run(hours) }

    private func run(_ hours: Int) -> Report {
        world.server.onCommit = { [unowned self] change in daemon.followers[change.kind.rawValue].committed(change) }
        edits()
        storms()
        every(.seconds(300)) { [unowned self] in world.server.compact(upTo: world.server.version - (world.dice.chance(0.3) ? 0 : 40)) }
        every(.seconds(7_200)) { [unowned self] in restartServer() }
        every(.seconds(10_800)) { [unowned self] in kill() }
        world.schedule.run(until: .seconds(hours * 3_600))
        isOver = true
        world.weather = .none
        heal()
        // Longer than the longest watch without a bookmark, and the longest backoff behind it.
        world.schedule.run(until: world.schedule.now + .seconds(2_400))
        collect()
        check()
        report.steps = world.schedule.steps
        world.schedule.clear()
        return report
    }

    // MARK: What happens

    private func every(_ mean: Swift.Duration, _ body: @escaping () -> Void) {
        world.schedule.after(world.dice.interval(mean: mean)) { [self] in
            guard !isOver else { return }
            body()
            every(mean, body)
        }
    }

    private func edits() {
        every(.seconds(60)) { [unowned self] in
            for _ in 0..<(world.dice.chance(0.05) ? 15 : 1) { edit() }
        }
    }

    private func edit() {
        report.edits += 1
        words += 1
        let key = ObjectKey(namespace: Self.namespace, name: "p\(Int.random(in: 0..<12, using: &world.dice))")
        let child = ObjectKey(namespace: Self.namespace, name: "child-of-\(key.name)")
        switch Int.random(in: 0..<20, using: &world.dice) {
        case 0..<3: _ = world.server.delete(.parent, key)
        case 3:
            // Gone and back under the same name before anybody can look.
            _ = world.server.delete(.parent, key)
            world.server.edit(key, word: "w\(words)")
        case 4: world.server.meddle(child, word: "meddled")
        case 5: _ = world.server.delete(.child, child)
        case 6: world.server.edit(key, word: SimulatedObject.poison)
        default: world.server.edit(key, word: "w\(words)")
        }
    }

    private func storms() {
        every(.seconds(1_800)) { [unowned self] in
            guard let storm = Weather.storms.randomElement(using: &world.dice) else { return }
            report.storms += 1
            world.weather = storm
            world.schedule.after(world.dice.interval(mean: .seconds(180))) { [self] in if !isOver { world.weather = .fair } }
        }
    }

    private func restartServer() {
        let before = world.weather
        world.weather = Weather(refused: 1)
        for follower in daemon.followers { follower.cut() }
        world.schedule.after(world.dice.span(1_000...60_000)) { [self] in
            guard !isOver else { return }
            world.weather = before
            // A new watch cache begins at its first list.
            if world.dice.chance(0.5) { world.server.compact(upTo: world.server.version) }
        }
    }

    private func kill() {
        collect()
        report.kills += 1
        daemon.die()
        daemon = SimulatedDaemon(SimulatedLink(world))
    }

    private func heal() {
        // In an order of its own, so that a seed gives the same in every process.
        let poisoned = world.server.objects[SimulatedKind.parent.rawValue].filter { $0.value.word == SimulatedObject.poison }
        for key in poisoned.keys.sorted() { world.server.edit(key, word: "healed") }
    }

    // MARK: What came of it

    private func collect() {
        report.complaints += daemon.complaints
        report.reconciles += daemon.reconciles
        report.lists += daemon.counters.reduce(0) { $0 + $1.lists + $1.watchLists }
        report.watches += daemon.counters.reduce(0) { $0 + $1.watches }
    }

    private func check() {
        let parents = world.server.objects[SimulatedKind.parent.rawValue]
        let children = world.server.objects[SimulatedKind.child.rawValue]
        for (kind, real) in zip(SimulatedKind.allCases, [parents, children]) {
            let follower = daemon.followers[kind.rawValue]
            let stored = Dictionary(follower.core.store.snapshot().map { ($0.metadata.key, $0) }) { $1 }
            if stored != real { complain("the store of \(kind) is not the server's: \(Self.difference(stored, real))") }
            if follower.told != stored { complain("handlers were not told all of \(kind): \(Self.difference(follower.told, stored))") }
            if let trouble = follower.core.machine.trouble { complain("\(kind) is in trouble still: \(trouble)") }
            if !follower.core.store.unreadable.isEmpty { complain("\(kind) unreadable still: \(follower.core.store.unreadable.sorted())") }
        }
        for (key, parent) in parents {
            let own = children.values.filter { $0.owner == key.name }
            if own.count != 1 { complain("\(key) has \(own.count) children") }
            if own.first?.word != parent.word || own.first?.ownerUID != parent.metadata.uid { complain("\(key) has another's child") }
            if parent.observedGeneration != "\(parent.metadata.generation)" { complain("\(key) is not reconciled at its last generation") }
        }
        if children.count != parents.count { complain("\(children.count) children of \(parents.count) parents") }
        let lengths = daemon.lengths
        if lengths.processing + lengths.delayed + lengths.ready.values.reduce(0, +) > 0 { complain("the queue is not empty: \(lengths)") }
    }

    private func complain(_ what: String) { report.complaints.append(what) }

    private static func difference(_ left: [ObjectKey: SimulatedObject], _ right: [ObjectKey: SimulatedObject]) -> String {
        Set(left.keys).union(right.keys).sorted().filter { left[$0] != right[$0] }
            .map { "\($0) \(left[$0]?.metadata.resourceVersion ?? "-") for \(right[$0]?.metadata.resourceVersion ?? "-")" }.joined(separator: ", ")
    }
}
