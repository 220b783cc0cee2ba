extension FieldType where Value == JSON {
    /// A field of an object that only the schema knows.
    package struct Member: Sendable {
        let name: String
        let isRequired: Bool
        let schema: @Sendable () -> JSON

        package init<Member>(_ name: String, _ summary: String, required: Bool = false, _ type: FieldType<Member>) {
            self.name = name
            isRequired = required
            schema = {
                var described = JSONObject([("description", .string(summary))])
                for (key, value) in type.schema().objectValue ?? JSONObject() { described[key] = value }
                return .object(described)
            }
        }
    }

    /// An object of a field that is not yet supported: its schema is whole, so that it is stored as written, and nothing reads it.
    package static func record(_ members: [Member]) -> FieldType {
        FieldType(
            schema: {
                var schema: JSON = ["type": "object"]
                let required = members.filter(\.isRequired).map { JSON.string($0.name) }
                if !required.isEmpty { schema["required"] = .array(required) }
                schema["properties"] = .object(JSONObject(members.map { (key: $0.name, value: $0.schema()) }))
                return schema
            },
            decode: { json, _, _ in json }, encode: { $0 })
    }
}
