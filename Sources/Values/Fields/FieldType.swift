/// How values of one kind are described, read and written; rows of field tables name one.
package struct FieldType<Value>: Sendable {
    /// The OpenAPI v3 structural schema.
    package let schema: @Sendable () -> JSON
    /// The value, or nil and at least one problem more.
    package let decode: @Sendable (JSON, FieldPath, inout [Problem]) -> Value?
    package let encode: @Sendable (Value) -> JSON
    let isObject: Bool
    let emptyDefault: JSON?

    package init(
        schema: @escaping @Sendable () -> JSON, decode: @escaping @Sendable (JSON, FieldPath, inout [Problem]) -> Value?,
        encode: @escaping @Sendable (Value) -> JSON
    ) {
        self.init(schema: schema, decode: decode, encode: encode, isObject: false, emptyDefault: nil)
    }

    init(
        schema: @escaping @Sendable () -> JSON, decode: @escaping @Sendable (JSON, FieldPath, inout [Problem]) -> Value?,
        encode: @escaping @Sendable (Value) -> JSON, isObject: Bool, emptyDefault: JSON?
    ) {
        self.schema = schema
        self.decode = decode
        self.encode = encode
        self.isObject = isObject
        self.emptyDefault = emptyDefault
    }

    /// The same with a further check that CEL makes too: `cel` is over `self`, the value.
    package func checked(cel: String? = nil, _ message: String, holds: @escaping @Sendable (Value) -> Bool) -> FieldType {
        checked(cel: cel, message: message) { value, path in
            holds(value) ? [] : [Problem(path, message, got: encode(value))]
        }
    }

    /// The same with a further check that finds its own words and places.
    package func checked(
        cel: String? = nil, message: String? = nil, check: @escaping @Sendable (Value, FieldPath) -> [Problem]
    ) -> FieldType {
        FieldType(
            schema: {
                var schema = schema()
                if let cel {
                    let earlier = schema["x-kubernetes-validations"]?.arrayValue ?? []
                    schema["x-kubernetes-validations"] = .array(earlier + [CEL.validation(cel, message: message ?? "")])
                }
                return schema
            },
            decode: { json, path, problems in
                guard let value = decode(json, path, &problems) else { return nil }
                let found = check(value, path)
                problems += found
                return found.isEmpty ? value : nil
            },
            encode: encode, isObject: isObject, emptyDefault: emptyDefault)
    }
}

extension FieldType where Value: Fielded {
    /// An object with a table of its own.
    package static func object(_ type: Value.Type = Value.self) -> FieldType {
        FieldType(
            schema: { Value.schema() },
            decode: { json, path, problems in Value.decode(json, at: path, problems: &problems) },
            encode: \.json, isObject: true, emptyDefault: Value.emptyDefault)
    }
}
