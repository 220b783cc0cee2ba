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
    package static let reach = 31

    /// By SLO and all labels of the series but our own, the oldest first.
    private var series: [ObjectKey: [[String: String]: [Day]]] = [:]
    /// The days of which is known what there is to know.
    package private(set) var known: Set<CivilDate> = []

    package init() {}

    /// PromQL for an instant query at a midnight: what happened on the day before.
    package static func promql(instance: String) -> String {
        let ours = LabelMatcher(LabelNames.instance, .equal, instance).description
        return "sum_over_time(\(SeriesNames.slowEvents){\(ours)}[\(RuleSettings.range(.days(1)))])"
    }

    private static func today(_ now: Instant) -> CivilDate { CivilDate(daysSinceEpoch: Int(now.wholeSeconds / 86_400)) }

    /// The days still to ask for, the newest first, each with the midnight that ends it.
    package func missing(_ now: Instant) -> [(date: CivilDate, midnight: Instant)] {
        let today = Self.today(now)
        return (1...Self.reach).map { today.adding(days: -$0) }.filter { !known.contains($0) }
            .map { ($0, Instant(seconds: Int64($0.daysSinceEpoch + 1) * 86_400)) }
    }

    /// Takes the answer for a day, and drops what is out of reach.
    /// - Throws: `FleetReading.Nonsense` when the answer is no vector.
    package mutating func add(_ answer: QueryResult, for date: CivilDate, instance: String, now: Instant) throws(FleetReading.Nonsense) {
        guard let samples = answer.vector else {
            throw FleetReading.Nonsense(description: "Prometheus answered the query for a past day with no vector")
        }
        let oldest = Self.today(now).adding(days: -Self.reach)
        var counts: [ObjectKey: [[String: String]: EventCounts]] = [:]
        for sample in samples where sample.value.isFinite {
            guard let key = SeriesIdentity.key(of: sample.metric, instance: instance),
                let kind = sample.metric[LabelNames.events].flatMap(SeriesNames.Events.init(rawValue:))
            else { continue }
            let labels = FleetReading.groupLabels(sample.metric)
            switch kind {
            case .total: counts[key, default: [:]][labels, default: EventCounts()].total = sample.value
            case .errors: counts[key, default: [:]][labels, default: EventCounts()].errors = sample.value
            }
        }
        for (key, groups) in counts {
            for (labels, counts) in groups { series[key, default: [:]][labels, default: []].append(Day(date, counts)) }
        }
        known.insert(date)
        known = known.filter { $0 >= oldest }
        series = series.mapValues { groups in
            groups.mapValues { days in days.filter { $0.date >= oldest }.sorted { $0.date < $1.date } }.filter { !$0.value.isEmpty }
        }.filter { !$0.value.isEmpty }
    }

    /// An SLO's days by group, as it is grouped now. Of series that become one by that, as a federating server makes them, the first counts.
    package func days(of key: ObjectKey, by groupBy: [String]) -> [[String: String]: [Day]] {
        var days: [[String: String]: [Day]] = [:]
        for (labels, some) in (series[key] ?? [:]).sorted(by: { "\($0.key.sorted { $0.key < $1.key })" < "\($1.key.sorted { $0.key < $1.key })" }) {
            let group = labels.filter { groupBy.contains($0.key) }
            if days[group] == nil { days[group] = some }
        }
        return days
    }

    /// Whether two say the same of an SLO.
    package func agrees(with other: PastDays?, on key: ObjectKey) -> Bool { series[key] == other?.series[key] }
}
