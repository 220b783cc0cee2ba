/// One row of a type's table: a field's name, meaning, type, and how it gets in and out of the Swift value.
package struct Field<Root: Sendable>: Sendable {
    package let name: String
    package let summary: String
    package let isRequired: Bool
    let schema: @Sendable () -> JSON
    /// Whether the value was read well; if not, why is appended.
    package let read: @Sendable (JSON, FieldPath, inout Root, inout [Problem]) -> Bool
    let write: @Sendable (Root) -> JSON?

    private init(
        name: String, summary: String, isRequired: Bool = false, schema: @escaping @Sendable () -> JSON,
        read: @escaping @Sendable (JSON, FieldPath, inout Root, inout [Problem]) -> Bool, write: @escaping @Sendable (Root) -> JSON?
    ) {
        self.name = name
        self.summary = summary
        self.isRequired = isRequired
        self.schema = { Self.described(schema(), summary) }
        self.read = read
        self.write = write
    }

    /// A field that must be given.
    package static func required<Value>(
        _ name: String, _ keyPath: any WritableKeyPath<Root, Value> & Sendable, _ summary: String, _ type: FieldType<Value>
    ) -> Field {
        Field(
            name: name, summary: summary, isRequired: true, schema: type.schema, read: reader(keyPath, type),
            write: { type.encode($0[keyPath: keyPath]) })
    }

    /// A field that may be absent, which is nil.
    package static func optional<Value>(
        _ name: String, _ keyPath: any WritableKeyPath<Root, Value?> & Sendable, _ summary: String, _ type: FieldType<Value>
    ) -> Field {
        Field(
            name: name, summary: summary, schema: type.schema,
            read: { json, path, root, problems in
                guard let value = type.decode(json, path, &problems) else { return false }
                root[keyPath: keyPath] = value
                return true
            },
            write: { $0[keyPath: keyPath].map(type.encode) })
    }

    /// A field that may be absent, which is what `Root()` has; the schema writes no default into objects.
    package static func optional<Value: Equatable & Sendable>(
        _ name: String, _ keyPath: any WritableKeyPath<Root, Value> & Sendable, _ summary: String, _ type: FieldType<Value>
    ) -> Field where Root: Fielded {
        Field(
            name: name, summary: summary, schema: type.schema, read: reader(keyPath, type),
            write: { $0[keyPath: keyPath] == Root()[keyPath: keyPath] ? JSON?.none : type.encode($0[keyPath: keyPath]) })
    }

    /// A field whose default, what `Root()` has, the API server writes into objects.
    package static func defaulted<Value>(
        _ name: String, _ keyPath: any WritableKeyPath<Root, Value> & Sendable, _ summary: String, _ type: FieldType<Value>
    ) -> Field where Root: Fielded {
        Field(
            name: name, summary: summary,
            schema: {
                var schema = type.schema()
                schema["default"] = type.isObject ? type.emptyDefault : type.encode(Root()[keyPath: keyPath])
                return schema
            },
            read: reader(keyPath, type), write: { type.encode($0[keyPath: keyPath]) })
    }

    /// A field that a later version will honour. The schema carries it, so that it is stored and not dropped in silence; any value but `harmless`
    /// is refused by name.
    package static func unsupported<Value>(
        _ name: String, _ summary: String, _ type: FieldType<Value>, unless harmless: JSON? = nil, instead: String
    ) -> Field {
        Field(
            name: name, summary: "\(summary) Not supported by this version.", schema: type.schema,
            read: { json, path, _, problems in
                if json == harmless { return true }
                problems.append(Problem(path, "is not supported by this version of Plimsoll; \(instead)"))
                return false
            },
            write: { _ in nil })
    }

    private static func reader<Value>(
        _ keyPath: any WritableKeyPath<Root, Value> & Sendable, _ type: FieldType<Value>
    ) -> @Sendable (JSON, FieldPath, inout Root, inout [Problem]) -> Bool {
        { json, path, root, problems in
            guard let value = type.decode(json, path, &problems) else { return false }
            root[keyPath: keyPath] = value
            return true
        }
    }

    /// The schema with its description first.
    private static func described(_ schema: JSON, _ summary: String) -> JSON {
        var described = JSONObject([("description", .string(summary))])
        for (key, value) in schema.objectValue ?? JSONObject() { described[key] = value }
        return .object(described)
    }
}
