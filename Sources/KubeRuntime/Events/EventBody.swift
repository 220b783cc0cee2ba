package import KubeModel
package import Values

/// An event's record as the API server's `events.k8s.io/v1` wants it.
package enum EventBody {
    /// The new Event. Its `series` is there from the second occurrence on.
    package static func create(_ record: EventRecord, controller: String, instance: String) -> JSON {
        let content = record.content
        var body: JSON = [
            "apiVersion": .string(ResourceKind.events.apiVersion),
            "kind": "Event",
            "metadata": ["name": .string(record.name), "namespace": .string(namespace(record))],
            "eventTime": .string(record.firstSeen.microsecondsText),
            "type": .string(content.type.rawValue),
            "reason": .string(cut(content.reason, 128)),
            "action": .string(cut(content.action, 128)),
            "note": .string(cut(content.note, 1_024)),
            "regarding": reference(content.regarding),
            "reportingController": .string(controller),
            "reportingInstance": .string(cut(instance, 128)),
        ]
        if let related = content.related { body["related"] = reference(related) }
        if record.count > 1 { body["series"] = series(record) }
        return body
    }

    /// The change to an Event that happened again: only its series may change.
    package static func update(_ record: EventRecord) -> JSON { ["series": series(record)] }

    package static func key(_ record: EventRecord) -> ObjectKey { ObjectKey(namespace: namespace(record), name: record.name) }

    /// Events on objects without a namespace live in `default`.
    package static func namespace(_ record: EventRecord) -> String {
        let namespace = record.content.regarding.namespace
        return namespace.isEmpty ? "default" : namespace
    }

    private static func series(_ record: EventRecord) -> JSON {
        ["count": .int(record.count), "lastObservedTime": .string(record.lastSeen.microsecondsText)]
    }

    private static func reference(_ object: ObjectReference) -> JSON {
        var json: JSON = ["apiVersion": .string(object.apiVersion), "kind": .string(object.kind), "name": .string(object.name)]
        if !object.namespace.isEmpty { json["namespace"] = .string(object.namespace) }
        if !object.uid.isEmpty { json["uid"] = .string(object.uid) }
        return json
    }

    /// The longest prefix of whole characters within `bytes` bytes of UTF-8.
    static func cut(_ text: String, _ bytes: Int) -> String {
        guard text.utf8.count > bytes else { return text }
        var size = 0
        return String(
            text.prefix { character in
                size += character.utf8.count
                return size <= bytes
            })
    }
}
