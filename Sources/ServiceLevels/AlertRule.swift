import KubeModel
import PlimsollAPI
import PrometheusModel
import Values

/// One tier of one SLO as an alerting rule: both windows must burn.
struct AlertRule {
    let identity: SeriesIdentity
    let spec: SLOSpec
    /// Of the SLO's window.
    let length: PromDuration
    let tier: AlertTier
    /// 1 for the tier with the highest burn rate.
    let rank: Int

    private var budget: ExactDecimal { spec.errorBudget }

    var rule: Rule {
        if spec.alerting.shadow {
            let tier = [LabelNames.tier: tier.name, LabelNames.rank: String(rank), "alertstate": AlertState.firing.rawValue]
            return .recording(record: SeriesNames.shadowAlerts, expr: expression, labels: identity.labels.merging(tier) { $1 })
        }
        let text = AlertText(
            subject: AlertText.Subject(identity, spec), tier: tier, window: spec.window, length: length, groupBy: spec.groupBy,
            failed: spec.failed)
        let annotations = routing.annotations.mapValues(PromQL.literalInTemplate).merging(text.annotations) { $1 }
        return .alerting(alert: SeriesNames.alert, expr: expression, labels: labels, annotations: annotations)
    }

    /// Its value is the burn rate in the long window. The threshold is a literal: an alert that reads its budget from a series is silent without it.
    private var expression: String {
        let threshold = tier.burnRate.value * budget
        let (long, short) = (WindowEvents(scope: identity.scope, window: tier.long), WindowEvents(scope: identity.scope, window: tier.short))
        var conditions = [
            // Errors over what the budget allows. Nothing when there was no traffic.
            "\(long.errorRatio) / \(budget) > \(tier.burnRate.value)",
            "\(short[.errors]) > ignoring (\(LabelNames.events)) \(threshold) * \(short[.total])",
        ]
        if spec.isGuarded {
            conditions.append("\(LowTrafficGuard.promql(long[.errors])) > ignoring (\(LabelNames.events)) \(threshold) * \(long[.total])")
        }
        return conditions.joined(separator: "\nand\n")
    }

    private var routing: AlertRouting { spec.alerting.routing(tier.severity) }

    /// A user's labels may replace `tier` and `service`, but none can make it another SLO's alert. Nothing replaces a label of `groupBy`: alerts of all
    /// groups would become one, which Prometheus refuses.
    private var labels: [String: String] {
        var labels = ["tier": tier.name, "service": spec.service]
        labels.merge(routing.labels) { $1 }
        for label in spec.groupBy { labels[label] = nil }
        labels = labels.mapValues(PromQL.literalInTemplate)
        labels["severity"] = tier.severity.rawValue
        labels["namespace"] = identity.key.namespace
        labels[LabelNames.tier] = tier.name
        labels[LabelNames.rank] = String(rank)
        // Of no use to people.
        labels[LabelNames.shard] = ""
        if !spec.groupBy.isEmpty { labels[LabelNames.group] = AlertText.group(spec.groupBy) }
        return labels
    }
}

extension SLOSpec {
    /// Time is no events, of which there are few and independent ones: no chance to guard against, and a total outage would stay under the bound.
    var isGuarded: Bool { alerting.lowTraffic == .guarded && !indicator.countsTime }

    /// What alerts call what was bad.
    var failed: String { indicator.composite == nil ? "events failed" : "minutes were bad" }
}

extension SLOAlerting {
    /// What to do about it, where nobody says better.
    static let runbook = "https://plimsoll.dev/runbooks/error-budget-burn"

    func routing(_ severity: AlertSeverity) -> AlertRouting {
        let (own, other) = severity == .page ? (page, ticket) : (ticket, page)
        let name = "runbook_url"
        var routing = own
        routing.annotations[name] = own.annotations[name] ?? other.annotations[name] ?? Self.runbook
        return routing
    }
}

/// Recorded events of a window, as an alert reads them.
struct WindowEvents {
    let scope: SeriesScope
    let window: PromDuration

    subscript(_ kind: SeriesNames.Events) -> String {
        FreshSeries.text(scope.selector(SeriesNames.events(over: window), kind), pace: RuleSettings.pace(of: window))
    }

    /// Nothing when there was no traffic.
    var errorRatio: String { over(self[.errors]) }

    func over(_ errors: String) -> String { "\(errors) / ignoring (\(LabelNames.events)) (\(self[.total]) > 0)" }
}

/// Reading recorded series so that the pace of their group leaves no hole.
enum FreshSeries {
    /// A group of 5 minutes leaves moments without a sample in the 5 minutes that Prometheus looks back.
    static let slowLookback = RuleSettings.slowInterval * 2 + .minutes(1)

    static func text(_ selector: VectorSelector, pace: RuleSettings.Pace) -> String { reading(selector.description, pace) }

    /// The same with `%[1]s` for the matchers, to be filled in by a template's `printf`.
    static func template(_ name: String, _ kind: SeriesNames.Events, pace: RuleSettings.Pace) -> String {
        reading("\(name){\(LabelNames.events)=\"\(kind.rawValue)\",%[1]s}", pace)
    }

    private static func reading(_ series: String, _ pace: RuleSettings.Pace) -> String {
        pace == .slow ? "last_over_time(\(series)[\(slowLookback)])" : series
    }
}
