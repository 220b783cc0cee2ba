package import KubeModel
package import Values

extension Condition: Fielded {
    package init() {
        self.init(
            type: "", status: .unknown, reason: "Unknown", message: "", observedGeneration: 0, lastTransitionTime: Instant(microseconds: 0))
    }

    /// metav1.Condition; the message is never empty, as API servers of 1.20 built with a newer Go take an empty string for null.
    package static let fields: [Field<Condition>] = [
        .required("type", \.type, "The aspect, in CamelCase.", .text(min: 1, max: 316, .labelValue, example: "Ready")),
        .required("status", \.status, "Whether it holds.", .word()),
        .optional("observedGeneration", \.observedGeneration, "The generation of the spec that this is about.", .generation),
        .required("lastTransitionTime", \.lastTransitionTime, "When status last changed.", .instant),
        .required("reason", \.reason, "Why, in a CamelCase word.", .text(min: 1, max: 1024, .conditionReason, example: "RulesLoaded")),
        .required("message", \.message, "Why, in a sentence.", .text(min: 1, max: 32768, example: "All rules are loaded.")),
    ]
}

extension FieldType where Value == Int64 {
    /// A `metadata.generation`.
    static var generation: FieldType { .integer(0...wholeDoubles) }
}

extension FieldPattern {
    static let conditionReason = FieldPattern("^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$", what: "a CamelCase word") { text in
        func isInner(_ byte: UInt8) -> Bool { FieldPattern.isLetter(byte) || FieldPattern.isDigit(byte) || byte == UInt8(ascii: "_") }
        guard let first = text.utf8.first, let last = text.utf8.last, FieldPattern.isLetter(first), isInner(last) else { return false }
        return text.utf8.allSatisfy { isInner($0) || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ":") }
    }
}

/// The conditions of Plimsoll's kinds.
package enum ConditionType {
    package static let ready = "Ready"
    package static let reconciling = "Reconciling"
    package static let stalled = "Stalled"
    /// Prometheus has loaded the SLO's rules; seen through its API, not assumed.
    package static let rulesLoaded = "RulesLoaded"
    /// The indicator's series exist and are fresh.
    package static let dataPresent = "DataPresent"
    /// Budget is left.
    package static let budgetHealthy = "BudgetHealthy"
    /// Who is to be told of the policy's steps has been told; only of SLOs with such steps.
    package static let notified = "Notified"
    /// Nothing in the live world speaks against it.
    package static let preflight = "Preflight"
}
