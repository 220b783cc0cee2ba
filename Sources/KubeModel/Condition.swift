package import Values

package enum ConditionStatus: String, Sendable, Hashable, CaseIterable {
    case `true` = "True"
    case `false` = "False"
    case unknown = "Unknown"
}

/// One aspect of an object's state, after metav1.Condition.
package struct Condition: Sendable, Hashable {
    package var type: String
    package var status: ConditionStatus
    /// A CamelCase word for machines.
    package var reason: String
    /// A sentence for people, never empty.
    package var message: String
    /// The `metadata.generation` this was found for.
    package var observedGeneration: Int64
    /// When `status` last flipped.
    package var lastTransitionTime: Instant

    package init(
        type: String, status: ConditionStatus, reason: String, message: String, observedGeneration: Int64, lastTransitionTime: Instant
    ) {
        self.type = type
        self.status = status
        self.reason = reason
        self.message = message
        self.observedGeneration = observedGeneration
        self.lastTransitionTime = lastTransitionTime
    }

    /// Nil where the type, the status or the time is missing or makes no sense.
    package init?(json: JSON) {
        guard let type = json["type"]?.stringValue, let status = json["status"]?.stringValue.flatMap(ConditionStatus.init(rawValue:)),
            let time = json["lastTransitionTime"]?.stringValue.flatMap(Instant.init(rfc3339:))
        else { return nil }
        self.init(
            type: type, status: status, reason: json["reason"]?.stringValue ?? "", message: json["message"]?.stringValue ?? "",
            observedGeneration: json["observedGeneration"]?.intValue ?? 0, lastTransitionTime: time)
    }

    /// Times in whole seconds, as the API server keeps them.
    package var json: JSON {
        [
            "type": .string(type), "status": .string(status.rawValue), "observedGeneration": .int(observedGeneration),
            "lastTransitionTime": .string(lastTransitionTime.secondsText), "reason": .string(reason), "message": .string(message),
        ]
    }
}

extension [Condition] {
    package subscript(type: String) -> Condition? { first { $0.type == type } }

    /// The list with this condition in place of the one of its type; `lastTransitionTime` moves only when the status flips.
    ///
    /// Sorted by type, so that the same conditions are always written the same.
    package func setting(_ condition: Condition) -> [Condition] {
        var condition = condition
        if let old = self[condition.type], old.status == condition.status {
            condition.lastTransitionTime = old.lastTransitionTime
        }
        return (filter { $0.type != condition.type } + [condition]).sorted { $0.type < $1.type }
    }

    package func removing(type: String) -> [Condition] { filter { $0.type != type } }
}
