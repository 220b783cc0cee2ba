package import KubeModel
package import PlimsollAPI
package import PrometheusModel
package import Values

/// The queries that give the figures of all SLOs of an instance at once. Their number does not depend on the number of SLOs.
package struct FleetQueries: Sendable, Hashable {
    package enum Question: String, Sendable, CaseIterable {
        /// Errors and totals of every window and period.
        case events
        /// How much of the period was measured.
        case coverage
        /// When each SLO's newest base sample was taken.
        case freshness
        case alerts
    }

    package let instance: String

    package init(instance: String) {
        self.instance = instance
    }

    /// PromQL for an instant query.
    ///
    /// Groups of 5 minutes leave moments without a sample within Prometheus's look-back, hence `last_over_time`; what is stale is told by `freshness`.
    package func promql(_ question: Question) -> String {
        let ours = LabelMatcher(LabelNames.instance, .equal, instance).description
        switch question {
        case .events: return "last_over_time({__name__=~\"\(SeriesNames.windowPrefix)(period|[0-9a-z]+)\",\(ours)}[11m])"
        case .coverage: return "last_over_time(\(SeriesNames.periodCoverage){\(ours)}[11m])"
        case .freshness: return "timestamp(\(SeriesNames.events){\(LabelNames.events)=\"\(SeriesNames.Events.total.rawValue)\",\(ours)})"
        case .alerts: return "ALERTS{alertname=\"\(SeriesNames.alert)\",\(ours)} or \(SeriesNames.shadowAlerts){\(ours)}"
        }
    }
}

/// A count of events; parts that Prometheus has no sample of are `nil`, which is not zero.
package struct EventCounts: Sendable, Hashable {
    package var total: Double?
    package var errors: Double?

    package init(total: Double? = nil, errors: Double? = nil) {
        self.total = total
        self.errors = errors
    }

    /// Errors over total; `nil` without data and without traffic.
    package var errorRatio: Double? {
        guard let total, let errors, total > 0 else { return nil }
        return min(max(errors / total, 0), 1)
    }
}

/// The figures of one group of an SLO; an SLO without `groupBy` has one group without labels.
package struct GroupFigures: Sendable, Hashable {
    package var labels: [String: String]
    /// Of the SLO's window.
    package var period = EventCounts()
    package var windows: [PromDuration: EventCounts] = [:]
    /// From 0 to 1; `nil` for a young SLO.
    package var coverage: Double?
    /// When the newest base sample was taken; `nil` when there is none within Prometheus's look-back.
    package var sampled: Instant?

    package init(labels: [String: String] = [:]) {
        self.labels = labels
    }
}

/// The figures of one SLO, as of one round of fleet queries.
package struct SLOFigures: Sendable, Hashable {
    /// Sorted by labels.
    package var groups: [GroupFigures]
    /// Tiers with an active alert, by name.
    package var alerts: [String: AlertState]

    package init(groups: [GroupFigures] = [], alerts: [String: AlertState] = [:]) {
        self.groups = groups
        self.alerts = alerts
    }

    /// The groups as the SLO has them now. Other labels, of an earlier `groupBy` or put on by a federating server, are left out; of groups that become
    /// one by that, the one still measured counts, and what an ungrouped past left is no group.
    package func groups(by groupBy: [String]) -> [GroupFigures] {
        var kept: [[String: String]: GroupFigures] = [:]
        var order: [[String: String]] = []
        for group in groups {
            var group = group
            group.labels = group.labels.filter { groupBy.contains($0.key) }
            if group.labels.isEmpty, !groupBy.isEmpty, group.sampled == nil { continue }
            if let other = kept[group.labels] {
                if (other.sampled ?? Instant(microseconds: .min)) < (group.sampled ?? Instant(microseconds: .min)) { kept[group.labels] = group }
            } else {
                kept[group.labels] = group
                order.append(group.labels)
            }
        }
        let measured = order.filter { kept[$0]?.sampled != nil }
        return order.compactMap { labels in
            // A coarser `groupBy` of the past has its events in the finer groups by now.
            let isPast =
                kept[labels]?.sampled == nil
                && measured.contains { finer in finer.count > labels.count && labels.allSatisfy { finer[$0.key] == $0.value } }
            return isPast ? nil : kept[labels]
        }
    }

    /// When the newest sample was taken; `nil` when no total is being measured.
    package var sampled: Instant? { groups.compactMap(\.sampled).max() }
}

/// One round of fleet queries, by SLO.
package struct FleetReading: Sendable, Hashable {
    package private(set) var figures: [ObjectKey: SLOFigures] = [:]

    package init() {}

    /// An answer that is no vector of ours.
    package struct Nonsense: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// Reads the answers; one that is missing counts as empty.
    /// - Throws: `Nonsense` when an answer has another shape than the question asks for.
    package init(_ answers: [FleetQueries.Question: QueryResult], instance: String) throws(Nonsense) {
        var groups: [ObjectKey: [[String: String]: GroupFigures]] = [:]
        var alerts: [ObjectKey: [String: AlertState]] = [:]
        for question in FleetQueries.Question.allCases {
            guard let answer = answers[question] else { continue }
            guard let samples = answer.vector else {
                throw Nonsense(description: "Prometheus answered the query for \(question.rawValue) with no vector")
            }
            for sample in samples {
                guard let key = SeriesIdentity.key(of: sample.metric, instance: instance) else { continue }
                if question == .alerts {
                    Self.add(alert: sample.metric, to: &alerts[key, default: [:]])
                } else if sample.value.isFinite {
                    let labels = Self.groupLabels(sample.metric)
                    Self.add(sample, question, to: &groups[key, default: [:]][labels, default: GroupFigures(labels: labels)])
                }
            }
        }
        for key in Set(groups.keys).union(alerts.keys) {
            let sorted = (groups[key] ?? [:]).values.sorted { Self.order($0.labels, $1.labels) }
            figures[key] = SLOFigures(groups: sorted, alerts: alerts[key] ?? [:])
        }
    }

    static func groupLabels(_ metric: [String: String]) -> [String: String] {
        metric.filter { label, _ in label != "__name__" && !label.hasPrefix("plimsoll_") }
    }

    private static func order(_ a: [String: String], _ b: [String: String]) -> Bool {
        a.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.lexicographicallyPrecedes(
            b.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
    }

    private static func add(_ sample: VectorSample, _ question: FleetQueries.Question, to group: inout GroupFigures) {
        switch question {
        case .coverage: group.coverage = min(max(sample.value, 0), 1)
        case .freshness: group.sampled = Instant(secondsSinceEpoch: sample.value)
        case .events:
            guard let kind = sample.metric[LabelNames.events].flatMap(SeriesNames.Events.init(rawValue:)), let name = sample.metric["__name__"] else {
                return
            }
            if name == SeriesNames.periodEvents {
                set(sample.value, kind, &group.period)
            } else if name.hasPrefix(SeriesNames.windowPrefix), let window = PromDuration(String(name.dropFirst(SeriesNames.windowPrefix.count))) {
                set(sample.value, kind, &group.windows[window, default: EventCounts()])
            }
        case .alerts: break
        }
    }

    private static func set(_ value: Double, _ kind: SeriesNames.Events, _ counts: inout EventCounts) {
        switch kind {
        case .total: counts.total = value
        case .errors: counts.errors = value
        }
    }

    /// Of several groups' alerts of a tier the worst counts.
    private static func add(alert metric: [String: String], to tiers: inout [String: AlertState]) {
        guard let tier = metric[LabelNames.tier], let state = metric["alertstate"].flatMap(AlertState.init(rawValue:)) else { return }
        if tiers[tier] != .firing { tiers[tier] = state }
    }
}
