package import PrometheusModel
package import Values

/// What a condition's expression works on.
package enum ExpressionValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int64)
    case float(Double)
    case string(String)
    case array([ExpressionValue])
    case map([String: ExpressionValue])

    /// The word for people.
    var kind: String {
        switch self {
        case .null: "nil"
        case .bool: "a boolean"
        case .int, .float: "a number"
        case .string: "a string"
        case .array: "a list"
        case .map: "a map"
        }
    }

    var number: Double? {
        switch self {
        case .int(let value): Double(value)
        case .float(let value): value
        default: nil
        }
    }

    /// Numbers compare by value, whatever their kind.
    func equals(_ other: ExpressionValue) -> Bool {
        if case .int(let a) = self, case .int(let b) = other { return a == b }
        if let a = number, let b = other.number { return a == b }
        if case .array(let a) = self, case .array(let b) = other { return a.count == b.count && zip(a, b).allSatisfy { $0.equals($1) } }
        return self == other
    }
}

extension ExpressionValue {
    /// A query's answer as Argo Rollouts gives it to conditions: a scalar is a number, a vector the list of its values (labels dropped, in the server's
    /// order, so that `result[0]` of several series is any of them), a matrix the list of all samples of all series. Nil for a string, which it refuses.
    package init?(_ result: QueryResult) {
        switch result {
        case .scalar(_, let value): self = .float(value)
        case .vector(let samples): self = .array(samples.map { .float($0.value) })
        case .matrix(let series): self = .array(series.flatMap(\.points).map { .float($0.value) })
        case .string: return nil
        }
    }

    /// A web page's JSON; numbers are doubles, as Go reads them.
    package init(_ json: JSON) {
        switch json {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .number(let text): self = .float(Double(text) ?? .nan)
        case .string(let text): self = .string(text)
        case .array(let elements): self = .array(elements.map { ExpressionValue($0) })
        case .object(let object): self = .map(Dictionary(object.map { ($0.key, ExpressionValue($0.value)) }) { _, last in last })
        }
    }

    /// An answer without any value.
    package var isEmpty: Bool {
        switch self {
        case .null: true
        case .array(let elements): elements.isEmpty
        default: false
        }
    }
}
