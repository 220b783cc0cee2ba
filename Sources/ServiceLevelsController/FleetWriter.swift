import KubeModel
import KubeRuntime
import Logging
import PlimsollAPI
import ServiceLevels
import Synchronization
import Values

/// Keeps the rules that a source's SLOs share as the SLOs' own rules ask for: those written by this process, and of others, such as one whose spec is
/// invalid by now, what is kept beside their rules.
final class FleetWriter: Sendable {
    private struct State: Sendable {
        /// What this process wrote.
        var written: [ObjectKey: FleetMember] = [:]
        /// What was there at the start and was not taken out since.
        var found: [ObjectKey: String] = [:]
        /// The objects that there are, once that is known.
        var kept: (@Sendable () -> Set<ObjectKey>)?
        var dirty: Set<Int>
        var validUntil: [Int: Instant] = [:]
        /// Why the rules of a place are not as they should be.
        var failures: [Int: String] = [:]
    }

    private let places: [FleetPlace]
    private let settings: RuleSettings
    private let carrier: any FleetCarrier
    private let timeline: Timeline
    private let wallClock: @Sendable () -> Instant
    private let logger: Logger
    private let state: Mutex<State>
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    /// How long to gather changes: one SLO's change makes the rules of its whole place anew.
    private static let gathering = Swift.Duration.milliseconds(500)
    /// Between looks at all places though nothing changed: somebody may have meddled with them.
    private static let check = Swift.Duration.seconds(300)
    /// Between tries of what failed.
    private static let retry = Swift.Duration.seconds(5)

    /// - Parameter places: of one source; none when its SLOs share no rules, and what is left of another layout is taken out.
    init(
        places: [FleetPlace], settings: RuleSettings, carrier: any FleetCarrier, timeline: Timeline, wallClock: @escaping @Sendable () -> Instant,
        logger: Logger
    ) {
        self.places = places
        self.settings = settings
        self.carrier = carrier
        self.timeline = timeline
        self.wallClock = wallClock
        self.logger = logger
        state = Mutex(State(dirty: Set(places.indices)))
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Says that an SLO's own rules are there.
    func wrote(_ member: FleetMember) {
        change(member.key) { state in
            defer { state.written[member.key] = member }
            return state.written[member.key] != member
        }
    }

    /// Says that an SLO's own rules were taken out.
    func removed(_ key: ObjectKey) {
        change(key) { state in
            let isFound = state.found.removeValue(forKey: key) != nil
            return state.written.removeValue(forKey: key) != nil || isFound
        }
    }

    private func change(_ key: ObjectKey, _ apply: (inout State) -> Bool) {
        guard let index = index(of: key) else { return }
        let isNew = state.withLock { state in
            guard apply(&state) else { return false }
            state.dirty.insert(index)
            return true
        }
        if isNew { signal.yield() }
    }

    /// Says which objects there are: what was found of others no longer counts.
    func keep(_ kept: @escaping @Sendable () -> Set<ObjectKey>) {
        state.withLock { state in
            state.kept = kept
            state.dirty = Set(places.indices)
        }
        signal.yield()
    }

    /// Why the shared rules of an SLO are not as they should be; nil when nothing is known.
    func trouble(of key: ObjectKey) -> String? {
        index(of: key).flatMap { index in state.withLock { $0.failures[index] } }
    }

    private func index(of key: ObjectKey) -> Int? {
        guard let first = places.first else { return nil }
        return FleetPlace(of: SeriesIdentity(instance: first.instance, key: key), source: first.source, count: places.count).index
    }

    var part: ManagedPart { ManagedPart("shared rules of \(settings.layout)") { [self] in try await run() } }

    /// Until its task is cancelled.
    private func run() async throws {
        while true {
            do {
                let found = try await carrier.members()
                state.withLock { $0.found = found }
                try await sweep()
                break
            } catch {
                try Task.checkCancellation()
                logger.warning("rules that SLOs shared can't be read; trying again", metadata: ["error": "\(error)"])
                try await timeline.sleep(for: Self.retry)
            }
        }
        var lastCheck = timeline.now
        while true {
            if timeline.now - lastCheck >= Self.check {
                lastCheck = timeline.now
                state.withLock { $0.dirty = Set(places.indices) }
            }
            let now = wallClock()
            let due = state.withLock { state in
                let outdated = state.validUntil.filter { $0.value <= now }.keys
                defer { state.dirty = [] }
                return state.dirty.union(outdated).sorted()
            }
            if !due.isEmpty { await write(due) }
            if state.withLock({ $0.failures.isEmpty }) {
                try await wait()
                try await timeline.sleep(for: Self.gathering)
            } else {
                try await timeline.sleep(for: Self.retry)
            }
        }
    }

    /// Until something changed, or is to be looked at.
    private func wait() async throws {
        guard state.withLock({ $0.dirty.isEmpty }) else { return }
        let (timeline, signals) = (timeline, signals)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in signals { return } }
            group.addTask { try await timeline.sleep(for: Self.retry * 6) }
            try await group.next()
            group.cancelAll()
        }
        try Task.checkCancellation()
    }

    private func write(_ due: [Int]) async {
        let members = members(of: Set(due))
        var isChanged = false
        let present: Set<FleetPart.Name>
        do { present = try await carrier.present() } catch {
            for index in due { failed(index, error) }
            return
        }
        for index in due {
            let shard = FleetShard(places[index], members: members[index] ?? [], settings: settings, now: wallClock())
            do {
                let parts = shard.parts
                for part in parts where try await carrier.write(part) { isChanged = true }
                for name in present where shard.place.has(name) && !parts.contains(where: { $0.name == name }) {
                    try await carrier.remove(name)
                    isChanged = true
                }
                state.withLock { state in
                    state.validUntil[index] = shard.validUntil
                    state.failures[index] = nil
                }
            } catch {
                failed(index, error)
            }
        }
        if isChanged { carrier.changed() }
    }

    private func failed(_ index: Int, _ error: any Error) {
        let isNew = state.withLock { state in
            defer { state.failures[index] = "the rules that it shares with others: \(error)" }
            state.dirty.insert(index)
            return state.failures[index] == nil
        }
        if isNew {
            logger.warning(
                "shared rules can't be written; trying again", metadata: ["place": "\(places[index].name)", "error": "\(error)"])
        }
    }

    /// By place.
    private func members(of due: Set<Int>) -> [Int: [FleetMember]] {
        let (written, found, kept) = state.withLock { ($0.written, $0.found, $0.kept) }
        let known = kept?()
        var members: [Int: [FleetMember]] = [:]
        for (key, member) in written {
            guard let index = index(of: key), due.contains(index) else { continue }
            members[index, default: []].append(member)
        }
        for (key, text) in found where written[key] == nil && known?.contains(key) ?? true {
            guard let index = index(of: key), due.contains(index), let member = FleetMember(text, key: key) else { continue }
            guard member.spec.source == places[index].source else { continue }
            members[index, default: []].append(member)
        }
        return members
    }

    /// Takes out what another number of places, or another layout, left.
    private func sweep() async throws {
        var isChanged = false
        for name in try await carrier.present() where !places.contains(where: { $0.has(name) }) {
            try await carrier.remove(name)
            isChanged = true
        }
        if isChanged { carrier.changed() }
    }
}
