package import Values

/// Which objects are meant, by their labels (metav1.LabelSelector). Empty selects everything.
package struct LabelSelector: Hashable, Sendable, CustomStringConvertible {
    package enum Operator: String, Sendable, Hashable, CaseIterable {
        case `in` = "In"
        case notIn = "NotIn"
        case exists = "Exists"
        case doesNotExist = "DoesNotExist"
    }

    package struct Expression: Hashable, Sendable {
        package var key: String
        package var `operator`: Operator
        /// Of no meaning for `exists` and `doesNotExist`.
        package var values: [String]

        package init(key: String, operator: Operator, values: [String] = []) {
            self.key = key
            self.operator = `operator`
            self.values = values
        }

        /// A missing label satisfies `notIn` and `doesNotExist`.
        package func matches(_ labels: StringPairs) -> Bool {
            switch self.operator {
            case .in: labels[key].map(values.contains) ?? false
            case .notIn: labels[key].map { !values.contains($0) } ?? true
            case .exists: labels[key] != nil
            case .doesNotExist: labels[key] == nil
            }
        }
    }

    package var matchLabels: StringPairs
    package var matchExpressions: [Expression]

    package init(matchLabels: StringPairs = [:], matchExpressions: [Expression] = []) {
        self.matchLabels = matchLabels
        self.matchExpressions = matchExpressions
    }

    /// Nil where it has no selector's shape, an operator is unknown, or its values don't fit it: such a selector must select nothing rather than too much.
    package init?(json: JSON) {
        let labels = json["matchLabels"] ?? .null
        matchLabels = StringPairs(json: labels)
        guard labels.isNull || labels.objectValue?.allSatisfy({ $0.value.stringValue != nil }) == true else { return nil }
        matchExpressions = []
        let expressions = json["matchExpressions"] ?? .null
        guard expressions.isNull || expressions.arrayValue != nil else { return nil }
        for item in expressions.arrayValue ?? [] {
            guard let key = item["key"]?.stringValue, let kind = item["operator"]?.stringValue.flatMap(Operator.init(rawValue:)) else { return nil }
            let given = item["values"] ?? .null
            let values = (given.arrayValue ?? []).compactMap(\.stringValue)
            guard given.isNull || given.arrayValue?.count == values.count else { return nil }
            let needsValues = kind == .in || kind == .notIn
            guard needsValues != values.isEmpty else { return nil }
            matchExpressions.append(Expression(key: key, operator: kind, values: values))
        }
    }

    package var isEmpty: Bool { matchLabels.isEmpty && matchExpressions.isEmpty }

    package func matches(_ labels: StringPairs) -> Bool {
        matchLabels.allSatisfy { labels[$0.key] == $0.value } && matchExpressions.allSatisfy { $0.matches(labels) }
    }

    /// The `labelSelector` of a query, not yet percent-encoded: `a=b,c in (d,e),!f`.
    package var text: String {
        var terms = matchLabels.map { "\($0.key)=\($0.value)" }
        for expression in matchExpressions {
            let values = expression.values.sorted().joined(separator: ",")
            switch expression.operator {
            case .in: terms.append("\(expression.key) in (\(values))")
            case .notIn: terms.append("\(expression.key) notin (\(values))")
            case .exists: terms.append(expression.key)
            case .doesNotExist: terms.append("!\(expression.key)")
            }
        }
        return terms.joined(separator: ",")
    }

    package var description: String { text }
}
