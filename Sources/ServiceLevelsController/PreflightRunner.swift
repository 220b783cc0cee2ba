import KubeModel
import KubeRuntime
import Logging
import PlimsollAPI
package import PrometheusClient
package import ServiceLevels
import Synchronization
import Values

/// Tries SLOs on their Prometheus: at once where rules wait for it, soon after a new spec, again once a day, and sooner where something is wrong.
/// However many there are, the server is asked at a bounded rate.
final class PreflightRunner: Sendable {
    private struct State: Sendable {
        var queue = PreflightQueue()
        var setup: (value: SLOPreflight.ServerSetup, at: Swift.Duration)?
    }

    /// SLOs that are tried at once; only the first lane does what nobody waits for.
    static let lanes = 4
    /// Between two SLOs of a lane: while rules wait for them, while only a few are due, while many are that nobody has looked at, and while many are to
    /// be looked at again.
    private static let (urgentPause, shortPause, newPause, longPause) = (
        Swift.Duration.milliseconds(100), Swift.Duration.milliseconds(200), Swift.Duration.milliseconds(500), Swift.Duration.seconds(3)
    )
    private static let few = 20
    private static let pauseWhileAway = Swift.Duration.seconds(30)
    private static let setupLifetime = Swift.Duration.seconds(3600)

    private let name: String
    private let client: any PrometheusQuerying
    private let timeline: Timeline
    private let logger: Logger
    private let notify: @Sendable (ObjectKey) -> Void
    private let state = Mutex(State())
    /// One a lane.
    private let news = (0..<lanes).map { _ in Bell() }

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
    /// - Parameter isServed: Prometheus has loaded its rules as they are wanted, so that nothing waits for it.
    func want(_ slo: SLO, _ spec: SLOSpec, _ settings: RuleSettings, isServed: Bool) {
        let entry = PreflightQueue.Entry(slo, spec, SLOPreflight(spec, settings: settings), isServed: isServed, now: timeline.now)
        guard state.withLock({ $0.queue.want(slo.metadata.key, entry) }) else { return }
        for bell in news { bell.ring() }
    }

    func forget(_ key: ObjectKey) { state.withLock { $0.queue.forget(key) } }

    func observation(of slo: SLO) -> SLOObservation.Preflight { state.withLock { $0.queue.preflight(of: slo) } }

    var part: ManagedPart { ManagedPart("preflight on \(name)") { [self] in await run() } }

    func run() async {
        await withDiscardingTaskGroup { group in
            for (lane, bell) in news.enumerated() { group.addTask { [self] in await run(upTo: lane == 0 ? .routine : .new, bell) } }
        }
    }

    private func run(upTo limit: PreflightQueue.Urgency, _ bell: Bell) async {
        while !Task.isCancelled {
            let turn = state.withLock { $0.queue.take(now: timeline.now, upTo: limit) }
            guard let (key, entry, urgency) = turn.next else {
                _ = await timeline.within(min(turn.wait ?? .seconds(60), .seconds(60))) { await bell.wait() }
                continue
            }
            var pause = pause(urgency, isBusy: turn.others >= Self.few)
            do throws(PrometheusError) {
                let findings = try await findings(entry.preflight)
                let news = state.withLock { $0.queue.finished(key, entry, findings, now: timeline.now) }
                for key in news.sorted() { notify(key) }
            } catch {
                let failure = PreflightQueue.Failure(error)
                if state.withLock({ $0.queue.failed(key, entry, failure, now: timeline.now) }) { notify(key) }
                switch failure {
                case .cancelled: return
                case .away: pause = Self.pauseWhileAway
                case .unanswered: break
                }
                logger.debug("an SLO could not be tried", metadata: ["object": "\(key)", "error": "\(error)"])
            }
            try? await timeline.sleep(for: pause)
        }
    }

    private func pause(_ urgency: PreflightQueue.Urgency, isBusy: Bool) -> Swift.Duration {
        switch urgency {
        case .awaited: Self.urgentPause
        case .new: isBusy ? Self.newPause : Self.shortPause
        case .routine: isBusy ? Self.longPause : Self.shortPause
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
    /// What the server can't read, evaluate or evaluate in time is an answer too; anything else means that it can't be asked.
    package static func ask(
        _ question: SLOPreflight.Question, _ client: any PrometheusQuerying
    ) async throws(PrometheusError) -> SLOPreflight.Answer {
        do throws(PrometheusError) {
            return .vector(try await client.vector(question.promql).value)
        } catch {
            if let words = error.queryRefusal { return .refused(words) }
            switch error.kind {
            // What does not parse is refused at once, so that this was read.
            case .queryFailed("execution", let message), .queryFailed("timeout", let message), .timedOut(let message): return .failed(message)
            // An ingress' word for the same.
            case .refused(504, let message): return .failed(message)
            default: throw error
            }
        }
    }
}
