package import KubeModel
import PlimsollAPI
import ServiceLevels
package import Values

/// The figures of one SLO as the daemon's metrics export them: exact, where the status rounds.
package struct SLOReport: Sendable {
    package struct Group: Sendable {
        /// The values of `groupBy`, joined by "/"; empty for an SLO without groups.
        package var name: String
        /// Errors over total by window; the SLO's own window among them.
        package var errorRatios: [(window: String, ratio: Double)]
        /// Of 1; below zero once overspent. Nil without data over the SLO's window.
        package var remaining: Double?
    }

    package let key: ObjectKey
    package let service: String
    /// Of 1.
    package let objective: Double
    package let groups: [Group]
    /// When the newest sample was taken.
    package let sampled: Instant?

    init(slo: SLO, spec: SLOSpec, figures: SLOFigures) {
        key = slo.metadata.key
        service = spec.service
        objective = spec.objective.fraction.doubleValue
        sampled = figures.sampled
        let budget = spec.errorBudget.doubleValue
        let period = spec.window.name
        groups = figures.groups(by: spec.groupBy).map { group in
            var ratios = group.windows.sorted { $0.key < $1.key }.compactMap { window, counts in counts.errorRatio.map { (window.description, $0) } }
            ratios.removeAll { $0.0 == period }
            // A calendar's total is what the whole period will have seen: no ratio of events.
            if spec.window.calendar == nil, let ratio = group.period.errorRatio { ratios.append((period, ratio)) }
            return Group(
                name: spec.groupBy.map { group.labels[$0] ?? "" }.joined(separator: "/"), errorRatios: ratios.map { (window: $0.0, ratio: $0.1) },
                remaining: group.period.errorRatio.map { 1 - $0 / budget })
        }
    }
}
