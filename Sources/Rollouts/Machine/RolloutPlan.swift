package import Values

/// What is to be done when a gate calls a release bad.
package enum OnBreach: String, Sendable, Hashable, CaseIterable {
    case rollback = "Rollback"
    case hold = "Hold"
    case alert = "Alert"
}

/// How a release goes: what the machine needs of a RolloutAnalysis's spec.
package struct RolloutPlan: Sendable, Hashable {
    package struct Step: Sendable, Hashable {
        package var name: String
        /// Of the pods, in percent, 1 to 100.
        package var weight: Int
        /// At least so long, counted from when the weight is reached and Ready; then the step ends as soon as every gate is Safe.
        package var soak: PromDuration

        package init(name: String, weight: Int, soak: PromDuration) {
            self.name = name
            self.weight = weight
            self.soak = soak
        }
    }

    package struct Gate: Sendable, Hashable {
        package var name: String
        package var onBreach: OnBreach

        package init(name: String, onBreach: OnBreach = .rollback) {
            self.name = name
            self.onBreach = onBreach
        }
    }

    /// Whether the target rests paused and only this machine lets it roll.
    package var isGuarded: Bool
    /// In the order they are taken; the last one has the weight 100. To observe is one step.
    package var steps: [Step]
    package var gates: [Gate]

    package init(isGuarded: Bool, steps: [Step], gates: [Gate]) {
        self.isGuarded = isGuarded
        self.steps = steps
        self.gates = gates
    }

    /// The workload's own rolling update is judged and not steered.
    package static func observe(soak: PromDuration, gates: [Gate]) -> RolloutPlan {
        RolloutPlan(isGuarded: false, steps: [Step(name: "observe", weight: 100, soak: soak)], gates: gates)
    }
}
