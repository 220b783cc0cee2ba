import KubeModel
import Values

/// Which objects an instance works on, by their labels: the form of metav1.LabelSelector. Empty: all.
struct ObjectSelector: Fielded, Hashable {
    struct Expression: Fielded, Hashable {
        enum Operator: String, CaseIterable, Sendable { case `in` = "In", notIn = "NotIn", exists = "Exists", doesNotExist = "DoesNotExist" }

        var key = ""
        var `operator` = Operator.exists
        var values: [String] = []

        static let fields: [Field<Self>] = [
            .required("key", \.key, "The label's key.", .text(min: 1, max: 316, .objectLabelKey, example: "team")),
            .required("operator", \.operator, "How values are compared.", .word()),
            .defaulted("values", \.values, "The values for In and NotIn.", .set(of: .labelValue, max: 100)),
        ]
        static let rules: [FieldRule<Self>] = [
            .init(["values", "operator"], "In and NotIn need values; Exists and DoesNotExist take none") {
                ($0.operator == .in || $0.operator == .notIn) != $0.values.isEmpty
            }
        ]
    }

    var matchLabels: [String: String] = [:]
    var matchExpressions: [Expression] = []

    static let fields: [Field<Self>] = [
        .defaulted("matchLabels", \.matchLabels, "Labels with their values.", .map(of: .labelValue, max: 32, keyMax: 316, key: .objectLabelKey)),
        .defaulted("matchExpressions", \.matchExpressions, "Further conditions; all must hold.", .list(of: .object(), max: 32)),
    ]

    /// The `labelSelector` of a query; nil for all objects.
    var query: String? {
        let selector = LabelSelector(
            matchLabels: StringPairs(matchLabels),
            matchExpressions: matchExpressions.map {
                let kind: LabelSelector.Operator =
                    switch $0.operator {
                    case .in: .in
                    case .notIn: .notIn
                    case .exists: .exists
                    case .doesNotExist: .doesNotExist
                    }
                return .init(key: $0.key, operator: kind, values: $0.values)
            })
        return selector.isEmpty ? nil : selector.text
    }
}
