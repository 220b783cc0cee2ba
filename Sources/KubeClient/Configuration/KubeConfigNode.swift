import Values

/// A place in a kubeconfig's YAML: reads typed fields and says where a wrong one is. Unknown fields are left alone, null means absent.
struct KubeConfigNode {
    let document: YAMLDocument
    let path: FieldPath
    let json: JSON

    init(_ document: YAMLDocument) {
        self.document = document
        path = .root
        json = document.json
    }

    private init(_ parent: KubeConfigNode, _ path: FieldPath, _ json: JSON) {
        document = parent.document
        self.path = path
        self.json = json
    }

    /// An error at this place, or at the field `key` of it.
    func failure(_ message: String, at key: String? = nil) -> KubeConfigurationError {
        let place = key.map { path.appending($0) } ?? path
        let name = place == .root ? "" : "\(place): "
        return KubeConfigurationError(.invalid, "\(document.position(of: place)): \(name)\(message)")
    }

    /// The field as a node; nil when absent or null.
    func child(_ key: String) throws(KubeConfigurationError) -> KubeConfigNode? {
        guard json.objectValue != nil else { throw failure("must be a mapping, got \(Self.kind(json))") }
        guard let value = json[key], !value.isNull else { return nil }
        return KubeConfigNode(self, path.appending(key), value)
    }

    func object(_ key: String) throws(KubeConfigurationError) -> KubeConfigNode? {
        guard let node = try child(key) else { return nil }
        guard node.json.objectValue != nil else { throw node.failure("must be a mapping, got \(Self.kind(node.json))") }
        return node
    }

    /// The text of a field; nil when absent or empty, as kubectl treats them alike. The value itself is never printed: it may be a secret.
    func string(_ key: String) throws(KubeConfigurationError) -> String? {
        guard let node = try child(key) else { return nil }
        guard let text = node.json.stringValue else { throw node.failure("must be a string, got \(Self.kind(node.json)) (put it in quotes)") }
        return text.isEmpty ? nil : text
    }

    func bool(_ key: String) throws(KubeConfigurationError) -> Bool {
        guard let node = try child(key) else { return false }
        guard let value = node.json.boolValue else { throw node.failure("must be true or false, got \(Self.kind(node.json))") }
        return value
    }

    /// The list's items; empty when absent.
    func list(_ key: String) throws(KubeConfigurationError) -> [KubeConfigNode] {
        guard let node = try child(key) else { return [] }
        guard let items = node.json.arrayValue else { throw node.failure("must be a list, got \(Self.kind(node.json))") }
        return items.enumerated().map { KubeConfigNode(node, node.path.appending($0.offset), $0.element) }
    }

    func strings(_ key: String) throws(KubeConfigurationError) -> [String] {
        var texts: [String] = []
        for item in try list(key) {
            guard let text = item.json.stringValue else { throw item.failure("must be a string, got \(Self.kind(item.json)) (put it in quotes)") }
            texts.append(text)
        }
        return texts
    }

    /// `FIELD-data` (base64) or `FIELD` (a path, relative to `directory`); data wins.
    func pem(_ key: String, directory: String) throws(KubeConfigurationError) -> PEMSource? {
        if let text = try string("\(key)-data") {
            guard let bytes = Base64.decode(text) else { throw failure("is not base64", at: "\(key)-data") }
            return .data(bytes)
        }
        return try string(key).map { .file(FilePath.resolve($0, relativeTo: directory)) }
    }

    static func kind(_ json: JSON) -> String {
        switch json {
        case .null: "nothing"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "a mapping"
        }
    }
}

/// Path arithmetic on text; no look at the disk.
enum FilePath {
    static func resolve(_ path: String, relativeTo directory: String) -> String {
        if path.hasPrefix("/") || directory.isEmpty { return path }
        return directory.hasSuffix("/") ? directory + path : "\(directory)/\(path)"
    }

    /// The folder of a file; "" for a bare name.
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
