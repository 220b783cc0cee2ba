import PlimsollAPI
import PrometheusModel
import Values

/// Sums of recorded events over windows, of one SLO or of many.
struct WindowRules {
    let scope: SeriesScope
    /// What only those series are counted with of which there is one, of the same SLO: a vector.
    var members: String?

    /// The rules of one pace.
    func windows(_ windows: [PromDuration], _ pace: RuleSettings.Pace) -> [Rule] {
        windows.filter { RuleSettings.pace(of: $0) == pace }.map(window)
    }

    func window(_ window: PromDuration) -> Rule {
        let source = RuleSettings.pace(of: window) == .slow ? SeriesNames.slowEvents : SeriesNames.events
        return .recording(record: SeriesNames.events(over: window), expr: ofMembers(sum(source, window)))
    }

    /// Of which the windows of days are summed; before them in their group.
    var fiveMinutes: Rule { .recording(record: SeriesNames.slowEvents, expr: ofMembers(sum(SeriesNames.events, RuleSettings.slowInterval))) }

    func ofMembers(_ expr: String) -> String {
        members.map { "(\(expr))\nand on (\(LabelNames.namespace), \(LabelNames.slo)) \($0)" } ?? expr
    }

    /// Events of a rolling window of the SLO's.
    func period(_ length: PromDuration) -> String { sum(SeriesNames.slowEvents, length) }

    /// The share of evenly spread moments of the period that have a sum of five minutes. Moments of a subquery lie on whole multiples of its step.
    func coverage(_ length: PromDuration) -> String {
        let fiveMinutes = RuleSettings.slowInterval.milliseconds
        let step = PromDuration(milliseconds: max(1, (length.milliseconds / 1440 + fiveMinutes - 1) / fiveMinutes) * fiveMinutes)
        let moments = max(1, length.milliseconds / step.milliseconds)
        return "count_over_time(\(scope.selector(SeriesNames.slowEvents, .total))[\(RuleSettings.range(length)):\(step)]) / \(moments)"
    }

    /// Sums errors and total at once.
    private func sum(_ source: String, _ window: PromDuration) -> String {
        "sum_over_time(\(scope.selector(source))[\(RuleSettings.range(window))])"
    }
}
