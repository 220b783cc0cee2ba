import Rollouts
import Values

/// A workload and what happens to it: it does what actions say, a little at a time, as a Deployment's controller does.
struct RolloutWorld {
    var plan: RolloutPlan
    /// What is stored. Memory is lost with a kill; this is not.
    var stored = RolloutState().json
    var now = RolloutFixtures.start

    var template = "v1"
    /// Percent of pods that run the template.
    var weight = 100
    /// How far the workload may go by itself.
    var allowed = 100
    var mark: String?
    var quarantined: Set<String> = []
    var obstacle: String?
    var budget = RolloutObservation.Budget.allowed
    var command: RolloutObservation.Command?
    var verdicts: [String: GateVerdict] = [:]
    var isReady = true

    private(set) var rollbacks: [RolloutAction] = []
    /// Whether every gate was Safe when the weight was last raised or the candidate promoted.
    private(set) var unproven: [String] = []

    init(_ plan: RolloutPlan) { self.plan = plan }

    var state: RolloutState { RolloutState(json: stored) ?? RolloutState() }

    var observation: RolloutObservation {
        var observation = RolloutObservation(template: template, weight: weight, isReady: isReady)
        observation.rollbackMark = mark
        observation.quarantined = quarantined
        observation.obstacle = obstacle
        observation.verdicts = verdicts
        observation.budget = budget
        observation.command = command
        return observation
    }

    /// Somebody applies another template. Quarantined ones are refused.
    mutating func apply(_ other: String) {
        if !quarantined.contains(other) { force(other) }
    }

    /// As somebody does whom no admission stops.
    mutating func force(_ other: String) {
        guard other != template else { return }
        template = other
        weight = 0
        allowed = plan.isGuarded && other != state.stable ? 0 : 100
    }

    /// One look of the daemon, which may be killed after so many of its writes: the store first, then an action each.
    mutating func step(writes: Int = .max, seconds: Int64 = 5) {
        let before = state
        let decision = RolloutDecider.decide(plan, prior: before, observation: observation, now: now)
        var left = writes
        func mayWrite() -> Bool {
            left -= 1
            return left >= 0
        }
        if decision.state == before || mayWrite() {
            check(before, decision.state)
            stored = decision.state.json
            for action in decision.actions where mayWrite() { perform(action) }
        }
        live(seconds)
    }

    private mutating func check(_ before: RolloutState, _ after: RolloutState) {
        let isStep = after.phase == .progressing && before.phase == .progressing && after.step > before.step && after.candidate == before.candidate
        let isPromotion = after.phase == .promoted && before.phase != .promoted
        guard isStep || isPromotion, after.promotedBy.isEmpty else { return }
        if plan.gates.contains(where: { $0.onBreach != .alert && verdicts[$0.name] != .safe }) { unproven.append("\(before) -> \(after)") }
    }

    private mutating func perform(_ action: RolloutAction) {
        switch action {
        case .shift(let weight): allowed = max(allowed, weight)
        case .rollBack(let from, let to, let run):
            // Guarded by a test on the template.
            guard template == from else { return }
            rollbacks.append(action)
            template = to
            (weight, allowed, mark) = (0, 100, run)
        case .quarantine(let template): quarantined.insert(template)
        case .liftQuarantine(let template): quarantined.remove(template)
        }
    }

    mutating func live(_ seconds: Int64) {
        now = now.adding(.seconds(seconds))
        if weight < allowed { weight = min(allowed, weight + 34) }
    }
}
