import KubeModel
import PlimsollAPI
import PrometheusModel
import Values

/// One tier as an alerting rule: both windows must burn.
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
        return .alerting(alert: SeriesNames.alert, expr: expression, labels: labels, annotations: annotations)
    }

    /// Its value is the burn rate in the long window. The threshold is a literal: an alert that reads its budget from a series is silent without it.
    private var expression: String {
        let threshold = tier.burnRate.value * budget
        let long = events(tier.long, .errors)
        var conditions = [
            "\(burnRate(tier.long)) > \(tier.burnRate.value)",
            "\(events(tier.short, .errors)) > ignoring (\(LabelNames.events)) \(threshold) * \(events(tier.short, .total))",
        ]
        // Time is no events, of which there are few and independent ones: no chance to guard against, and a total outage would stay under the bound.
        if spec.alerting.lowTraffic == .guarded, !spec.indicator.countsTime {
            conditions.append("\(LowTrafficGuard.promql(long)) > ignoring (\(LabelNames.events)) \(threshold) * \(events(tier.long, .total))")
        }
        return conditions.joined(separator: "\nand\n")
    }

    /// Errors over what the budget allows, in a window. Nothing when there was no traffic.
    private func burnRate(_ window: PromDuration) -> String {
        "\(events(window, .errors)) / ignoring (\(LabelNames.events)) (\(events(window, .total)) > 0) / \(budget)"
    }

    private func events(_ window: PromDuration, _ kind: SeriesNames.Events) -> String {
        FreshSeries.text(identity.selector(SeriesNames.events(over: window), kind), pace: RuleSettings.pace(of: window))
    }

    private var routing: AlertRouting { tier.severity == .page ? spec.alerting.page : spec.alerting.ticket }

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
        if !spec.groupBy.isEmpty {
            labels[LabelNames.group] = spec.groupBy.map { "{{ $labels.\($0) }}" }.joined(separator: "/")
        }
        return labels
    }

    private var annotations: [String: String] {
        var annotations = routing.annotations.mapValues(PromQL.literalInTemplate)
        annotations["summary"] = summary
        annotations["description"] = text
        return annotations
    }

    private var summary: String {
        let groups = spec.groupBy.map { "\($0)=\"{{ $labels.\($0) }}\"" }.joined(separator: ", ")
        return "\(identity.key)\(groups.isEmpty ? "" : " (\(groups))") burns its error budget {{ printf \"%.1f\" $value }} times as fast as it lasts "
            + "(alert above \(tier.burnRate.value))"
    }

    /// What a person needs: how many failed, how much of the budget that is, how much is left, and for how long.
    private var text: String {
        let about = PromQL.literalInTemplate(spec.service) + (spec.description.isEmpty ? "" : ": " + PromQL.literalInTemplate(spec.description))
        func count(_ kind: SeriesNames.Events) -> String {
            let series = FreshSeries.template(SeriesNames.events(over: tier.long), kind, pace: RuleSettings.pace(of: tier.long))
            return "{{ with printf `\(series)` $slo | query }}{{ . | first | value | printf \"%.0f\" }}{{ end }}"
        }
        let errors = FreshSeries.template(SeriesNames.periodEvents, .errors, pace: .slow)
        let total = FreshSeries.template(SeriesNames.periodEvents, .total, pace: .slow)
        let window = spec.window.rolling?.description ?? "this \(spec.window.name)"
        let remaining = "1 - \(errors) / ignoring (\(LabelNames.events)) (\(total) > 0) / \(budget)"
        let (long, whole) = (PromQL.seconds(tier.long), PromQL.seconds(length))
        return """
            {{ $slo := \(selection) -}}
            \(about)
            \(count(.errors)) of \(count(.total)) \(spec.indicator.composite == nil ? "events failed" : "minutes were bad") in the last \(tier.long)\
            {{ with printf `%f * \(long) / \(whole)` $value | query }}, which is {{ . | first | value | humanizePercentage }} of the error budget for \
            \(window){{ end }}.\
            {{ with printf `\(remaining)` $slo | query }} {{ . | first | value | humanizePercentage }} of the budget is left\
            {{ with printf `vector(%f / %f * \(whole)) > 0` (. | first | value) $value | query }}; at this rate it is gone in \
            {{ . | first | value | humanizeDuration }}{{ end }}.{{ end }}
            """
    }

    /// The matchers of this alert's SLO and group, as an expression of the template.
    private var selection: String {
        let matchers = identity.matchers.map(\.description).joined(separator: ",")
        guard !spec.groupBy.isEmpty else { return "`\(matchers)`" }
        let groups = spec.groupBy.map { ",\($0)=%q" }.joined()
        return "printf `\(matchers)\(groups)` " + spec.groupBy.map { "$labels.\($0)" }.joined(separator: " ")
    }
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
