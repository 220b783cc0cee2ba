package import Values

/// Metrics measured together, as Argo Rollouts' AnalysisRun does: one that fails ends all.
package struct ClassicRun: Sendable, Hashable {
    package enum Action: Sendable, Hashable {
        case measure(metric: String)
        /// End the measurement under way, such as a Job.
        case cancel(metric: String)
    }

    package let metrics: [ClassicMetric]
    package let semantics: ClassicSemantics
    package let startedAt: Instant
    /// By the metric's name.
    package private(set) var states: [String: ClassicState]
    package private(set) var phase = ClassicPhase.pending
    /// Somebody asked for its end.
    package var isTerminated = false

    package init(_ metrics: [ClassicMetric], semantics: ClassicSemantics, startedAt: Instant) {
        self.metrics = metrics
        self.semantics = semantics
        self.startedAt = startedAt
        states = Dictionary(metrics.map { ($0.name, ClassicState()) }) { first, _ in first }
    }

    /// What is wrong with the metrics as a whole, besides each one's own problems.
    package var problems: [Problem] {
        metrics.isEmpty || metrics.contains { !$0.isDryRun } ? [] : [Problem("metrics", "are all dry runs: the gate could never fail")]
    }

    /// What is to be done now. A metric that has just ended badly ends the others at the next step only, as with Argo.
    package mutating func step(now: Instant) -> [Action] {
        guard !phase.isCompleted || (phase == .error && semantics == .cautious) else { return [] }
        let isTerminating = self.isTerminating
        var actions: [Action] = []
        for metric in metrics {
            guard var state = states[metric.name] else { continue }
            if isTerminating {
                if state.isInFlight {
                    state.record(.inconclusive, message: "ended while under way", at: now)
                    actions.append(.cancel(metric: metric.name))
                }
            } else if let due = state.due(metric, runStart: startedAt, semantics), isPast(due, metric, state, now) {
                state.isInFlight = true
                actions.append(.measure(metric: metric.name))
            }
            state.assess(metric, isTerminating: isTerminating, semantics)
            states[metric.name] = state
        }
        assess()
        return actions
    }

    /// The first measurement comes at its time, later ones after it.
    private func isPast(_ due: Instant, _ metric: ClassicMetric, _ state: ClassicState, _ now: Instant) -> Bool {
        state.finishedAt == nil ? now >= due : now > due
    }

    /// The end of a measurement.
    package mutating func record(_ name: String, _ value: ExpressionValue, at: Instant) {
        guard let metric = metrics.first(where: { $0.name == name }), let state = states[name], state.isInFlight else { return }
        if let (phase, message) = metric.judge(value, semantics) {
            end(metric, phase, message, at)
        } else {
            states[name]?.skip(at: at)
            states[name]?.assess(metric, isTerminating: false, semantics)
            assess()
        }
    }

    /// A measurement that its provider judged or that failed: a query's error, a Job's end.
    package mutating func record(_ name: String, _ phase: ClassicPhase, message: String, at: Instant) {
        guard let metric = metrics.first(where: { $0.name == name }), states[name]?.isInFlight == true else { return }
        end(metric, phase, message, at)
    }

    private mutating func end(_ metric: ClassicMetric, _ phase: ClassicPhase, _ message: String, _ at: Instant) {
        states[metric.name]?.record(phase, message: message, at: at)
        states[metric.name]?.assess(metric, isTerminating: false, semantics)
        assess()
    }

    private var isTerminating: Bool {
        isTerminated
            || metrics.contains { metric in
                guard !metric.isDryRun, let phase = states[metric.name]?.phase else { return false }
                return phase == .failed || phase == .inconclusive || (phase == .error && semantics == .argo)
            }
    }

    /// Argo's `assessRunStatus`: the worst of the metrics that have a say, once all of them are over.
    private mutating func assess() {
        let phases = metrics.filter { !$0.isDryRun }.compactMap { states[$0.name]?.phase }
        guard !phases.isEmpty else {
            let isOver = isTerminated || metrics.allSatisfy { states[$0.name]?.phase.isCompleted ?? true }
            phase = isOver ? (semantics == .argo ? .successful : .inconclusive) : .running
            return
        }
        guard phases.allSatisfy(\.isCompleted) else {
            phase = .running
            return
        }
        phase = phases.reduce(.successful) { $1.isWorse(than: $0) ? $1 : $0 }
    }

    /// When something is to be done next, unless a measurement ends before; nil where nothing is.
    package var due: Instant? {
        metrics.compactMap { states[$0.name]?.due($0, runStart: startedAt, semantics) }.min()
    }

    /// In a rollout. An error holds, where Argo aborts: who can't measure is blind.
    package var verdict: GateVerdict {
        switch phase {
        case .successful: .safe
        case .failed: .bad
        case .inconclusive: .inconclusive(said(.inconclusive))
        case .error: .blind(said(.error))
        case .pending, .running: states.values.contains { $0.phase == .error } ? .blind(said(.error)) : unfinished
        }
    }

    /// What has no count is never over: it is safe as long as all it measured was good.
    private var unfinished: GateVerdict {
        let waiting = metrics.filter { !$0.isDryRun && !(states[$0.name]?.phase.isCompleted ?? true) }
        let isGood = !waiting.isEmpty && waiting.allSatisfy { $0.effectiveCount == nil && (states[$0.name]?.isGoodSoFar ?? false) }
        return isGood ? .safe : .notEnoughEvidence(missing)
    }

    private func said(_ phase: ClassicPhase) -> String {
        metrics.compactMap { metric in
            guard let state = states[metric.name], state.phase == phase, !metric.isDryRun else { return nil }
            return state.message.isEmpty ? metric.name : "\(metric.name): \(state.message)"
        }.joined(separator: "; ")
    }

    private var missing: MissingEvidence {
        let waiting = metrics.filter { !$0.isDryRun && !(states[$0.name]?.phase.isCompleted ?? true) }
        let texts = waiting.map { metric in
            let count = states[metric.name]?.count ?? 0
            return metric.effectiveCount.map { "\($0 - count) more measurements of \(metric.name)" } ?? "\(metric.name) goes on"
        }
        return MissingEvidence(.other(texts.joined(separator: ", ")))
    }
}
