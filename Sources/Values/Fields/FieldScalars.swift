extension FieldType where Value == Bool {
    package static var boolean: FieldType {
        FieldType(
            schema: { ["type": "boolean"] },
            decode: { json, path, problems in
                if let value = json.boolValue { return value }
                problems.append(Problem(path, "expected true or false", got: json))
                return nil
            },
            encode: { .bool($0) })
    }
}

extension FieldType where Value == Int64 {
    /// API servers compare bounds as doubles: beyond this they are inexact, and one near 2^63 refuses everything.
    package static var wholeDoubles: Int64 { 1 << 53 }

    /// A whole number; the bounds are at most `wholeDoubles` from zero.
    package static func integer(_ range: ClosedRange<Int64>) -> FieldType {
        FieldType(
            schema: { ["type": "integer", "format": "int64", "minimum": .int(range.lowerBound), "maximum": .int(range.upperBound)] },
            decode: { json, path, problems in
                if let value = json.intValue, range.contains(value) { return value }
                problems.append(Problem(path, "expected a whole number from \(range.lowerBound) to \(range.upperBound)", got: json))
                return nil
            },
            encode: { .int($0) })
    }
}

extension FieldType where Value: RawRepresentable<String> & CaseIterable & Sendable {
    /// One of an enumeration's words.
    package static func word(_ type: Value.Type = Value.self) -> FieldType {
        let words = Value.allCases.map(\.rawValue)
        return FieldType(
            schema: { ["type": "string", "enum": .array(words.map { .string($0) })] },
            decode: { json, path, problems in
                if let value = json.stringValue.flatMap(Value.init(rawValue:)) { return value }
                let accepted = words.map { "\"\($0)\"" }.joined(separator: ", ")
                problems.append(Problem(path, words.count == 1 ? "expected \(accepted)" : "expected one of \(accepted)", got: json))
                return nil
            },
            encode: { .string($0.rawValue) })
    }
}

extension FieldType where Value == String {
    /// One of a few words that no Swift enumeration stands for yet.
    package static func words(_ words: String...) -> FieldType {
        FieldType(
            schema: { ["type": "string", "enum": .array(words.map { .string($0) })] },
            decode: { json, path, problems in
                if let value = json.stringValue, words.contains(value) { return value }
                problems.append(Problem(path, "expected one of \(words.map { "\"\($0)\"" }.joined(separator: ", "))", got: json))
                return nil
            },
            encode: { .string($0) })
    }

    /// Text of at most so many characters that fits a pattern.
    ///
    /// - Parameters:
    ///   - max: Unicode code points, as the API server counts.
    ///   - example: what a message shows as acceptable.
    package static func text(min: Int = 0, max: Int, _ pattern: FieldPattern? = nil, example: String) -> FieldType {
        parsed(min: min, max: max, pattern, what: pattern?.what ?? "a string", example: example, read: { $0 }, write: { $0 })
    }
}

extension FieldType {
    /// A string that stands for a value: the schema has length and pattern, `read` has the last word.
    ///
    /// - Parameters:
    ///   - what: what is expected, such as "a percentage".
    ///   - validations: CEL that says what `read` adds to the pattern.
    package static func parsed(
        min: Int = 0, max: Int, _ pattern: FieldPattern?, what: String, example: String, validations: [JSON] = [],
        read: @escaping @Sendable (String) -> Value?, write: @escaping @Sendable (Value) -> String
    ) -> FieldType {
        FieldType(
            schema: {
                var schema: JSON = ["type": "string"]
                if min > 0 { schema["minLength"] = .int(min) }
                schema["maxLength"] = .int(max)
                if let pattern { schema["pattern"] = .string(pattern.regex) }
                if !validations.isEmpty { schema["x-kubernetes-validations"] = .array(validations) }
                return schema
            },
            decode: { json, path, problems in
                guard let text = json.stringValue else {
                    problems.append(Problem(path, "expected a string like \(JSON.string(example).text())", got: json))
                    return nil
                }
                let length = text.unicodeScalars.count
                if length > max {
                    problems.append(Problem(path, "is \(length) characters long; at most \(max) are accepted", got: json))
                    return nil
                }
                if length >= min, pattern?.accepts(text) ?? true, let value = read(text) { return value }
                problems.append(Problem(path, "expected \(what), like \(JSON.string(example).text())", got: json))
                return nil
            },
            encode: { .string(write($0)) })
    }
}
