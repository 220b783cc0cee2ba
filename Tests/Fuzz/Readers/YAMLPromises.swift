import Values

/// What is read is written so that it is read back; a JSON manifest means what JSON says; every value has a place.
enum YAMLPromises {
    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        for document in (try? YAML.parse(bytes: bytes, file: "fuzz.yaml")) ?? [] {
            let text = YAML.text(document.json)
            let again = try? YAML.parse(text, file: "again.yaml")
            try promise(again?.map(\.json) == [document.json] || document.json.isNull, "what is written is not read back as the same:\n\(text)")
            try places(of: document.json, at: .root, in: document)
        }
        for name in ["fuzz.yaml", "fuzz.json"] {
            guard let tree = try? JSON(parsing: bytes), let manifest = try? YAML.parseManifest(bytes: bytes, file: name) else { continue }
            if tree.objectValue != nil || name.hasSuffix(".json") {
                try promise(manifest.map(\.json) == [tree], "\(name), which is JSON, is read as \(manifest.map(\.json)) instead of \(tree)")
            }
        }
    }

    private static func places(of tree: JSON, at path: FieldPath, in document: YAMLDocument) throws(BrokenPromise) {
        let place = document.position(of: path)
        try promise(place.line >= 1 && place.column >= 1, "\(path) stands at \(place)")
        // A few on each level: a document has as many paths as values, and each is looked up from the root.
        for (index, element) in (tree.arrayValue ?? []).prefix(3).enumerated() { try places(of: element, at: path.appending(index), in: document) }
        for member in (tree.objectValue ?? [:]).prefix(3) { try places(of: member.value, at: path.appending(member.key), in: document) }
    }
}
