package import KubeModel
package import PlimsollAPI
package import Values

/// What people read when a step of an SLO's policy begins to hold, or ends: how much of the budget is left, how fast it goes, when it is gone, how many
/// events failed. Pure.
package struct PolicyNotice: Sendable, Hashable {
    package struct Fact: Sendable, Hashable {
        package var name: String
        package var value: String
    }

    package var severity: AlertSeverity
    package var title: String
    package var text: String
    package var facts: [Fact]
    /// A URL; the default one where nobody gave one.
    package var runbook: String
    /// Of the alerts of that severity.
    package var labels: [String: String]

    /// - Parameters:
    ///   - record: what it is about.
    ///   - figures: nil while there are none; what the status shows is then all there is.
    package init(_ record: SLONotification, key: ObjectKey, spec: SLOSpec, status: SLOStatus, figures: SLOFigures?, recentWindow: PromDuration?) {
        let step = spec.policy.first { $0.name == record.policy }
        // Once nothing is left somebody has to act now; before that there is time.
        severity = step.map { $0.remainingBelow.percent <= .zero } ?? false ? .page : .ticket
        let routing = spec.alerting.routing(severity)
        labels = routing.labels
        runbook = routing.annotations["runbook_url"] ?? ""
        let left = status.errorBudget?.remaining ?? ""
        let isFiring = record.state.isFiring
        if isFiring {
            title = "\(key): \(left.isEmpty ? "less than \(step?.remainingBelow.text ?? "asked for")" : left) of the error budget is left"
        } else {
            title = "\(key): policy \(record.policy) no longer holds" + (left.isEmpty ? "" : ", \(left) of the error budget is left")
        }
        var sentences = [spec.service + (spec.description.isEmpty ? "." : ": \(spec.description)")]
        let window = spec.window.calendar.map { "the \($0.unit.rawValue.lowercased())" } ?? spec.window.name
        if !left.isEmpty { sentences.append("\(left) of the error budget for \(window) is left.") }
        if isFiring, let step {
            let edge = step.remainingBelow.percent <= .zero ? "nothing is left" : "less than \(step.remainingBelow.text) is left"
            let freeze = step.actions.contains(.freezeRollouts) ? ", and rollouts are held back" : ""
            sentences.append("Policy \(step.name) holds, as \(edge)\(freeze).")
        } else {
            sentences.append("Policy \(record.policy) held since \(record.since.secondsText).")
        }
        facts = [Fact(name: "Objective", value: "\(spec.objective.text) over \(window)")]
        if !left.isEmpty { facts.append(Fact(name: "Budget left", value: left)) }
        let counts = figures.flatMap { BudgetFigures($0, spec: spec, forecastWindow: recentWindow, mayUseShorter: true) }?.groups.first
        if let group = counts {
            let place =
                group.labels.isEmpty ? "" : " of " + group.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
            // Of a calendar's period the total holds what is expected of the rest.
            let events = spec.window.calendar == nil ? group.period : EventCounts(total: nil, errors: group.period.errors)
            if let count = Self.text(events) { sentences.append("\(count) \(spec.failed)\(place) over \(window).") }
            if let recentWindow, let share = Self.share(group, spec) {
                let rate = group.burnRate.map { ", \(RoundedFigure.factor($0, shown: nil)) as fast as it lasts" } ?? ""
                sentences.append("In the last \(recentWindow) \(share) of the budget went\(rate).")
            }
        }
        for rate in status.burnRates.prefix(2) { facts.append(Fact(name: "Burn rate over \(rate.window)", value: rate.rate)) }
        if let at = status.exhaustedAt, isFiring {
            let isGone = status.conditions["BudgetHealthy"]?.reason == "Exhausted"
            sentences.append(isGone ? "It has been gone since \(at.secondsText)." : "At this pace it is gone at \(at.secondsText).")
            facts.append(Fact(name: isGone ? "Gone since" : "Gone at", value: at.secondsText))
        }
        text = sentences.joined(separator: " ")
    }

    /// `412 of 18003`, or `412`; nil where that is unknown.
    private static func text(_ counts: EventCounts) -> String? {
        guard let errors = counts.errors, errors.isFinite, abs(errors) < 1e15 else { return nil }
        guard let total = counts.total else { return "\(Int64(errors.rounded()))" }
        guard total.isFinite, total > 0, total < 1e15 else { return nil }
        return "\(Int64(errors.rounded())) of \(Int64(total.rounded()))"
    }

    /// Of the whole budget.
    private static func share(_ group: BudgetFigures.Group, _ spec: SLOSpec) -> String? {
        guard let errors = group.recent.errors, let total = group.period.total, total > 0, errors > 0 else { return nil }
        return RoundedFigure.percent(errors / (total * spec.errorBudget.doubleValue), shown: nil)
    }
}
