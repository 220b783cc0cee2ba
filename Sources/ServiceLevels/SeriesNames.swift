package import KubeModel
import PlimsollAPI
package import Values

/// Names of the series that the rules record, the same for every SLO and whatever the base window: an SLO's identity is in labels.
///
/// - `plimsoll:sli:events`: events of one evaluation interval. A sum over time is a count of events, and stays one when the interval changes.
/// - `plimsoll:sli:value`: what slices of time are judged by.
/// - `plimsoll:sli:events_5m`, `_1h`, ...: events of the last 5 minutes, hour, ... that were measured.
/// - `plimsoll:sli:events_5m_slow`: the same once in 5 minutes, of which the windows of days are summed.
/// - `plimsoll:sli:events_period`: events of the SLO's window.
/// - `plimsoll:sli:coverage_period`: the share of the SLO's window for which there are samples.
package enum SeriesNames {
    package static let events = "plimsoll:sli:events"
    package static let value = "plimsoll:sli:value"
    package static let slowEvents = "plimsoll:sli:events_5m_slow"
    package static let periodEvents = "plimsoll:sli:events_period"
    /// 1 while an exclusion lasts, 0 else; only of an SLO that has some.
    package static let excluded = "plimsoll:sli:excluded"
    package static let periodCoverage = "plimsoll:sli:coverage_period"
    package static let errorBudget = "plimsoll:error_budget:ratio"
    package static let objective = "plimsoll:objective:ratio"
    /// Of SLOs whose alerts are shared rules: the error budget, with what the alerts of one severity bear besides as labels.
    static let alerting = "plimsoll:alerting:ratio"
    package static let info = "plimsoll_slo_info"
    package static let alert = "PlimsollErrorBudgetBurn"
    /// What stands for ALERTS while an SLO only shadows: no alert, so that no route of Alertmanager can send it to anybody.
    package static let shadowAlerts = "plimsoll:shadow_alerts"

    static let windowPrefix = "plimsoll:sli:events_"

    package static func events(over window: PromDuration) -> String { windowPrefix + window.description }

    /// What a series of events counts; the label's two values.
    package enum Events: String, Sendable {
        case total
        case errors
    }
}

/// Labels that the rules set.
package enum LabelNames {
    package static let instance = "plimsoll_instance"
    package static let namespace = "plimsoll_namespace"
    package static let slo = "plimsoll_slo"
    /// A number that namespace and name of the SLO come to, by which rules for many SLOs divide them. On series whatever the layout, so that another
    /// layout starts no second history.
    package static let shard = "plimsoll_shard"
    /// `total` or `errors`.
    package static let events = "plimsoll_sli"
    /// Of alerts: the tier's name. (`tier` has it too, unless the SLO is grouped by a label of that name.)
    package static let tier = "plimsoll_tier"
    /// Of alerts: 1 for the tier with the highest burn rate, then 2 and so on. Inhibition goes by it.
    package static let rank = "plimsoll_rank"
    /// Of alerts of a grouped SLO: the group's label values, joined by "/".
    package static let group = "plimsoll_group"
    /// Of the info series: a digest of the SLO's rules.
    package static let rules = "plimsoll_rules"
    // Of what shared rules know of an SLO.
    static let window = "plimsoll_window"
    static let severity = "plimsoll_severity"
    static let alertClass = "plimsoll_alert_class"
    static let service = "plimsoll_service"
    static let description = "plimsoll_description"
    static func annotation(_ name: String) -> String { "plimsoll_annotation_\(name)" }
}

/// An SLO as its series name it: instance, namespace, name. Nothing else, so that editing an SLO never starts a second history.
package struct SeriesIdentity: Sendable, Hashable {
    package let instance: String
    package let key: ObjectKey

    package init(instance: String, key: ObjectKey) {
        self.instance = instance
        self.key = key
    }

    package var labels: [String: String] {
        [
            LabelNames.instance: instance, LabelNames.namespace: key.namespace, LabelNames.slo: key.name,
            LabelNames.shard: String(shard),
        ]
    }

    /// How many values the label has. It is part of every series: never another number.
    static let shards = 64

    /// The label's value.
    package var shard: Int { Int(Digest.hash(Array(key.description.utf8)) % UInt64(Self.shards)) }

    /// The matchers that select this SLO's series.
    var scope: SeriesScope {
        SeriesScope(matchers: [
            LabelMatcher(LabelNames.instance, .equal, instance), LabelMatcher(LabelNames.namespace, .equal, key.namespace),
            LabelMatcher(LabelNames.slo, .equal, key.name),
        ])
    }

    /// A selector of one of this SLO's series.
    func selector(_ name: String, _ events: SeriesNames.Events? = nil) -> VectorSelector { scope.selector(name, events) }

    /// The name of one of this SLO's rule groups.
    package func groupName(_ pace: RuleSettings.Pace) -> String { "\(Self.groupPrefix(instance))\(key.namespace)/\(key.name)/\(pace.rawValue)" }

    /// What the names of all groups of an instance begin with.
    package static func groupPrefix(_ instance: String) -> String { "plimsoll/\(instance)/" }

    /// Reads a group's name back; `nil` when it is none of this instance.
    package static func parse(groupName: String, instance: String) -> (key: ObjectKey, pace: RuleSettings.Pace)? {
        let prefix = groupPrefix(instance)
        guard groupName.hasPrefix(prefix) else { return nil }
        let parts = groupName.dropFirst(prefix.count).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, let pace = RuleSettings.Pace(rawValue: String(parts[2])) else { return nil }
        return (ObjectKey(namespace: String(parts[0]), name: String(parts[1])), pace)
    }

    /// Reads the SLO out of a series' labels; `nil` when they are of another instance, or none of ours.
    package static func key(of labels: [String: String], instance: String) -> ObjectKey? {
        guard labels[LabelNames.instance] == instance, let namespace = labels[LabelNames.namespace], let name = labels[LabelNames.slo] else {
            return nil
        }
        return ObjectKey(namespace: namespace, name: name)
    }
}

/// Whose recorded series a rule is about: one SLO's, or those of a shard of many.
struct SeriesScope: Sendable, Hashable {
    let matchers: [LabelMatcher]

    func selector(_ name: String, _ events: SeriesNames.Events? = nil) -> VectorSelector {
        let kind = events.map { [LabelMatcher(LabelNames.events, .equal, $0.rawValue)] } ?? []
        return VectorSelector(metricName: name, matchers: kind + matchers)
    }

    func narrowed(_ more: [LabelMatcher]) -> SeriesScope { SeriesScope(matchers: matchers + more) }
}
