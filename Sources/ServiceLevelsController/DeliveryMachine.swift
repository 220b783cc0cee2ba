import KubeModel
import KubeRuntime
import Notify
import ServiceLevels
import Values

/// What is to be told through one notifier, what of it is under way, and when what failed is tried again. A plain value: its owner does what it says.
///
/// Of one step of one SLO there is at most one message under way, so that nobody hears of an end before the begin.
struct DeliveryMachine {
    struct Key: Hashable, Comparable {
        var slo: ObjectKey
        var policy: String

        static func < (a: Key, b: Key) -> Bool { (a.slo, a.policy) < (b.slo, b.policy) }
    }

    private struct Entry {
        var message: Message
        /// Nil: nothing is to be done.
        var due: Swift.Duration?
        /// What is under way.
        var sent: Message?
        var failures = 0
        /// Of the message as it is wanted.
        var outcome: NotificationResult.Outcome?
        /// Somebody may know that it holds.
        var mayBeKnown = false
        /// Its object is gone: nobody asks for it again.
        var isOrphan = false
        /// What it was sent with was refused, perhaps not for its sake.
        var isAlone = false

        var isPending: Bool { if case .delivered = outcome { false } else { due != nil || sent != nil } }
    }

    private static let backoff = Backoff(base: .seconds(1), cap: .seconds(300), jitter: .proportional(0.2))
    /// What somebody must mend is looked at so often.
    private static let refusedPause = Swift.Duration.seconds(1800)
    /// In a row, before anybody is told of them.
    private static let toldFailures = 3
    /// In a row, before the end of what is gone is given up.
    private static let orphanFailures = 30

    private let notifier: String
    private let traits: NotifierTraits
    private var entries: [ObjectKey: [String: Entry]] = [:]
    /// How much is still to be told: kept along, as it is asked for at each look at an SLO.
    private(set) var pending = 0
    private var running = 0
    /// No message begins before.
    private var notBefore = Swift.Duration.zero

    init(notifier: String, traits: NotifierTraits) {
        self.notifier = notifier
        self.traits = traits
    }

    // MARK: What is wanted

    /// All that an SLO wants told.
    /// - Parameter wanted: by step of the policy; `isTold`: it was delivered already, before this process began perhaps.
    /// - Returns: whether anything can begin that could not before.
    @discardableResult
    mutating func want(_ slo: ObjectKey, _ wanted: [(policy: String, message: Message, isTold: Bool)], now: Swift.Duration) -> Bool {
        if wanted.isEmpty, entries[slo] == nil { return false }
        var mine = entries[slo] ?? [:]
        let policies = Set(wanted.map(\.policy))
        mine = mine.filter { policies.contains($0.key) || $0.value.isOrphan || $0.value.sent != nil }
        var isNew = false
        for (policy, message, isTold) in wanted {
            let entry = merged(mine[policy], message, isTold, now)
            if entry.due != nil, entry.due != mine[policy]?.due { isNew = true }
            mine[policy] = entry
        }
        put(mine, slo)
        return isNew
    }

    private mutating func put(_ mine: [String: Entry], _ slo: ObjectKey) {
        pending += mine.values.count(where: \.isPending) - (entries[slo]?.values.count(where: \.isPending) ?? 0)
        entries[slo] = mine.isEmpty ? nil : mine
    }

    private func merged(_ old: Entry?, _ message: Message, _ isTold: Bool, _ now: Swift.Duration) -> Entry {
        guard var entry = old else {
            let repeats = traits.repetition != nil
            // An end that is to be told had a begin.
            let mayBeKnown = isTold || message.notification.state == .resolved
            return Entry(
                message: message, due: isTold && !repeats ? nil : now, outcome: isTold ? .delivered(reference: message.reference) : nil,
                mayBeKnown: mayBeKnown)
        }
        entry.isOrphan = false
        var message = message
        if entry.message.notification.startedAt == message.notification.startedAt {
            // What it is called by stays for as long as it lasts, whatever becomes of the spec.
            message.notification.severity = entry.message.notification.severity
            message.notification.labels = entry.message.notification.labels
            // The status may lag behind what the peer said.
            if message.reference.isEmpty { message.reference = entry.message.reference }
        }
        let isSame = entry.message.isSameNews(as: message)
        entry.message = message
        guard !isSame else { return entry }
        entry.outcome = nil
        entry.failures = 0
        entry.isAlone = false
        entry.due = now
        return entry
    }

    /// An SLO is gone: that whatever held has ended is told, as far as this process knows of it.
    mutating func forget(_ slo: ObjectKey, now: Swift.Duration) {
        guard let mine = entries[slo] else { return }
        var kept: [String: Entry] = [:]
        for (policy, var entry) in mine {
            let isResolved = entry.message.notification.state == .resolved
            if isResolved, case .delivered? = entry.outcome { continue }
            guard entry.mayBeKnown || entry.sent != nil else { continue }
            if !isResolved {
                entry.message.notification.state = .resolved
                entry.message.notification.title += " (the SLO is gone)"
                entry.outcome = nil
                entry.failures = 0
                entry.due = now
            }
            entry.isOrphan = true
            kept[policy] = entry
        }
        put(kept, slo)
    }

    /// Ends of what is gone that are still to be told: no status has them.
    var orphans: [PendingEnds.End] {
        entries.flatMap { slo, mine in
            mine.filter(\.value.isOrphan).map { PendingEnds.End(slo: slo, policy: $0.key, message: $0.value.message) }
        }
    }

    /// Takes over what another was still to tell. What is wanted of an SLO of that name by now knows better.
    mutating func adopt(_ orphans: [PendingEnds.End], now: Swift.Duration) {
        for end in orphans where entries[end.slo]?[end.policy] == nil {
            var mine = entries[end.slo] ?? [:]
            mine[end.policy] = Entry(message: end.message, due: now, mayBeKnown: true, isOrphan: true)
            put(mine, end.slo)
        }
    }

    // MARK: What is done

    /// The next messages that may begin now.
    mutating func take(now: Swift.Duration) -> [(key: Key, message: Message)] {
        guard running < traits.concurrency, now >= notBefore else { return [] }
        var ready: [(due: Swift.Duration, key: Key, isAlone: Bool)] = []
        for (slo, mine) in entries {
            for (policy, entry) in mine {
                if entry.sent == nil, let due = entry.due, due <= now { ready.append((due, Key(slo: slo, policy: policy), entry.isAlone)) }
            }
        }
        guard let first = ready.min(by: { ($0.due, $0.key) < ($1.due, $1.key) }) else { return [] }
        var chosen = [first.key]
        if !first.isAlone, traits.batch > 1 {
            chosen = ready.filter { !$0.isAlone }.sorted { ($0.due, $0.key) < ($1.due, $1.key) }.prefix(traits.batch).map(\.key)
        }
        running += 1
        notBefore = now + traits.spacing
        return chosen.compactMap { key in
            guard let message = entries[key.slo]?[key.policy]?.message else { return nil }
            entries[key.slo]?[key.policy]?.sent = message
            entries[key.slo]?[key.policy]?.due = nil
            entries[key.slo]?[key.policy]?.mayBeKnown = true
            return (key, message)
        }
    }

    struct Finished: Equatable {
        /// The SLOs for which it is news.
        var news: Set<ObjectKey> = []
        /// Ends of what is gone that nobody will hear of any more.
        var givenUp: [Key] = []
    }

    /// What was taken has come to an end.
    mutating func finished(
        _ keys: [Key], _ result: Result<String, NotifyFailure>, now: Swift.Duration, using generator: inout some RandomNumberGenerator
    ) -> Finished {
        running -= 1
        if case .failure(let failure) = result, let pause = failure.retryAfter { notBefore = max(notBefore, now + bounded(pause)) }
        var finished = Finished()
        for key in keys {
            var mine = entries[key.slo] ?? [:]
            guard var entry = mine[key.policy], let sent = entry.sent else { continue }
            entry.sent = nil
            guard entry.message.isSameNews(as: sent) else {
                // Something else is wanted by now. What the peer calls the matter is the surest way to end it: a search may not find it yet.
                if case .success(let reference) = result, !reference.isEmpty,
                    entry.message.notification.startedAt == sent.notification.startedAt
                {
                    entry.message.reference = reference
                }
                entry.due = now
                mine[key.policy] = entry
                put(mine, key.slo)
                continue
            }
            let before = entry.outcome
            settle(&entry, result, isBatch: keys.count > 1, now, &generator)
            if entry.outcome != before { finished.news.insert(key.slo) }
            let isTold: Bool = if case .delivered? = entry.outcome { true } else { false }
            let isGivenUp = entry.isOrphan && !isTold && entry.failures >= Self.orphanFailures
            if isGivenUp { finished.givenUp.append(key) }
            mine[key.policy] = isGivenUp || entry.isOrphan && isTold ? nil : entry
            put(mine, key.slo)
        }
        return finished
    }

    private func settle(
        _ entry: inout Entry, _ result: Result<String, NotifyFailure>, isBatch: Bool, _ now: Swift.Duration,
        _ generator: inout some RandomNumberGenerator
    ) {
        switch result {
        case .success(let reference):
            entry.failures = 0
            entry.isAlone = false
            entry.outcome = .delivered(reference: reference)
            // What was wanted meanwhile and no longer is may have made it due.
            entry.due = nil
            if entry.message.notification.state == .firing {
                if !reference.isEmpty { entry.message.reference = reference }
                entry.due = traits.repetition.map { now + $0 }
            }
        case .failure(let failure) where failure.isFinal && isBatch && !failure.concernsAll:
            entry.isAlone = true
            entry.due = now
        case .failure(let failure):
            entry.failures += 1
            if failure.isFinal {
                entry.outcome = .refused(failure.message)
                entry.due = now + bounded(Self.refusedPause)
            } else {
                if entry.failures >= Self.toldFailures { entry.outcome = .failing(failure.message) }
                entry.due = now + bounded(max(Self.backoff.delay(failures: entry.failures, using: &generator), failure.retryAfter ?? .zero))
            }
        }
    }

    /// What is told again and again ends by itself at the peer if that ceases, and people would hear that all is well: no pause is longer than the usual.
    private func bounded(_ pause: Swift.Duration) -> Swift.Duration { traits.repetition.map { min($0, pause) } ?? pause }

    // MARK: What is known

    /// How long nothing can begin, unless something else is wanted; nil: for ever.
    func wait(now: Swift.Duration) -> Swift.Duration? {
        guard running < traits.concurrency else { return nil }
        let due = entries.values.lazy.flatMap(\.values).filter { $0.sent == nil }.compactMap(\.due).min()
        return due.map { max($0, notBefore) - now }.map { max($0, .zero) }
    }

    func results(of slo: ObjectKey) -> [NotificationResult] {
        (entries[slo] ?? [:]).compactMap { policy, entry in
            guard let outcome = entry.outcome, !entry.isOrphan else { return nil }
            let notification = entry.message.notification
            return NotificationResult(
                policy: policy, notifier: notifier, isFiring: notification.state == .firing, since: notification.startedAt, outcome: outcome)
        }
    }
}

extension Message {
    /// Whether both tell of the same begin, or the same end.
    fileprivate func isSameNews(as other: Message) -> Bool {
        notification.state == other.notification.state && notification.startedAt == other.notification.startedAt
    }
}
