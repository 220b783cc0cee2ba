import PlimsollAPI
import PrometheusModel
import Values

/// Counts of one period of the calendar, as rules. Whoever writes them does so anew for each period; once it is over they say nothing.
///
/// The total is what the whole period will have seen, as the budget is a share of that: an hour's outage on the first day of a month has not spent the
/// budget of the month because little else has happened yet. For what is to come the mean of the last seven days stands, a whole round of the week.
struct CalendarBudget {
    let identity: SeriesIdentity
    let period: CalendarPeriod

    private var length: PromDuration { period.end.since(period.start) }
    private var start: Int64 { period.start.wholeSeconds }
    private var end: Int64 { period.end.wholeSeconds }

    /// Sums of five minutes, and of hours for periods so long that these would cost too much: they then lag by up to an hour.
    private var isLong: Bool { length > .days(35) }
    private var step: PromDuration { isLong ? .hours(1) : RuleSettings.slowInterval }
    private var source: String { isLong ? SeriesNames.events(over: .hours(1)) : SeriesNames.slowEvents }

    var rules: [Rule] { [rule(.errors, since(.errors)), rule(.total, "\(since(.total))\n+ \(expected)"), coverage] }

    private func rule(_ kind: SeriesNames.Events, _ expr: String) -> Rule {
        .recording(record: SeriesNames.periodEvents, expr: "(\(expr))\nand on () vector(time()) < \(end)")
    }

    /// Time within a subquery is that of its step.
    private func sinceStart(_ series: String) -> String { "(\(series) and on () vector(time()) > \(start))[\(length):\(step)]" }

    /// In the first minutes of a period nothing is summed yet, and nothing is spent.
    private func since(_ kind: SeriesNames.Events) -> String {
        let series = identity.selector(source, kind).description
        let newest = FreshSeries.text(identity.selector(SeriesNames.slowEvents, kind), pace: .slow)
        return "(sum_over_time(\(sinceStart(series))) or 0 * \(newest))"
    }

    private var expected: String {
        let total = identity.selector(SeriesNames.slowEvents, .total).description
        return "avg_over_time(\(total)[\(RuleSettings.range(.days(7)))]) * (\(end) - time()) / \(PromQL.seconds(RuleSettings.slowInterval))"
    }

    /// The share of the time since the period's start that was measured, at moments evenly spread.
    private var coverage: Rule {
        let fiveMinutes = RuleSettings.slowInterval.milliseconds
        let step = PromDuration(milliseconds: max(1, (length.milliseconds / 1440 + fiveMinutes - 1) / fiveMinutes) * fiveMinutes)
        let total = identity.selector(SeriesNames.slowEvents, .total).description
        let moments = "((time() - \(start)) / \(PromQL.seconds(step)))"
        return .recording(
            record: SeriesNames.periodCoverage,
            expr: "clamp_max(count_over_time((\(total) and on () vector(time()) > \(start))[\(length):\(step)]) / \(moments), 1)")
    }
}
