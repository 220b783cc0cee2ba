package import PlimsollAPI
package import Values

extension RolloutObservation.Budget {
    /// Whether the error budgets that an analysis names let a release begin.
    /// - Parameter slo: the SLO of a name; nil where there is none.
    package init(_ wanted: RolloutErrorBudget?, slo: (String) -> SLO?, now: Instant) {
        self = .allowed
        for reference in wanted?.slos ?? [] {
            guard let wanted else { return }
            guard let slo = slo(reference.name) else {
                if wanted.whenUnknown == .deny { self = .frozen("there is no SLO \(reference.name) whose error budget could allow it") }
                continue
            }
            let answer = ReleaseGate.answer(slo, whenUnknown: wanted.whenUnknown, now: now)
            guard answer.allowed else {
                self = .frozen("SLO \(reference.name): \(answer.message)")
                return
            }
            guard answer.reason == .withinBudget, let left = Percentage(answer.remaining), left < wanted.minimumRemaining else { continue }
            self = .frozen("SLO \(reference.name): \(left) of the error budget is left, less than the \(wanted.minimumRemaining) that are asked for")
            return
        }
    }
}
