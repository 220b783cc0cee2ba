import PlimsollAPI
import PrometheusModel
import Values

/// Alerting rules that many SLOs share. What differs between them, the budget and the labels, they read from `plimsoll:alerting:ratio`.
struct FleetAlerts {
    /// SLOs whose alerts differ in nothing but that.
    struct Class: Hashable {
        let tiers: [AlertTier]
        let window: SLOWindow
        let groupBy: [String]
        let isShadow: Bool
        let isGuarded: Bool
        let failed: String
        private let labelNames: [AlertSeverity: [String]]
        let annotationNames: [AlertSeverity: [String]]

        init(_ spec: SLOSpec) {
            tiers = WindowPlan(spec).tiers
            window = spec.window
            groupBy = spec.groupBy
            isShadow = spec.alerting.shadow
            isGuarded = spec.isGuarded
            failed = spec.failed
            var names: [AlertSeverity: [String]] = [:]
            var annotations: [AlertSeverity: [String]] = [:]
            for severity in Set(tiers.map(\.severity)) {
                names[severity] = Self.carried(spec, severity).keys.sorted()
                annotations[severity] = spec.alerting.routing(severity).annotations.keys.sorted()
            }
            labelNames = names
            annotationNames = annotations
        }

        var severities: [AlertSeverity] { AlertSeverity.allCases.filter { labelNames[$0] != nil } }

        /// The labels that an alert has from its SLO.
        func names(_ severity: AlertSeverity) -> [String] { labelNames[severity] ?? [] }

        func labels(_ spec: SLOSpec, _ severity: AlertSeverity) -> [String: String] { Self.carried(spec, severity) }

        /// Neither those that every alert has by itself, nor those that tell its groups apart.
        private static func carried(_ spec: SLOSpec, _ severity: AlertSeverity) -> [String: String] {
            ["service": spec.service].merging(spec.alerting.routing(severity).labels) { $1 }
                .filter { !["severity", "namespace"].contains($0.key) && !$0.key.hasPrefix("plimsoll_") && !spec.groupBy.contains($0.key) }
        }

        var digest: String {
            let tiers = tiers.map { "\($0.name) \($0.severity) \($0.long) \($0.short) \($0.burnRate.value)" }
            let bears = severities.map { "\(names($0)) \(annotationNames[$0] ?? [])" }
            return Digest.hex(Array("\(tiers) \(window.name) \(groupBy) \(isShadow) \(isGuarded) \(failed) \(bears)".utf8))
        }
    }

    let scope: SeriesScope
    let plan: Class
    /// Of the window.
    let length: PromDuration
    /// Between evaluations of what they read.
    let interval: PromDuration

    var rules: [Rule] { plan.tiers.enumerated().map { rule($0.element, rank: $0.offset + 1) } }

    private static let perSLO = "on (\(LabelNames.namespace), \(LabelNames.slo))"

    private func rule(_ tier: AlertTier, rank: Int) -> Rule {
        let own = [LabelNames.tier: tier.name, LabelNames.rank: String(rank)]
        if plan.isShadow {
            let firing = own.merging(["alertstate": AlertState.firing.rawValue]) { $1 }
            return .recording(record: SeriesNames.shadowAlerts, expr: expression(tier, names: []), labels: firing)
        }
        let names = plan.names(tier.severity)
        var labels = own
        // The SLO's own come with the series.
        if !names.contains("tier"), !plan.groupBy.contains("tier") { labels["tier"] = tier.name }
        labels["severity"] = tier.severity.rawValue
        // With a comment, as Prometheus hands the alerts of a rule on to the next of the same name and labels.
        labels["namespace"] = "{{ $labels.\(LabelNames.namespace) }}\(Self.mark(plan.digest))"
        labels[LabelNames.shard] = ""
        if !plan.groupBy.isEmpty { labels[LabelNames.group] = AlertText.group(plan.groupBy) }
        let text = AlertText(
            subject: AlertText.Subject(shared: scope, severity: tier.severity, groupBy: plan.groupBy), tier: tier, window: plan.window,
            length: length, groupBy: plan.groupBy, failed: plan.failed)
        var annotations: [String: String] = [:]
        for name in plan.annotationNames[tier.severity] ?? [] {
            annotations[name] = AlertText.Subject.fact(scope, tier.severity, "{{ . | first | label \"\(LabelNames.annotation(name))\" }}")
        }
        annotations.merge(text.annotations) { $1 }
        return .alerting(alert: SeriesNames.alert, expr: expression(tier, names: names), labels: labels, annotations: annotations)
    }

    static func mark(_ digest: String) -> String { "{{/* \(digest) */}}" }

    /// As the alert of one SLO has it, but that both sides are divided by the budget. Were the budget there twice, a plain join would fail for all: the
    /// smaller one counts, and one that moves to another group is still seen.
    private func expression(_ tier: AlertTier, names: [String]) -> String {
        let matchers = [
            LabelMatcher(LabelNames.severity, .equal, tier.severity.rawValue), LabelMatcher(LabelNames.alertClass, .equal, plan.digest),
        ]
        let facts = "last_over_time(\(scope.narrowed(matchers).selector(SeriesNames.alerting))[\(RuleSettings.range(interval * 2))])"
        let budget = "bottomk by (\(LabelNames.namespace), \(LabelNames.slo)) (1, \(facts))"
        func burns(_ ratio: String, _ names: [String] = []) -> String {
            "\(ratio)\n/ \(Self.perSLO) group_left (\(names.joined(separator: ", "))) \(budget)\n> \(tier.burnRate.value)"
        }
        let (long, short) = (WindowEvents(scope: scope, window: tier.long), WindowEvents(scope: scope, window: tier.short))
        var conditions = [burns(long.errorRatio, names), burns(short.errorRatio)]
        if plan.isGuarded { conditions.append(burns("(\(LowTrafficGuard.promql(long[.errors])))\(long.over(""))")) }
        return conditions.joined(separator: "\nand ignoring (\(names.joined(separator: ", ")))\n")
    }
}

extension AlertText.Subject {
    /// Whichever SLO the alert is about.
    init(shared scope: SeriesScope, severity: AlertSeverity, groupBy: [String]) {
        name = "{{ $labels.\(LabelNames.namespace) }}/{{ $labels.\(LabelNames.slo) }}"
        about = Self.fact(
            scope, severity,
            "{{ with . | first }}{{ . | label \"\(LabelNames.service)\" }}{{ with . | label \"\(LabelNames.description)\" }}: {{ . }}{{ end }}{{ end }}"
        )
        selection = Self.printed(Self.matchers(scope), by: groupBy, of: [LabelNames.namespace, LabelNames.slo])
        preparation = "{{ $own := \(Self.own(scope)) -}}\n"
        budget = "scalar(max(\(SeriesNames.alerting){\(LabelMatcher(LabelNames.severity, .equal, severity.rawValue)),%[2]s}))"
        arguments = "$slo $own"
    }

    /// What a template makes of the SLO's series of facts; nothing where there is none.
    static func fact(_ scope: SeriesScope, _ severity: AlertSeverity, _ template: String) -> String {
        let format = "\(SeriesNames.alerting){\(LabelMatcher(LabelNames.severity, .equal, severity.rawValue)),%s}"
        return "{{ with printf `\(format)` (\(own(scope))) | query }}\(template){{ end }}"
    }

    private static func own(_ scope: SeriesScope) -> String { printed(matchers(scope), by: [], of: [LabelNames.namespace, LabelNames.slo]) }

    private static func matchers(_ scope: SeriesScope) -> String {
        let instance = scope.matchers.filter { $0.label == LabelNames.instance }.map(\.description)
        return (instance + [LabelNames.namespace, LabelNames.slo].map { "\($0)=%q" }).joined(separator: ",")
    }
}
