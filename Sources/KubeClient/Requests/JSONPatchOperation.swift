package import Values

/// One operation of a JSON patch (RFC 6902).
package enum JSONPatchOperation: Sendable, Hashable {
    case add(JSONPointer, JSON)
    case replace(JSONPointer, JSON)
    case remove(JSONPointer)
    /// The whole patch fails (422) unless the value is this.
    case test(JSONPointer, JSON)
    case move(from: JSONPointer, to: JSONPointer)
    case copy(from: JSONPointer, to: JSONPointer)

    package var json: JSON {
        switch self {
        case .add(let path, let value): ["op": "add", "path": .string(path.text), "value": value]
        case .replace(let path, let value): ["op": "replace", "path": .string(path.text), "value": value]
        case .remove(let path): ["op": "remove", "path": .string(path.text)]
        case .test(let path, let value): ["op": "test", "path": .string(path.text), "value": value]
        case .move(let from, let to): ["op": "move", "from": .string(from.text), "path": .string(to.text)]
        case .copy(let from, let to): ["op": "copy", "from": .string(from.text), "path": .string(to.text)]
        }
    }
}

/// A place in a JSON document (RFC 6901).
package struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    package var segments: [String]

    /// From unescaped segments: keys, indexes, or `-` for an array's end.
    package init(_ segments: String...) { self.segments = segments }

    package init(segments: [String]) { self.segments = segments }

    package init(_ path: FieldPath) {
        segments = path.elements.map { element in
            switch element {
            case .key(let key): key
            case .index(let index): "\(index)"
            }
        }
    }

    /// `/metadata/annotations/plimsoll.dev~1do`
    package var text: String {
        var text = ""
        for segment in segments {
            text.unicodeScalars.append("/")
            for scalar in segment.unicodeScalars {
                switch scalar {
                case "~": text += "~0"
                case "/": text += "~1"
                default: text.unicodeScalars.append(scalar)
                }
            }
        }
        return text
    }

    package var description: String { text }
}

/// A change to one object, in one of the forms that the API server takes.
package enum KubePatch: Sendable, Hashable {
    /// RFC 7386: members given are set, null removes. With `metadata.resourceVersion` it fails (409) if the object has changed.
    case merge(JSON)
    case json([JSONPatchOperation])
    /// Server-side apply of the full intent; `force` takes fields over from other managers.
    case apply(JSON, fieldManager: String, force: Bool)

    var contentType: String {
        switch self {
        case .merge: "application/merge-patch+json"
        case .json: "application/json-patch+json"
        case .apply: "application/apply-patch+yaml"
        }
    }

    var body: JSON {
        switch self {
        case .merge(let patch): patch
        case .json(let operations): .array(operations.map(\.json))
        case .apply(let intent, _, _): intent
        }
    }

    /// Whether applying it twice does what applying it once does. A list of operations may append, so it doesn't count.
    var isIdempotent: Bool {
        if case .json = self { return false }
        return true
    }
}
