import KubeModel
import KubeRuntime
import Logging
import PlimsollAPI
package import PrometheusClient
package import ServiceLevels
import Synchronization
import Values

/// Tries SLOs on their Prometheus, one after the other: soon after a new spec, again once a day, and sooner where something is wrong. However many
/// there are, the server is asked at a bounded rate.
final class PreflightRunner: Sendable {
    private struct Entry: Sendable {
        var generation: Int64
        var uid: String
        var preflight: SLOPreflight
        var found: [SLOPreflight.Finding]?
        /// When it is to be tried, for the first time or again.
        var due: Swift.Duration
        /// Since the last time that nothing was wrong: it is looked at ever more rarely.
        var doubts = 0
        func isOf(_ other: Entry) -> Bool { generation == other.generation && uid == other.uid && preflight == other.preflight }
        /// Its rules have PromQL that nobody has read yet, and wait.
        let hasPromQL: Bool
        var isAwaited: Bool { hasPromQL && found == nil }
    }
    private struct State: Sendable {
        var entries: [ObjectKey: Entry] = [:]
        var setup: (value: SLOPreflight.ServerSetup, at: Swift.Duration)?
    }

    /// Between two looks at an SLO that nothing speaks against, and at first between those at one with a problem or without an answer.
    static let (again, soon) = (Swift.Duration.seconds(24 * 3600), Swift.Duration.seconds(600))
    /// Between two SLOs while only a few are due, and while many are.
    private static let (shortPause, longPause) = (Swift.Duration.milliseconds(200), Swift.Duration.seconds(3))
    private static let few = 20
    private static let pauseWhileAway = Swift.Duration.seconds(30)
    private static let setupLifetime = Swift.Duration.seconds(3600)

    private let name: String
    private let client: any PrometheusQuerying
    private let timeline: Timeline
    private let logger: Logger
    private let notify: @Sendable (ObjectKey) -> Void
    private let state = Mutex(State())
    private let news = Bell()

    init(
        name: String, client: any PrometheusQuerying, timeline: Timeline, logger: Logger, notify: @escaping @Sendable (ObjectKey) -> Void
    ) {
        self.name = name
        self.client = client
        self.timeline = timeline
        self.logger = logger
        self.notify = notify
    }

    /// Has an SLO tried if its spec is not the one that was.
    func want(_ slo: SLO, _ spec: SLOSpec, _ settings: RuleSettings) {
        let key = slo.metadata.key
        let preflight = SLOPreflight(spec, settings: settings)
        let isNew = state.withLock { state in
            let entry = Entry(
                generation: slo.metadata.generation, uid: slo.metadata.uid, preflight: preflight, due: timeline.now,
                hasPromQL: spec.indicator.hasPromQL)
            // A composite's members may change without it.
            if let known = state.entries[key], known.isOf(entry) { return false }
            state.entries[key] = entry
            return true
        }
        if isNew { news.ring() }
    }

    func forget(_ key: ObjectKey) { state.withLock { $0.entries[key] = nil } }

    func observation(of slo: SLO) -> SLOObservation.Preflight {
        state.withLock { state in
            guard let entry = state.entries[slo.metadata.key], entry.generation == slo.metadata.generation, let found = entry.found else {
                return .unasked
            }
            return .found(found)
        }
    }

    var part: ManagedPart { ManagedPart("preflight on \(name)") { [self] in await run() } }

    func run() async {
        while !Task.isCancelled {
            let (next, wait, others) = next()
            guard let (key, entry) = next else {
                _ = await timeline.within(wait) { [news] in await news.wait() }
                continue
            }
            var pause = others < Self.few || entry.isAwaited ? Self.shortPause : Self.longPause
            do throws(PrometheusError) {
                record(try await findings(entry.preflight), key, entry)
            } catch {
                if error.kind == .cancelled { return }
                logger.debug("an SLO could not be tried", metadata: ["object": "\(key)", "error": "\(error)"])
                // A server that is away concerns all alike; a question that it can't answer only those who ask it.
                if case .unreachable = error.kind { pause = Self.pauseWhileAway } else { record(nil, key, entry) }
            }
            try? await timeline.sleep(for: pause)
        }
    }

    /// - Parameter findings: nil where there was no answer.
    private func record(_ findings: [SLOPreflight.Finding]?, _ key: ObjectKey, _ asked: Entry) {
        let now = timeline.now
        let isNews = state.withLock { state in
            guard var entry = state.entries[key], entry.isOf(asked) else { return false }
            let isNews = findings != nil && entry.found != findings
            entry.found = findings ?? entry.found
            let isGood = findings?.allSatisfy { $0.weight == .warning } ?? false
            entry.doubts = isGood ? 0 : entry.doubts + 1
            entry.due = now + (isGood ? Self.again : min(Self.soon * (1 << min(entry.doubts - 1, 8)), Self.again))
            state.entries[key] = entry
            return isNews
        }
        if isNews { notify(key) }
    }

    /// The one whose rules wait for it, then that which has been due for the longest; or how long until one is; and how many are due besides.
    private func next() -> (next: (key: ObjectKey, entry: Entry)?, wait: Swift.Duration, others: Int) {
        let now = timeline.now
        return state.withLock { state in
            func rank(_ entry: Entry) -> Int { entry.isAwaited && entry.due <= now ? 0 : 1 }
            guard let first = state.entries.min(by: { (rank($0.value), $0.value.due, $0.key) < (rank($1.value), $1.value.due, $1.key) }) else {
                return (nil, .seconds(60), 0)
            }
            guard first.value.due <= now else { return (nil, min(first.value.due - now, .seconds(60)), 0) }
            return ((first.key, first.value), .zero, state.entries.values.count { $0.due <= now } - 1)
        }
    }

    private func findings(_ preflight: SLOPreflight) async throws(PrometheusError) -> [SLOPreflight.Finding] {
        let setup = try await setup()
        var answers: [(question: SLOPreflight.Question, answer: SLOPreflight.Answer)] = []
        for question in preflight.questions { answers.append((question, try await PreflightAnswer.ask(question, client))) }
        return preflight.findings(answers, setup: setup)
    }

    private func setup() async throws(PrometheusError) -> SLOPreflight.ServerSetup {
        let now = timeline.now
        if let known = state.withLock(\.setup), now - known.at < Self.setupLifetime { return known.value }
        let setup = SLOPreflight.ServerSetup(retention: try await client.setup().retention)
        state.withLock { $0.setup = (setup, now) }
        return setup
    }
}

/// One question of preflight, put to a Prometheus.
package enum PreflightAnswer {
    /// What the server can't read or evaluate is an answer too; anything else means that it can't be asked.
    package static func ask(
        _ question: SLOPreflight.Question, _ client: any PrometheusQuerying
    ) async throws(PrometheusError) -> SLOPreflight.Answer {
        do throws(PrometheusError) {
            return .vector(try await client.vector(question.promql).value)
        } catch {
            switch error.kind {
            case .queryFailed("bad_data", let message): return .refused(message)
            case .queryFailed("execution", let message): return .failed(message)
            default: throw error
            }
        }
    }
}
