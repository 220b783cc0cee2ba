package import PlimsollAPI
package import Values

/// What an SLO's counts say about its budget. Shares are of the whole budget; 1 is all of it.
package struct BudgetFigures: Sendable, Hashable {
    package struct Group: Sendable, Hashable {
        package var labels: [String: String]
        /// 1 - consumed; below zero once overspent.
        package var remaining: Double
        /// Over the forecast's window; `nil` without data.
        package var burnRate: Double?
        /// Events of the SLO's window, and of the forecast's.
        package var period = EventCounts()
        package var recent = EventCounts()
        /// What is left if what was measured stands for all that was not, but for chance: of a window of which little is known a single error says little.
        package var certain = 1.0
    }

    /// The worst group first.
    package var groups: [Group]
    /// By window, the greatest of all groups.
    package var burnRates: [PromDuration: Double]
    /// The greatest of all groups; `nil` for a young SLO.
    package var coverage: Double?
    /// When the newest sample was taken.
    package var sampled: Instant

    /// The share of the budget that is left, of the worst group.
    package var remaining: Double { groups.first?.remaining ?? 1 }
    /// What a policy goes by: the least that is certain of any group.
    package var certain: Double { groups.map(\.certain).min() ?? 1 }

    /// With more of a window measured than this its counts are taken as they are.
    private static let fullCoverage = 0.9

    /// When the worst group's budget will be gone at its present burn rate: remaining / burn rate x window from the newest sample on; `nil` when it burns
    /// no faster than it lasts. A rolling window also regains what leaves it, which this simple forecast leaves out: it errs on the early side. It stands
    /// where days are not known; see `BudgetForecast`.
    package func exhaustion(window: PromDuration) -> (at: Instant, in: PromDuration)? {
        let horizons = groups.compactMap { group -> Double? in
            guard let burn = group.burnRate, burn > 1, group.remaining > 0 else { return nil }
            return group.remaining / burn * window.seconds
        }
        guard let seconds = horizons.min(), seconds < window.seconds else { return nil }
        let duration = PromDuration(milliseconds: Int64(seconds * 1000))
        return (sampled.adding(duration), duration)
    }

    /// Derives figures from counts. `nil` when nothing tells about the budget: no total is measured.
    /// - Parameter forecastWindow: the window whose burn rate tells how long the budget lasts: the long one of the tier with the highest rate.
    /// - Parameter mayUseShorter: whether a window shorter than the SLO's may stand in for it, as is right for an SLO younger than the window.
    package init?(_ figures: SLOFigures, spec: SLOSpec, forecastWindow: PromDuration?, mayUseShorter: Bool) {
        let budget = spec.errorBudget.doubleValue
        guard budget > 0, let sampled = figures.sampled else { return nil }
        self.sampled = sampled
        var groups: [Group] = []
        var rates: [PromDuration: Double] = [:]
        let current = figures.groups(by: spec.groupBy)
        for group in current {
            for (window, counts) in group.windows {
                guard let ratio = Self.spent(counts) else { continue }
                rates[window] = max(rates[window] ?? 0, ratio / budget)
            }
            guard let counts = Self.counts(group, mayUseShorter), let ratio = Self.spent(counts) else { continue }
            let isKnown = group.coverage.map { $0 >= Self.fullCoverage } ?? false
            groups.append(
                Group(
                    labels: group.labels, remaining: 1 - ratio / budget,
                    burnRate: forecastWindow.flatMap { group.windows[$0] }.flatMap(Self.spent).map { $0 / budget }, period: group.period,
                    recent: forecastWindow.flatMap { group.windows[$0] } ?? EventCounts(),
                    certain: 1 - (isKnown ? ratio : Self.certain(counts, ratio)) / budget))
        }
        guard !groups.isEmpty else { return nil }
        self.groups = groups.enumerated().sorted { ($0.element.remaining, $0.offset) < ($1.element.remaining, $1.offset) }.map(\.element)
        burnRates = rates
        coverage = current.compactMap(\.coverage).max()
    }

    private static func counts(_ group: GroupFigures, _ mayUseShorter: Bool) -> EventCounts? {
        if spent(group.period) != nil { return group.period }
        guard mayUseShorter, group.period.total == nil else { return nil }
        return group.windows.filter { spent($0.value) != nil }.max { $0.key < $1.key }?.value
    }

    /// The error ratio that is no chance.
    private static func certain(_ counts: EventCounts, _ ratio: Double) -> Double {
        guard let errors = counts.errors, let total = counts.total, errors > 0, total > 0 else { return ratio }
        return max(0, LowTrafficGuard.lowerBound(errors)) / total
    }

    /// The error ratio as far as the budget is concerned: where nothing happened, nothing was spent.
    private static func spent(_ counts: EventCounts) -> Double? {
        counts.total == 0 ? 0 : counts.errorRatio
    }
}
