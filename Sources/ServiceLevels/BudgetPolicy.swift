import PlimsollAPI
import Values

/// What an SLO's policy asks for at what is left of its budget.
enum BudgetPolicy {
    /// So much more than the step's share must be left before it lets go: a budget that hovers about it freezes nobody twice a minute.
    private static let slack = 0.01

    /// With so much less of the window measured than when a step held, what is left says nothing about what was known then.
    private static let forgotten = 0.1

    /// What is known of a budget.
    struct Reading: Sendable, Hashable {
        /// The share that is left; nil while unknown, and then what was known holds.
        var remaining: Double?
        /// Whether a step that holds may let go: not after the measurements are gone by which it took hold.
        var mayLetGo = true
    }

    /// - Parameter held: the share of the window that was measured while a step held, as the status keeps it.
    static func reading(_ figures: BudgetFigures?, held: Percentage?) -> Reading {
        guard let figures else { return Reading() }
        let isForgotten = held.map { (figures.coverage ?? 0) < $0.fraction.doubleValue - forgotten } ?? false
        return Reading(remaining: figures.certain, mayLetGo: !isForgotten)
    }

    /// Whether rollouts are held back.
    /// - Parameter wasFrozen: whether they were so far.
    static func isFrozen(_ policy: [SLOPolicyStep], _ reading: Reading, wasFrozen: Bool) -> Bool {
        let edges = policy.filter { $0.actions.contains(.freezeRollouts) }.map(\.remainingBelow)
        guard let edge = edges.max() else { return false }
        return holds(below: edge, reading, was: wasFrozen)
    }

    /// Whether a step holds.
    /// - Parameter was: whether it did so far.
    static func holds(below share: Percentage, _ reading: Reading, was: Bool) -> Bool {
        guard let remaining = reading.remaining else { return was }
        let edge = share.fraction.doubleValue
        if was { return !reading.mayLetGo || remaining < min(edge + slack, 1) }
        // At 0 % the step holds once nothing is left; below zero is no other matter.
        return remaining < edge || remaining <= 0
    }
}
