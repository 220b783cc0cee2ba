/// A type whose one table of fields gives its schema, defaults, decoding, encoding and validation.
package protocol Fielded: Sendable {
    /// The defaults: what is decoded from `{}`, required fields aside.
    init()

    static var fields: [Field<Self>] { get }
    /// What must hold between fields.
    static var rules: [FieldRule<Self>] { get }
    /// Whether exactly one of the fields is to be given.
    static var isUnion: Bool { get }
}

extension Fielded {
    package static var rules: [FieldRule<Self>] { [] }
    package static var isUnion: Bool { false }

    /// Reads an object. Every problem of the whole tree is appended to `problems`; nil if there is one.
    ///
    /// As the API server does, `null` counts as absent; a field that the table lacks is a problem.
    package static func decode(_ json: JSON, at path: FieldPath, problems: inout [Problem]) -> Self? {
        guard let object = json.objectValue else {
            problems.append(Problem(path, "expected an object with the fields \(names.joined(separator: ", "))", got: json))
            return nil
        }
        let before = problems.count
        for (key, _) in object where !fields.contains(where: { $0.name == key }) {
            problems.append(Problem(path.appending(key), unknown(key)))
        }
        var result = Self()
        var failed: Set<String> = []
        for field in fields {
            let place = path.appending(field.name)
            if let value = object[field.name], !value.isNull {
                if !field.read(value, place, &result, &problems) { failed.insert(field.name) }
            } else if field.isRequired {
                problems.append(Problem(place, "is required: \(field.summary)"))
                failed.insert(field.name)
            }
        }
        if isUnion { checkUnion(object, at: path, problems: &problems) }
        for rule in rules where failed.isDisjoint(with: rule.fields) {
            problems += rule.check(result, path)
        }
        return problems.count == before ? result : nil
    }

    /// The object that `decode` reads back as the same value: table order, and nothing for what is absent.
    package var json: JSON {
        var object = JSONObject()
        for field in Self.fields { object[field.name] = field.write(self) }
        return .object(object)
    }

    /// The OpenAPI v3 structural schema.
    package static func schema() -> JSON {
        var schema: JSON = ["type": "object"]
        let required = fields.filter(\.isRequired).map { JSON.string($0.name) }
        if !required.isEmpty { schema["required"] = .array(required) }
        if isUnion {
            schema["minProperties"] = 1
            schema["maxProperties"] = 1
        }
        schema["properties"] = .object(JSONObject(fields.map { (key: $0.name, value: $0.schema()) }))
        let validations = rules.compactMap(\.validation)
        if !validations.isEmpty { schema["x-kubernetes-validations"] = .array(validations) }
        return schema
    }

    /// What a change of an existing object breaks: the rules that compare old and new.
    package static func problems(changing old: Self, to new: Self, at path: FieldPath) -> [Problem] {
        rules.flatMap { $0.checkChange(old, new, path) }
    }

    /// `{}` where that is a whole object, so that the defaults inside it apply; else nil.
    static var emptyDefault: JSON? {
        isUnion || fields.contains(where: \.isRequired) ? nil : .object(JSONObject())
    }

    private static var names: [String] { fields.map(\.name) }

    private static func unknown(_ key: String) -> String {
        if let near = NearestName.of(key, among: names) { return "is no field of this object; did you mean \"\(near)\"?" }
        return "is no field of this object; its fields are \(names.joined(separator: ", "))"
    }

    private static func checkUnion(_ object: JSONObject, at path: FieldPath, problems: inout [Problem]) {
        let given = names.filter { !(object[$0] ?? .null).isNull }
        if given.count == 1 { return }
        let found = given.isEmpty ? "none is given" : "\(given.joined(separator: " and ")) are given"
        problems.append(Problem(path, "give exactly one of \(names.joined(separator: ", ")); \(found)"))
    }
}
