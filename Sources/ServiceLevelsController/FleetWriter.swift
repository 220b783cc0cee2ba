import KubeModel
import KubeRuntime
import Logging
import PlimsollAPI
import ServiceLevels
import Synchronization
import Values

/// Keeps the rules that a source's SLOs share as the SLOs' own rules ask for: those written by this process, and of others, such as one whose spec is
/// invalid by now, what is kept beside their rules.
///
/// What another layout, or another number of places, left serves on until nobody needs it: with other places until these are written, and without any
/// for those whose rules are not yet all their own.
final class FleetWriter: Sendable {
    private struct State: Sendable {
        /// What this process wrote.
        var written: [ObjectKey: FleetMember] = [:]
        /// What was there at the start, and was neither written nor taken out since.
        var found: [ObjectKey: String] = [:]
        /// The objects that there are, once that is known.
        var kept: (@Sendable () -> Set<ObjectKey>)?
        var dirty: Set<Int>
        var validUntil: [Int: Instant] = [:]
        /// Why the rules of a place are not as they should be.
        var failures: [Int: String] = [:]
        /// Since when Prometheus was seen to have shared rules that know of an SLO's version.
        var served: [ObjectKey: (digest: String, since: Swift.Duration)] = [:]
        var former: Set<FleetPlace> = []
        var loadedAt: Swift.Duration?
        var isFormerDue = true
    }

    private let places: [FleetPlace]
    private let settings: RuleSettings
    private let carrier: any FleetCarrier
    private let timeline: Timeline
    private let wallClock: @Sendable () -> Instant
    private let logger: Logger
    private let state: Mutex<State>
    private let news = Bell()

    /// How long to gather changes: one SLO's change makes the rules of its whole place anew.
    private static let gathering = Swift.Duration.milliseconds(500)
    /// Between looks at all places though nothing changed: somebody may have meddled with them.
    private static let check = Swift.Duration.seconds(300)
    /// Between tries of what failed.
    private static let retry = Swift.Duration.seconds(5)
    /// Between looks at the clock, for what holds no longer.
    private static let rest = Swift.Duration.seconds(30)

    /// - Parameter places: of one source; none when its SLOs share no rules.
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
    }

    /// Says that an SLO's own rules are there, or about to be.
    func wrote(_ member: FleetMember) {
        change(member.key) { state in
            defer { state.written[member.key] = member }
            if let known = state.written[member.key] { return known != member }
            return state.found.removeValue(forKey: member.key) != member.text
        }
    }

    /// Says that an SLO's own rules were taken out, or are all its own by now.
    func removed(_ key: ObjectKey) {
        change(key) { state in
            state.served[key] = nil
            let isFound = state.found.removeValue(forKey: key) != nil
            if isFound { state.isFormerDue = true }
            return state.written.removeValue(forKey: key) != nil || isFound
        }
    }

    private func change(_ key: ObjectKey, _ apply: (inout State) -> Bool) {
        let isNew = state.withLock { state in
            guard apply(&state) else { return false }
            if let index = index(of: key) { state.dirty.insert(index) }
            return true
        }
        if isNew { news.ring() }
    }

    /// Says which objects there are: what was found of others no longer counts.
    func keep(_ kept: @escaping @Sendable () -> Set<ObjectKey>) {
        state.withLock { state in
            state.kept = kept
            state.dirty = Set(places.indices)
            state.isFormerDue = true
        }
        news.ring()
    }

    /// Says that somebody has changed or deleted a part.
    func touched(_ part: FleetPart.Name) {
        guard let index = places.firstIndex(where: { $0.has(part) }) else { return }
        state.withLock { _ = $0.dirty.insert(index) }
        news.ring()
    }

    /// Says that Prometheus has shared rules that know of a version of an SLO.
    func serves(_ key: ObjectKey, digest: String) {
        let now = timeline.now
        state.withLock { state in
            if state.served[key]?.digest != digest { state.served[key] = (digest, now) }
        }
    }

    /// Whether Prometheus has evaluated the shared rules with this version of an SLO: what they must know of it, and then its alerts.
    func hasServed(_ member: FleetMember) -> Bool {
        let least = Swift.Duration.milliseconds(settings.evaluationInterval.milliseconds * 2)
        return state.withLock { $0.served[member.key].map { $0.digest == member.digest && timeline.now - $0.since >= least } ?? false }
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
        try await load()
        var lastCheck = timeline.now
        while true {
            try Task.checkCancellation()
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
                let isDone = await leaveFormer()
                _ = await timeline.within(isDone ? Self.rest : Self.retry) { [news] in await news.wait() }
                try await timeline.sleep(for: Self.gathering)
            } else {
                try await timeline.sleep(for: Self.retry)
            }
        }
    }

    private func load() async throws {
        var isTold = false
        while true {
            do {
                let former = try await carrier.present().filter { name in !places.contains { $0.has(name) } }.compactMap(FleetPlace.init(of:))
                let found = places.isEmpty && former.isEmpty ? [:] : try await carrier.members()
                return state.withLock { state in
                    state.former = Set(former)
                    state.loadedAt = timeline.now
                    state.found = found.filter { state.written[$0.key] == nil }
                }
            } catch {
                try Task.checkCancellation()
                if !isTold { logger.warning("rules that SLOs share can't be read; trying again", metadata: ["error": "\(error)"]) }
                isTold = true
                try await timeline.sleep(for: Self.retry)
            }
        }
    }

    private func write(_ due: [Int]) async {
        let members = members { [places] key in
            self.index(of: key).flatMap { due.contains($0) ? places[$0] : nil }
        }
        var isChanged = false
        for index in due {
            do {
                let own = members[places[index]] ?? []
                let shard = FleetShard(places[index], members: own, settings: settings, now: wallClock())
                if try await write(shard) { isChanged = true }
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

    private func write(_ shard: FleetShard) async throws -> Bool {
        var isChanged = false
        let parts = shard.parts
        for part in parts where try await carrier.write(part) { isChanged = true }
        for name in try await carrier.present() where shard.place.has(name) && !parts.contains(where: { $0.name == name }) {
            try await carrier.remove(name)
            isChanged = true
        }
        return isChanged
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

    /// By place, those of SLOs for which there is one.
    private func members(_ place: (ObjectKey) -> FleetPlace?) -> [FleetPlace: [FleetMember]] {
        let (written, found, kept) = state.withLock { ($0.written, $0.found, $0.kept) }
        let known = kept?()
        var members: [FleetPlace: [FleetMember]] = [:]
        for (key, member) in written {
            if let place = place(key) { members[place, default: []].append(member) }
        }
        for (key, text) in found where known?.contains(key) ?? true {
            guard let place = place(key) else { continue }
            guard let member = FleetMember(text, key: key) else {
                logger.warning("what is kept beside the rules of an SLO can't be read", metadata: ["object": "\(key)"])
                continue
            }
            if member.spec.source == place.source { members[place, default: []].append(member) }
        }
        return members
    }

    /// Whether Prometheus has evaluated the rules of now for all whom this process knows; those with an invalid spec are in the same places.
    private var areServed: Bool {
        guard !places.isEmpty else { return true }
        let least = Swift.Duration.milliseconds(settings.evaluationInterval.milliseconds * 4)
        let (written, since) = state.withLock { ($0.written, $0.loadedAt) }
        return since.map { timeline.now - $0 >= least } ?? false && written.values.allSatisfy(hasServed)
    }

    /// Takes out what was left by another layout or number of places, as far as nobody needs it.
    /// - Returns: whether that is seen to.
    private func leaveFormer() async -> Bool {
        let (former, isDue) = state.withLock { state in
            defer { state.isFormerDue = false }
            return (state.former, state.isFormerDue)
        }
        guard isDue else { return true }
        if !former.isEmpty, !areServed {
            state.withLock { $0.isFormerDue = true }
            return false
        }
        // With places of now all are in these. Without, each that is found has not yet all rules for its own.
        var members: [FleetPlace: [FleetMember]] = [:]
        if places.isEmpty {
            members = self.members { key in
                former.first { $0.index == FleetPlace(of: SeriesIdentity(instance: $0.instance, key: key), source: $0.source, count: $0.count).index }
            }
        }
        do {
            var isChanged = false
            for place in former {
                let left = members[place] ?? []
                if try await write(FleetShard(place, members: left, settings: settings, now: wallClock())) { isChanged = true }
                if left.isEmpty { state.withLock { _ = $0.former.remove(place) } }
            }
            try await carrier.removeElsewhere()
            if isChanged { carrier.changed() }
            return true
        } catch {
            logger.warning("rules of another layout are left; trying again", metadata: ["error": "\(error)"])
            state.withLock { $0.isFormerDue = true }
            return false
        }
    }
}
