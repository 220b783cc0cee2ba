import KubeModel
import KubeRuntime
import Values

/// Several machines over one simulated Lease: clocks of different rates and settings, pauses, suspended machines, lost and late messages, kills,
/// and meddling with the Lease itself.
package struct ElectionSimulation {
    /// What came of a seed's elections.
    package struct Report: Sendable {
        package var handovers = 0
        /// Of the election with the fewest.
        package var faults = Int.max
        /// What is not as it must be; empty when all is well.
        package var complaints: [String] = []
    }

    private struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    private struct Node {
        var machine: ElectorMachine
        /// Its clock's seconds for one real second.
        let rate: Double
        let wallOffset: Swift.Duration
        /// What it was suspended for: its monotonic clock stood still.
        var suspended = Swift.Duration.zero
        var action: ElectorMachine.Action
        /// Counts its actions, so that a late event finds whether it still matters.
        var turn = 0
        var pausedUntil = Swift.Duration.zero
        var isStopping = false
        var isDead = false
    }

    private enum Event {
        /// A wait or a request's timeout is over.
        case woken(node: Int, turn: Int)
        case answered(node: Int, turn: Int, ElectorMachine.Answer)
        case arrived(node: Int, turn: Int, ElectorMachine.Action, lostOnTheWayBack: Bool, back: Swift.Duration)
        case fault
        case start
    }

    private var generator: SeededGenerator
    private var now = Swift.Duration.zero
    private var events: [(at: Swift.Duration, order: Int, event: Event)] = []
    private var order = 0
    private var nodes: [Node] = []
    private var lease: JSON?
    private var version = 0
    private let settings: LeaseSettings
    private let deletes: Bool
    private var calmUntil: Swift.Duration { deletes ? .seconds(10) : .zero }
    private let faultsEnd = Swift.Duration.seconds(160)
    /// Longer than any duration that was written into the Lease is honoured, by the slowest clock.
    private let end = Swift.Duration.seconds(160 + 740)
    private var handovers = 0
    private var faults = 0
    private var lastLeader: Int?
    private var leadingSince = Swift.Duration.zero

    /// - Parameter deletes: the Lease is deleted now and then, once all have seen it: who never saw a Lease can't know that its holder may not have
    ///   heard of its end.
    private init(seed: UInt64, replicas: Int, deletes: Bool, settings: LeaseSettings) {
        generator = SeededGenerator(seed: seed)
        self.deletes = deletes
        self.settings = settings
        if deletes { lease = stored(Self.ghost) }
        for index in 0..<replicas { schedule(.start, at: .milliseconds(deletes ? 0 : index * 700)) }
        schedule(.fault, at: calmUntil + .seconds(3))
    }

    /// Elections of two, three and four replicas, with an installation's spans and with short ones. The same seed gives the same.
    package static func run(seed: UInt64) -> Report {
        var report = Report()
        for (replicas, deletes) in [(2, false), (3, false), (4, true)] {
            for settings in [settings(15, 10, 2), settings(3, 2, 0.5)] {
                var simulation = ElectionSimulation(seed: seed, replicas: replicas, deletes: deletes, settings: settings)
                do { try simulation.run() } catch {
                    report.complaints.append("seed \(seed), \(replicas) replicas, deletes \(deletes), lease \(settings.leaseDuration): \(error)")
                }
                report.faults = min(report.faults, simulation.faults)
                report.handovers += simulation.handovers
            }
        }
        return report
    }

    private static func settings(_ lease: Int, _ renew: Int, _ retry: Double) -> LeaseSettings {
        LeaseSettings(
            key: ObjectKey(namespace: "ns", name: "plimsoll-main"), identity: "", leaseDuration: .seconds(lease), renewDeadline: .seconds(renew),
            retryPeriod: .seconds(retry))
    }

    /// The Lease of somebody who is no more.
    private static let ghost: JSON = [
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": "plimsoll-main", "namespace": "ns"],
        "spec": [
            "holderIdentity": "ghost", "leaseDurationSeconds": 15, "acquireTime": "2026-01-01T00:00:00.000000Z",
            "renewTime": "2026-01-01T00:00:05.000000Z", "leaseTransitions": 3,
        ],
    ]

    private mutating func run() throws {
        while let index = events.indices.min(by: { (events[$0].at, events[$0].order) < (events[$1].at, events[$1].order) }) {
            let (at, _, event) = events.remove(at: index)
            now = at
            if now > end { break }
            handle(event)
            try check()
        }
        let alive = nodes.contains { !$0.isDead }
        if alive, lastLeader == nil || end - leadingSince < .seconds(20) { throw Violation(description: "nobody leads in the end") }
    }

    // MARK: What must hold

    /// After each event: only an event can make a second leader, while the first one's time runs on.
    private mutating func check() throws {
        let leaders = nodes.indices.filter { !nodes[$0].isDead && nodes[$0].machine.leads(at: clock($0)) }
        if leaders.count > 1 {
            let names = leaders.map { "\(nodes[$0].machine.settings.identity), renewed \(String(describing: nodes[$0].machine.renewed))" }
            throw Violation(description: "at \(now) these lead: \(names.joined(separator: "; "))")
        }
        if let leader = leaders.first, leader != lastLeader {
            handovers += 1
            lastLeader = leader
            leadingSince = now
        } else if leaders.isEmpty, lastLeader != nil {
            lastLeader = nil
        }
    }

    // MARK: Nodes

    private func clock(_ index: Int) -> LeaseTime {
        let node = nodes[index]
        let boot = now * node.rate
        return LeaseTime(monotonic: boot - node.suspended, boot: boot)
    }

    private func wall(_ index: Int) -> Instant { Instant(seconds: 1_800_000_000) + nodes[index].wallOffset + now }

    private mutating func handle(_ event: Event) {
        switch event {
        case .start: start()
        case .fault:
            if now < faultsEnd {
                fault()
                schedule(.fault, in: random(.milliseconds(500), .seconds(12)))
            }
        case .woken(let index, let turn):
            guard isCurrent(index, turn), !postponed(index, event) else { return }
            if case .wait = nodes[index].action {
                proceed(index) { $0.waited(at: $1, wall: $2, using: &$3) }
            } else {
                proceed(index) { $0.answered(.failed("timeout"), at: $1, wall: $2, using: &$3) }
            }
        case .answered(let index, let turn, let answer):
            guard isCurrent(index, turn), !postponed(index, event) else { return }
            proceed(index) { $0.answered(answer, at: $1, wall: $2, using: &$3) }
        case .arrived(let index, let turn, let action, let isLost, let back):
            // The server does its work whoever is still waiting for it.
            let answer = serve(action)
            if !isLost { schedule(.answered(node: index, turn: turn, answer), in: back) }
        }
    }

    private func isCurrent(_ index: Int, _ turn: Int) -> Bool { !nodes[index].isDead && nodes[index].turn == turn }

    private mutating func postponed(_ index: Int, _ event: Event) -> Bool {
        guard nodes[index].pausedUntil > now else { return false }
        schedule(event, at: nodes[index].pausedUntil)
        return true
    }

    private mutating func start() {
        let rate = Double.random(in: 0.87...1.13, using: &generator)
        var settings = settings
        settings.identity = "node-\(nodes.count)"
        var machine = ElectorMachine(settings)
        let action = machine.begin()
        nodes.append(Node(machine: machine, rate: rate, wallOffset: random(.seconds(-100_000), .seconds(100_000)), action: action))
        perform(nodes.count - 1)
    }

    private mutating func proceed(
        _ index: Int, _ step: (inout ElectorMachine, LeaseTime, Instant, inout SeededGenerator) -> ElectorMachine.Action
    ) {
        let (time, wall) = (clock(index), wall(index))
        if nodes[index].isStopping, let next = nodes[index].machine.stop(at: time) {
            nodes[index].action = next
        } else {
            nodes[index].action = step(&nodes[index].machine, time, wall, &generator)
        }
        perform(index)
    }

    private mutating func perform(_ index: Int) {
        nodes[index].turn += 1
        let (turn, action, rate) = (nodes[index].turn, nodes[index].action, nodes[index].rate)
        switch action {
        case .finish: die(index)
        case .wait(let time): schedule(.woken(node: index, turn: turn), in: time / rate)
        case .read(let timeout), .create(_, let timeout), .replace(_, let timeout):
            schedule(.woken(node: index, turn: turn), in: timeout / rate)
            let isCalm = now >= faultsEnd || now < calmUntil
            if !isCalm, chance(0.04) { return }
            let there = isCalm || chance(0.9) ? random(.milliseconds(1), .milliseconds(60)) : random(.milliseconds(60), .seconds(25))
            let back = isCalm || chance(0.95) ? random(.milliseconds(1), .milliseconds(60)) : random(.milliseconds(60), .seconds(25))
            let isLost = !isCalm && chance(0.04)
            schedule(.arrived(node: index, turn: turn, action, lostOnTheWayBack: isLost, back: back), in: there)
        }
    }

    /// The process has ended; its supervisor starts another.
    private mutating func die(_ index: Int) {
        guard !nodes[index].isDead else { return }
        nodes[index].isDead = true
        if !deletes { schedule(.start, in: random(.milliseconds(100), .seconds(8))) }
    }

    // MARK: The server

    private mutating func serve(_ action: ElectorMachine.Action) -> ElectorMachine.Answer {
        switch action {
        case .read: return lease.map { .lease($0) } ?? .absent
        case .create(let body, _):
            guard lease == nil else { return .conflict }
            let new = stored(body)
            lease = new
            return .lease(new)
        case .replace(let body, _):
            guard let current = lease else { return .absent }
            guard body["metadata"]?["resourceVersion"] == current["metadata"]?["resourceVersion"] else { return .conflict }
            let new = stored(body)
            lease = new
            return .lease(new)
        case .wait, .finish: return .failed("no request")
        }
    }

    private mutating func stored(_ body: JSON) -> JSON {
        version += 1
        var body = body
        body["metadata"]?["resourceVersion"] = .string("\(version)")
        return body
    }

    // MARK: Faults

    private mutating func fault() {
        faults += 1
        let alive = nodes.indices.filter { !nodes[$0].isDead }
        // Mostly the leader is hit.
        guard let victim = chance(0.6) ? lastLeader ?? alive.randomElement(using: &generator) : alive.randomElement(using: &generator) else { return }
        switch Int.random(in: 0..<8, using: &generator) {
        case 0, 1: nodes[victim].pausedUntil = now + random(.milliseconds(100), .seconds(60))
        case 2:
            let time = random(.milliseconds(100), .seconds(60))
            nodes[victim].pausedUntil = now + time
            nodes[victim].suspended += time * nodes[victim].rate
        case 3: die(victim)
        case 4: nodes[victim].isStopping = true
        case 5:
            let holder = lease?["spec"]?["holderIdentity"]?.stringValue
            if deletes, alive.allSatisfy({ nodes[$0].machine.holder == holder }) { lease = nil }
        case 6:
            // Somebody blanks the holder, or forges one.
            guard let current = lease else { return }
            var forged = current
            forged["spec"]?["holderIdentity"] = .string(chance(0.5) ? "" : nodes[victim].machine.settings.identity)
            lease = stored(forged)
        default:
            guard let current = lease else { return }
            var touched = current
            touched["spec"]?["leaseDurationSeconds"] = [0, -1, 1, 2_147_483_647, 30].randomElement(using: &generator)
            lease = stored(touched)
        }
    }

    // MARK: Chance

    private mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &generator) < probability }

    private mutating func random(_ least: Swift.Duration, _ most: Swift.Duration) -> Swift.Duration {
        least + (most - least) * Double.random(in: 0..<1, using: &generator)
    }

    private mutating func schedule(_ event: Event, in delay: Swift.Duration) { schedule(event, at: now + delay) }

    private mutating func schedule(_ event: Event, at time: Swift.Duration) {
        order += 1
        events.append((time, order, event))
    }
}
