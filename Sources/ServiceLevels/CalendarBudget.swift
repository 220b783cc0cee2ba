import PlimsollAPI
import PrometheusModel
import Values

/// Counts of one period of the calendar, as PromQL. Whoever writes them does so anew for each period; once it is over they say nothing.
///
/// The total is what the whole period will have seen, as the budget is a share of that: an hour's outage on the first day of a month has not spent the
/// budget of the month because little else has happened yet. For what is to come the mean of the last seven days stands, a whole round of the week.
struct CalendarBudget {
    let scope: SeriesScope
    let period: CalendarPeriod

    private var length: PromDuration { period.end.since(period.start) }
    private var start: Int64 { period.start.wholeSeconds }
    private var end: Int64 { period.end.wholeSeconds }

    /// Errors and total in one: two rules of one name and without labels of their own are a fault to promtool.
    var events: String { "((\(counted(.errors)))\nor\n(\(counted(.total))\n+ \(expected)))\nand on () vector(time()) < \(end)" }

    private func sinceStart(_ series: String) -> String { "(\(series) and timestamp(\(series)) > \(start))" }

    /// The whole hours, and what came after the last of them. In the first minutes of a period nothing is summed yet, and nothing is spent.
    private func counted(_ kind: SeriesNames.Events) -> String {
        // A subquery's steps lie on whole hours of UTC; those of the period may lie between.
        let shift = (start % 3600 + 3600) % 3600
        let hour = scope.selector(SeriesNames.events(over: .hours(1)), kind).description + (shift == 0 ? "" : " offset -\(shift)s")
        // A mark of this very moment is left to the rest.
        let hours = "sum_over_time(\(sinceStart(hour))[\(length):1h] offset \(shift + 1)s)"
        let newest = FreshSeries.text(scope.selector(SeriesNames.slowEvents, kind), pace: .slow)
        return "(\(hours) or 0 * \(newest))\n+ (\(rest(kind)) or 0 * \(newest) or 0 * \(hours))"
    }

    /// What came after the last whole hour. Of the last hour's samples some are of the hour before, and PromQL's time within a subquery is that of its
    /// step; but with h the number of a sample's hour and H that of now's, the sum of x * (h - (H - 1)) counts the latter alone.
    private func rest(_ kind: SeriesNames.Events) -> String {
        let series = sinceStart(scope.selector(SeriesNames.slowEvents, kind).description)
        let range = "[\(RuleSettings.range(.hours(1))):\(RuleSettings.slowInterval)]"
        let number = "floor((timestamp(\(scope.selector(SeriesNames.slowEvents, kind))) - \(start + 1)) / 3600)"
        let now = "scalar(floor(vector((time() - \(start + 1)) / 3600)))"
        return "(sum_over_time((\(series) * \(number))\(range)) - (\(now) - 1) * sum_over_time(\(series)\(range)))"
    }

    private var expected: String {
        let total = scope.selector(SeriesNames.slowEvents, .total).description
        return "avg_over_time(\(total)[\(RuleSettings.range(.days(7)))]) * (\(end) - time()) / \(PromQL.seconds(RuleSettings.slowInterval))"
    }

    /// The share of the time since the period's start that was measured, at moments evenly spread.
    var coverage: String {
        let fiveMinutes = RuleSettings.slowInterval.milliseconds
        let step = PromDuration(milliseconds: max(1, (length.milliseconds / 1440 + fiveMinutes - 1) / fiveMinutes) * fiveMinutes)
        let total = scope.selector(SeriesNames.slowEvents, .total).description
        // Moments of a subquery lie on whole multiples of its step.
        let passed = start / max(1, step.milliseconds / 1000)
        let moments = "(scalar(floor(vector(time() / \(PromQL.seconds(step))))) - \(passed))"
        return "clamp_max(count_over_time(\(sinceStart(total))[\(length):\(step)]) / \(moments), 1)"
    }
}
