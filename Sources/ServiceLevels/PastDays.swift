package import KubeModel
import PlimsollAPI
package import PrometheusModel
package import Values

/// Events of the days of UTC that are over, by SLO and group: what a rolling window gives back, day by day. One query for all SLOs of an instance.
package struct PastDays: Sendable, Hashable {
    package struct Day: Sendable, Hashable {
        package let date: CivilDate
        package var counts: EventCounts

        package init(_ date: CivilDate, _ counts: EventCounts) {
            self.date = date
            self.counts = counts
        }
    }

    /// How far back; windows longer than that have no forecast by days.
    package static let reach = PromDuration.days(31)

    /// By SLO and group, the oldest first.
    package private(set) var days: [ObjectKey: [[String: String]: [Day]]] = [:]

    package init() {}

    /// PromQL for a range query at midnights: each says what happened on the day before.
    package static func promql(instance: String) -> String {
        let ours = LabelMatcher(LabelNames.instance, .equal, instance).description
        return "sum_over_time(\(SeriesNames.events(over: .hours(1))){\(ours)}[\(RuleSettings.range(.days(1))):1h])"
    }

    /// The midnights to ask for.
    package static func midnights(before now: Instant) -> (first: Instant, last: Instant) {
        let day = PromDuration.days(1).milliseconds * 1000
        let last = Instant(microseconds: now.microseconds / day * day)
        return (last.adding(.days(1) - reach), last)
    }

    /// - Throws: `FleetReading.Nonsense` when the answer is no matrix.
    package init(_ answer: QueryResult, instance: String) throws(FleetReading.Nonsense) {
        guard let series = answer.matrix else {
            throw FleetReading.Nonsense(description: "Prometheus answered the query for past days with no matrix")
        }
        var counts: [ObjectKey: [[String: String]: [CivilDate: EventCounts]]] = [:]
        for one in series {
            guard let key = SeriesIdentity.key(of: one.metric, instance: instance),
                let kind = one.metric[LabelNames.events].flatMap(SeriesNames.Events.init(rawValue:))
            else { continue }
            let labels = FleetReading.groupLabels(one.metric)
            for point in one.points where point.value.isFinite {
                guard let midnight = Instant(secondsSinceEpoch: point.timestamp) else { continue }
                let date = CivilDate(daysSinceEpoch: Int(midnight.wholeSeconds / 86_400) - 1)
                switch kind {
                case .total: counts[key, default: [:]][labels, default: [:]][date, default: EventCounts()].total = point.value
                case .errors: counts[key, default: [:]][labels, default: [:]][date, default: EventCounts()].errors = point.value
                }
            }
        }
        days = counts.mapValues { groups in groups.mapValues { $0.map { Day($0.key, $0.value) }.sorted { $0.date < $1.date } } }
    }
}
