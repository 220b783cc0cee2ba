import KubeModel
import PlimsollAPI
import PrometheusModel
import Values

/// Base events of a composite whose members count by the worst of them: minutes, of which each is bad as far as the worst member was.
///
/// At each evaluation, of each member and each group of it that had events: its share of errors. The greatest is the moment's. So over any window the
/// composite's error ratio is the mean over time of the worst member's: what somebody who needs all of them meets. It is at least that of each member
/// alone, were its events evenly spread, and at most the sum of all; an outage counts by how long it was, however few events the member has. The least
/// budget among the members would be another thing: it knows nothing of outages that follow each other, and nothing of a member that is worst by night.
///
/// A member without events says nothing at that moment, and one whose errors are not known neither: it counts for nothing. Where no member has events,
/// nothing happened; where none has samples, nothing is known.
///
/// Members' rules are evaluated beside these, at another point of the same interval, so what is read is up to one interval old, and two at most where a
/// group is late: older samples would be another moment's. Between a member's two rules a reading may have its errors from the evaluation before; they
/// are capped at its events, and one evaluation later they are right.
struct WorstMember {
    let instance: String
    let members: [ObjectKey]
    let groupBy: [String]
    let settings: RuleSettings

    /// Minutes in which there were events.
    var total: String {
        "\(minutes) * (max by (\(by)) (\n\(union { "\(fresh($0, .total)) and ignoring (\(LabelNames.events)) \(fresh($0, .errors))" })\n) > bool 0)"
    }

    /// Minutes that were bad; nothing where there was no error-free event either.
    var errors: String {
        let shares = union { "clamp_max(\(fresh($0, .errors)) / ignoring (\(LabelNames.events)) (\(fresh($0, .total)) > 0), 1)" }
        return "\(minutes) * max by (\(by)) (\n\(shares)\n)"
    }

    /// How many series of total events each member has, whichever instance records them.
    var count: String {
        let totals = selections.map { VectorSelector(metricName: SeriesNames.events, matchers: $0.matchers + [Self.matcher(.total)]).description }
        return "count by (\(LabelNames.namespace), \(LabelNames.slo)) (\(totals.isEmpty ? Self.nothing : totals.joined(separator: " or ")))"
    }

    /// An evaluation's length.
    private var minutes: String { "\(PromQL.seconds(settings.evaluationInterval)) / 60" }
    private var by: String { groupBy.joined(separator: ", ") }

    /// An expression without samples, of the members that there are when none may be counted.
    private static let nothing = "vector(0) < 0"

    private func union(_ expression: (Selection) -> String) -> String {
        selections.isEmpty ? Self.nothing : selections.map { "  \(expression($0))" }.joined(separator: "\nor\n")
    }

    private func fresh(_ selection: Selection, _ kind: SeriesNames.Events) -> String {
        let mine = LabelMatcher(LabelNames.instance, .equal, instance)
        let selector = VectorSelector(metricName: SeriesNames.events, matchers: selection.matchers + [Self.matcher(kind), mine])
        return "last_over_time(\(selector)[\(RuleSettings.range(settings.evaluationInterval * 2))])"
    }

    private static func matcher(_ kind: SeriesNames.Events) -> LabelMatcher { LabelMatcher(LabelNames.events, .equal, kind.rawValue) }

    /// The members of one namespace.
    private struct Selection {
        let matchers: [LabelMatcher]
    }

    private var selections: [Selection] {
        Dictionary(grouping: members, by: \.namespace).sorted { $0.key < $1.key }.map { namespace, members in
            let names = Set(members.map(\.name)).sorted()
            // Names of objects have no other letter that means something in a regular expression.
            let slo =
                names.count == 1
                ? LabelMatcher(LabelNames.slo, .equal, names[0])
                : LabelMatcher(LabelNames.slo, .matches, names.map { $0.replacing(".", with: "\\.") }.joined(separator: "|"))
            return Selection(matchers: [LabelMatcher(LabelNames.namespace, .equal, namespace), slo])
        }
    }
}
