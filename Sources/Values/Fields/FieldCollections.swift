extension FieldType {
    /// An ordered list that is replaced whole.
    package static func list<Item>(of item: FieldType<Item>, min: Int = 0, max: Int) -> FieldType where Value == [Item] {
        items(of: item, min: min, max: max, listType: "atomic") { _, _ in [] }
    }

    /// A list of different texts, merged one by one.
    package static func set(of item: FieldType<String>, min: Int = 0, max: Int) -> FieldType where Value == [String] {
        items(of: item, min: min, max: max, listType: "set") { values, path in
            duplicates(values.map { $0 }, path) { path.appending($0) }
        }
    }

    /// A list of objects that are merged by the field `key`, which names each.
    package static func named<Item: Fielded>(
        _ type: Item.Type = Item.self, by key: String = "name", _ name: @escaping @Sendable (Item) -> String, min: Int = 0, max: Int
    ) -> FieldType where Value == [Item] {
        items(of: .object(Item.self), min: min, max: max, listType: "map", keys: [key]) { values, path in
            duplicates(values.map(name), path) { path.appending($0).appending(key) }
        }
    }

    /// A map from text to values of one kind.
    ///
    /// - Parameters:
    ///   - keyMax: characters of a key, which no schema but CEL can bound.
    ///   - key: the form of the keys, checked by CEL too; nil where the daemon itself writes them.
    package static func map<Item>(
        of item: FieldType<Item>, max: Int, keyMax: Int, key: FieldPattern?
    ) -> FieldType where Value == [String: Item] {
        let message = "each key must be \(key?.what ?? "text"), of at most \(keyMax) characters"
        return FieldType(
            schema: {
                var schema: JSON = ["type": "object", "maxProperties": .int(max), "additionalProperties": item.schema()]
                if let key {
                    let rule = "self.all(k, size(k) <= \(keyMax) && k.matches(\(CEL.quoted(key.regex))))"
                    schema["x-kubernetes-validations"] = [CEL.validation(rule, message: message)]
                }
                return schema
            },
            decode: { json, path, problems in
                guard let object = json.objectValue else {
                    problems.append(Problem(path, "expected an object of names and values", got: json))
                    return nil
                }
                let before = problems.count
                var result: [String: Item] = [:]
                for (name, value) in object where !value.isNull {
                    let place = path.appending(name)
                    if name.unicodeScalars.count > keyMax || !(key?.accepts(name) ?? true) {
                        problems.append(Problem(place, message, got: .string(name)))
                    }
                    if let value = item.decode(value, place, &problems) { result[name] = value }
                }
                if result.count > max { problems.append(Problem(path, "has \(result.count) entries; at most \(max) are accepted")) }
                return problems.count == before ? result : nil
            },
            encode: { map in
                .object(JSONObject(map.sorted { $0.key < $1.key }.map { (key: $0.key, value: item.encode($0.value)) }))
            },
            isObject: true, emptyDefault: .object(JSONObject()))
    }

    private static func items<Item>(
        of item: FieldType<Item>, min: Int, max: Int, listType: String, keys: [String] = [],
        check: @escaping @Sendable ([Item], FieldPath) -> [Problem]
    ) -> FieldType where Value == [Item] {
        FieldType(
            schema: {
                var schema: JSON = ["type": "array"]
                if min > 0 { schema["minItems"] = .int(min) }
                schema["maxItems"] = .int(max)
                schema["x-kubernetes-list-type"] = .string(listType)
                if !keys.isEmpty { schema["x-kubernetes-list-map-keys"] = .array(keys.map { .string($0) }) }
                schema["items"] = item.schema()
                return schema
            },
            decode: { json, path, problems in
                guard let elements = json.arrayValue else {
                    problems.append(Problem(path, "expected a list", got: json))
                    return nil
                }
                let before = problems.count
                if elements.count > max { problems.append(Problem(path, "has \(elements.count) items; at most \(max) are accepted")) }
                if elements.count < min { problems.append(Problem(path, "has \(elements.count) items; at least \(min) are needed")) }
                // Beyond the bound one problem is enough.
                let values = elements.prefix(max).enumerated().compactMap { item.decode($1, path.appending($0), &problems) }
                if values.count == Swift.min(elements.count, max) { problems += check(values, path) }
                return problems.count == before ? values : nil
            },
            encode: { .array($0.map(item.encode)) })
    }

    private static func duplicates(_ names: [String], _ path: FieldPath, _ place: (Int) -> FieldPath) -> [Problem] {
        var first: [String: Int] = [:]
        var problems: [Problem] = []
        for (index, name) in names.enumerated() {
            if let earlier = first[name] {
                problems.append(Problem(place(index), "is given already at \(place(earlier)); each must be different", got: .string(name)))
            } else {
                first[name] = index
            }
        }
        return problems
    }
}
