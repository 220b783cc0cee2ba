import KubeModel
import PlimsollAPI
import PrometheusClient
import ServiceLevels

/// Which SLOs are to be tried on their Prometheus, in which order, and what was found of each. A plain value: its owner asks.
struct PreflightQueue: Sendable {
    struct Entry: Sendable {
        let generation: Int64
        let uid: String
        let preflight: SLOPreflight
        /// There is PromQL in the rules that only the server can tell whether it takes.
        let hasPromQL: Bool
        /// Whose text is ours but for the selectors in it.
        let form: LatencyIndicator.HistogramType?
        /// When it is to be tried, for the first time or again.
        var due: Swift.Duration
        var found: [SLOPreflight.Finding]?
        /// Why tries came to nothing since it was last found out.
        var failure: Failure?
        /// Since the last time that nothing was wrong: it is looked at ever more rarely.
        var doubts = 0
        /// Prometheus has loaded its rules as they are wanted.
        var isServed: Bool
        var isUnderWay = false

        init(_ slo: SLO, _ spec: SLOSpec, _ preflight: SLOPreflight, isServed: Bool, now: Swift.Duration) {
            generation = slo.metadata.generation
            uid = slo.metadata.uid
            self.preflight = preflight
            hasPromQL = spec.indicator.hasPromQL
            form = hasPromQL ? spec.indicator.latency?.type : nil
            due = now
            self.isServed = isServed
        }

        fileprivate func isOf(_ other: Entry) -> Bool { generation == other.generation && uid == other.uid && preflight == other.preflight }
    }

    /// Between two looks at an SLO that nothing speaks against, and at first between those at one with a problem or without an answer.
    static let (again, soon) = (Swift.Duration.seconds(24 * 3600), Swift.Duration.seconds(600))
    /// Between two tries while rules wait, at first and at most.
    static let (waiting, waitingMost) = (Swift.Duration.seconds(15), Swift.Duration.seconds(300))

    /// What a try that came to no findings says.
    enum Failure: Equatable, Sendable {
        /// The daemon ends.
        case cancelled
        /// The server is away, or not itself yet: it concerns all alike.
        case away(String)
        /// It could not answer this one.
        case unanswered(String)

        var words: String {
            switch self {
            case .cancelled: ""
            case .away(let words), .unanswered(let words): words
            }
        }

        /// Whether it says what another said: why a server is away is put differently each time, if only by milliseconds.
        func agrees(with other: Failure?) -> Bool {
            if case (.away, .away?) = (self, other) { return true }
            return self == other
        }

        init(_ error: PrometheusError) {
            switch error.kind {
            case .cancelled: self = .cancelled
            case .unreachable: self = .away(error.description)
            case .refused(let status, _) where status == 429 || status >= 500: self = .away(error.description)
            case .refused, .queryFailed, .nonsense, .timedOut, .misconfigured: self = .unanswered(error.description)
            }
        }
    }

    /// In the order in which they are tried.
    enum Urgency: Int, Comparable {
        /// Its rules are not written before.
        case awaited
        /// Nobody has looked at it yet.
        case new
        case routine

        static func < (a: Urgency, b: Urgency) -> Bool { a.rawValue < b.rawValue }
    }

    private var entries: [ObjectKey: Entry] = [:]
    /// Forms of our own text that the server has taken.
    private var taken: Set<LatencyIndicator.HistogramType> = []

    /// - Returns: whether there is something to try that was not before.
    mutating func want(_ key: ObjectKey, _ entry: Entry) -> Bool {
        // A composite's members may change without it.
        if let known = entries[key], known.isOf(entry) {
            entries[key]?.isServed = entry.isServed
            return false
        }
        entries[key] = entry
        return true
    }

    mutating func forget(_ key: ObjectKey) { entries[key] = nil }

    func preflight(of slo: SLO) -> SLOObservation.Preflight {
        guard let entry = entries[slo.metadata.key], entry.generation == slo.metadata.generation else { return .unasked }
        if let found = entry.found { return .found(found) }
        if entry.form.map(taken.contains) ?? false { return .formTaken }
        return entry.failure.map { .unanswered($0.words) } ?? .unasked
    }

    private func urgency(_ entry: Entry) -> Urgency {
        if entry.found != nil || entry.isServed { return .routine }
        return entry.hasPromQL && !(entry.form.map(taken.contains) ?? false) ? .awaited : .new
    }

    struct Turn {
        var next: (key: ObjectKey, entry: Entry, urgency: Urgency)?
        /// Until something is due, where nothing is.
        var wait: Swift.Duration?
        /// How many are due besides.
        var others = 0
    }

    /// The most urgent of those that are due, and of these the one that has been for the longest. It is then under way.
    /// - Parameter limit: nothing less urgent.
    mutating func take(now: Swift.Duration, upTo limit: Urgency = .routine) -> Turn {
        var turn = Turn()
        for (key, entry) in entries where !entry.isUnderWay {
            let urgency = urgency(entry)
            guard urgency <= limit else { continue }
            guard entry.due <= now else {
                turn.wait = min(turn.wait ?? entry.due - now, entry.due - now)
                continue
            }
            turn.others += 1
            guard let best = turn.next else {
                turn.next = (key, entry, urgency)
                continue
            }
            if (urgency, entry.due, key) < (best.urgency, best.entry.due, best.key) { turn.next = (key, entry, urgency) }
        }
        if let next = turn.next {
            entries[next.key]?.isUnderWay = true
            turn.others -= 1
        }
        return turn
    }

    /// It came to nothing.
    /// - Returns: whether that is news for its owner.
    mutating func failed(_ key: ObjectKey, _ asked: Entry, _ failure: Failure, now: Swift.Duration) -> Bool {
        guard var entry = entries[key], entry.isOf(asked) else { return false }
        let isAwaited = urgency(entry) == .awaited
        entry.isUnderWay = false
        if case .unanswered = failure {
            entry.doubts += 1
            let (first, most) = isAwaited ? (Self.waiting, Self.waitingMost) : (Self.soon, Self.again)
            entry.due = now + min(first * (1 << min(entry.doubts - 1, 8)), most)
        }
        let isNews = failure != .cancelled && !failure.agrees(with: entry.failure)
        if isNews { entry.failure = failure }
        entries[key] = entry
        return isAwaited && isNews
    }

    /// What was found of one that was taken.
    /// - Returns: those for whom it is news.
    mutating func finished(_ key: ObjectKey, _ asked: Entry, _ findings: [SLOPreflight.Finding], now: Swift.Duration) -> Set<ObjectKey> {
        var news: Set<ObjectKey> = []
        if let form = asked.form {
            if findings.contains(where: { $0.reason == SLOPreflight.refused }) {
                taken.remove(form)
            } else if taken.insert(form).inserted {
                // Those who waited for their own turn need not.
                news = Set(entries.filter { $0.value.form == form && $0.value.found == nil && !$0.value.isServed }.keys)
            }
        }
        guard var entry = entries[key], entry.isOf(asked) else { return news }
        if entry.found != findings { news.insert(key) }
        entry.isUnderWay = false
        entry.found = findings
        entry.failure = nil
        let isGood = findings.allSatisfy { $0.weight == .warning }
        entry.doubts = isGood ? 0 : entry.doubts + 1
        entry.due = now + (isGood ? Self.again : min(Self.soon * (1 << min(entry.doubts - 1, 8)), Self.again))
        entries[key] = entry
        return news
    }
}
