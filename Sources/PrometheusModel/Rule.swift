package import Values

/// One rule of a group, as Prometheus's rule files spell it.
package enum Rule: Sendable, Hashable {
    /// Stores the result of `expr` under the name `record`, with `labels` on top of those of the result.
    case recording(record: String, expr: String, labels: [String: String] = [:])
    /// Fires for every series that `expr` returns, `hold` after it first did.
    case alerting(
        alert: String, expr: String, hold: PromDuration? = nil, keepFiringFor: PromDuration? = nil, labels: [String: String] = [:],
        annotations: [String: String] = [:])

    /// The record's or the alert's name.
    package var name: String {
        switch self {
        case .recording(let record, _, _): record
        case .alerting(let alert, _, _, _, _, _): alert
        }
    }

    package var expr: String {
        switch self {
        case .recording(_, let expr, _), .alerting(_, let expr, _, _, _, _): expr
        }
    }

    package var labels: [String: String] {
        switch self {
        case .recording(_, _, let labels), .alerting(_, _, _, _, let labels, _): labels
        }
    }

    /// The rule with one more label, or another value for one it has.
    package func labelled(_ name: String, _ value: String) -> Rule {
        switch self {
        case .recording(let record, let expr, var labels):
            labels[name] = value
            return .recording(record: record, expr: expr, labels: labels)
        case .alerting(let alert, let expr, let hold, let keep, var labels, let annotations):
            labels[name] = value
            return .alerting(alert: alert, expr: expr, hold: hold, keepFiringFor: keep, labels: labels, annotations: annotations)
        }
    }

    /// The rule as in a rule file; keys in a fixed order, labels and annotations sorted.
    package var json: JSON {
        var object = JSONObject()
        switch self {
        case .recording(let record, let expr, let labels):
            object["record"] = .string(record)
            object["expr"] = .string(expr)
            if !labels.isEmpty { object["labels"] = Self.sorted(labels) }
        case .alerting(let alert, let expr, let hold, let keep, let labels, let annotations):
            object["alert"] = .string(alert)
            object["expr"] = .string(expr)
            if let hold { object["for"] = .string(hold.description) }
            if let keep { object["keep_firing_for"] = .string(keep.description) }
            if !labels.isEmpty { object["labels"] = Self.sorted(labels) }
            if !annotations.isEmpty { object["annotations"] = Self.sorted(annotations) }
        }
        return .object(object)
    }

    private static func sorted(_ pairs: [String: String]) -> JSON {
        .object(JSONObject(pairs.sorted { $0.key < $1.key }.map { (key: $0.key, value: .string($0.value)) }))
    }
}
