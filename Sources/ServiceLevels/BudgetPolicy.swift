import PlimsollAPI
import Values

/// What an SLO's policy asks for at what is left of its budget.
enum BudgetPolicy {
    /// So much more than the step's share must be left before it lets go: a budget that hovers about it freezes nobody twice a minute.
    private static let slack = 0.01

    /// Whether rollouts are held back.
    /// - Parameter remaining: the share that is left; nil while unknown, and then what was known holds.
    /// - Parameter wasFrozen: whether they were so far.
    static func isFrozen(_ policy: [SLOPolicyStep], remaining: Double?, wasFrozen: Bool) -> Bool {
        let edges = policy.filter { $0.actions.contains(.freezeRollouts) }.map(\.remainingBelow)
        guard let edge = edges.max() else { return false }
        return holds(below: edge, remaining: remaining, was: wasFrozen)
    }

    /// Whether a step holds.
    /// - Parameter was: whether it did so far.
    static func holds(below share: Percentage, remaining: Double?, was: Bool) -> Bool {
        guard let remaining else { return was }
        let edge = share.fraction.doubleValue
        if was { return remaining < min(edge + slack, 1) }
        // At 0 % the step holds once nothing is left; below zero is no other matter.
        return remaining < edge || remaining <= 0
    }
}
