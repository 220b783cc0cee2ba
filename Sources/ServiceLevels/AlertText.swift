import KubeModel
import PlimsollAPI
import PrometheusModel
import Values

/// What an alert says to whoever is told, as Prometheus's templates.
struct AlertText {
    /// Whom it is about, in the alert of one SLO or in one that many SLOs share.
    struct Subject {
        /// `namespace/name`.
        let name: String
        /// Its service and what is promised.
        let about: String
        /// What gives the matchers of the SLO, and those of its group if it has some.
        let selection: String
        /// Sets what `budget` needs besides.
        let preparation: String
        /// PromQL of the error budget, in which `%[1]s` is the selection and what follows are `arguments`.
        let budget: String
        let arguments: String
    }

    let subject: Subject
    let tier: AlertTier
    let window: SLOWindow
    /// Of the SLO's window.
    let length: PromDuration
    let groupBy: [String]
    /// `events failed`.
    let failed: String

    var annotations: [String: String] { ["summary": summary, "description": description] }

    /// A group's values in a label of its own.
    static func group(_ groupBy: [String]) -> String { groupBy.map { "{{ $labels.\($0) }}" }.joined(separator: "/") }

    private var summary: String {
        let groups = groupBy.map { "\($0)=\"{{ $labels.\($0) }}\"" }.joined(separator: ", ")
        return "\(subject.name)\(groups.isEmpty ? "" : " (\(groups))") burns its error budget {{ printf \"%.1f\" $value }} times as fast as it lasts "
            + "(alert above \(tier.burnRate.value))"
    }

    /// What a person needs: how many failed, how much of the budget that is, how much is left, and for how long.
    private var description: String {
        func count(_ kind: SeriesNames.Events) -> String {
            let series = FreshSeries.template(SeriesNames.events(over: tier.long), kind, pace: RuleSettings.pace(of: tier.long))
            return "{{ with printf `\(series)` $slo | query }}{{ . | first | value | printf \"%.0f\" }}{{ end }}"
        }
        let errors = FreshSeries.template(SeriesNames.periodEvents, .errors, pace: .slow)
        let total = FreshSeries.template(SeriesNames.periodEvents, .total, pace: .slow)
        let period = window.rolling?.description ?? "this \(window.name)"
        let remaining = "1 - \(errors) / ignoring (\(LabelNames.events)) (\(total) > 0) / \(subject.budget)"
        let (long, whole) = (PromQL.seconds(tier.long), PromQL.seconds(length))
        return """
            {{ $slo := \(subject.selection) -}}
            \(subject.preparation)\(subject.about)
            \(count(.errors)) of \(count(.total)) \(failed) in the last \(tier.long)\
            {{ with printf `%f * \(long) / \(whole)` $value | query }}, which is {{ . | first | value | humanizePercentage }} of the error budget for \
            \(period){{ end }}.\
            {{ with printf `\(remaining)` \(subject.arguments) | query }} {{ . | first | value | humanizePercentage }} of the budget is left\
            {{ with printf `vector(%f / %f * \(whole)) > 0` (. | first | value) $value | query }}; at this rate it is gone in \
            {{ . | first | value | humanizeDuration }}{{ end }}.{{ end }}
            """
    }
}

extension AlertText.Subject {
    /// One SLO, named in the rule itself.
    init(_ identity: SeriesIdentity, _ spec: SLOSpec) {
        name = identity.key.description
        about = PromQL.literalInTemplate(spec.service) + (spec.description.isEmpty ? "" : ": " + PromQL.literalInTemplate(spec.description))
        let matchers = identity.scope.matchers.map(\.description).joined(separator: ",")
        selection = spec.groupBy.isEmpty ? "`\(matchers)`" : Self.printed(matchers, by: spec.groupBy, of: [])
        preparation = ""
        budget = "\(spec.errorBudget)"
        arguments = "$slo"
    }

    /// `matchers` with those of a group; `labels` fill in the verbs that it has already.
    static func printed(_ matchers: String, by groupBy: [String], of labels: [String]) -> String {
        let groups = groupBy.map { ",\($0)=%q" }.joined()
        return "printf `\(matchers)\(groups)` " + (labels + groupBy).map { "$labels.\($0)" }.joined(separator: " ")
    }
}
