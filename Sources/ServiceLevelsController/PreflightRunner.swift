import DequeModule
import KubeModel
import KubeRuntime
import Logging
import PlimsollAPI
package import PrometheusClient
package import ServiceLevels
import Synchronization
import Values

/// Tries SLOs on their Prometheus, one after the other: soon after a new spec, and again once a day. However many there are, the server is asked at a
/// bounded rate.
final class PreflightRunner: Sendable {
    private struct Entry: Sendable {
        var generation: Int64
        var uid: String
        var preflight: SLOPreflight
        var found: [SLOPreflight.Finding]?
        var askedAt: Swift.Duration?
    }
    private struct State: Sendable {
        var entries: [ObjectKey: Entry] = [:]
        /// Not tried yet, oldest first; keys may be in it that are wanted no more.
        var waiting: Deque<ObjectKey> = []
        var setup: (value: SLOPreflight.ServerSetup, at: Swift.Duration)?
    }

    static let again = Swift.Duration.seconds(24 * 3600)
    /// Between two SLOs while only a few wait, and while many do.
    private static let (shortPause, longPause) = (Swift.Duration.milliseconds(200), Swift.Duration.seconds(3))
    private static let few = 20
    private static let pauseAfterFailure = Swift.Duration.seconds(30)
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
        let isNew = state.withLock { state in
            if let known = state.entries[key], known.generation == slo.metadata.generation, known.uid == slo.metadata.uid { return false }
            state.entries[key] = Entry(
                generation: slo.metadata.generation, uid: slo.metadata.uid, preflight: SLOPreflight(spec, settings: settings))
            state.waiting.append(key)
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
            guard let (key, entry, waiting) = next() else {
                _ = await timeline.within(.seconds(60)) { [news] in await news.wait() }
                continue
            }
            var pause = waiting < Self.few ? Self.shortPause : Self.longPause
            do throws(PrometheusError) {
                let findings = try await findings(entry.preflight)
                record(findings, key, entry)
            } catch {
                if error.kind == .cancelled { return }
                logger.debug("an SLO could not be tried", metadata: ["object": "\(key)", "error": "\(error)"])
                state.withLock { $0.waiting.append(key) }
                pause = Self.pauseAfterFailure
            }
            try? await timeline.sleep(for: pause)
        }
    }

    private func record(_ findings: [SLOPreflight.Finding], _ key: ObjectKey, _ asked: Entry) {
        let now = timeline.now
        let isNews = state.withLock { state in
            guard var entry = state.entries[key], entry.generation == asked.generation, entry.uid == asked.uid else { return false }
            let isNews = entry.found != findings
            (entry.found, entry.askedAt) = (findings, now)
            state.entries[key] = entry
            return isNews
        }
        if isNews { notify(key) }
    }

    /// The next to try: one that waits, else one that was tried a day ago.
    private func next() -> (key: ObjectKey, entry: Entry, waiting: Int)? {
        let now = timeline.now
        return state.withLock { state in
            while let key = state.waiting.popFirst() {
                if let entry = state.entries[key], entry.found == nil || entry.askedAt == nil { return (key, entry, state.waiting.count) }
            }
            let due = state.entries.min { ($0.value.askedAt ?? now) < ($1.value.askedAt ?? now) }
            guard let due, let askedAt = due.value.askedAt, now - askedAt >= Self.again else { return nil }
            return (due.key, due.value, Self.few)
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
            guard case .queryFailed(let type, let message) = error.kind, ["bad_data", "execution"].contains(type) else { throw error }
            return .refused(message)
        }
    }
}
