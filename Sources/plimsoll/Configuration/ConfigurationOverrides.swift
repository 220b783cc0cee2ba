import Values

/// Single settings that flags and the environment put over the file's: `--set serving.address=...`, `PLIMSOLL_SERVING_ADDRESS=...`.
///
/// What can be set so are the scalars that are in no list. Flags win over the environment, and both over the file, each time it is read.
struct ConfigurationOverrides: Sendable {
    private struct Setting: Sendable {
        var path: FieldPath
        var keys: [String]
        var value: JSON
        /// For messages: the flag or variable.
        var origin: String
    }

    private var settings: [Setting] = []

    /// - Parameter flags: `PATH=VALUE` each.
    init(flags: [String] = [], environment: [String: String] = [:]) throws(CommandFailure) {
        let scalars = Self.scalars()
        for (keys, type) in scalars {
            let name = Self.variable(keys)
            if let text = environment[name] { settings.append(Self.setting(keys, type, text, origin: name)) }
        }
        for flag in flags {
            let parts = flag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let known = scalars.first { $0.keys.joined(separator: ".") == parts[0] }
            guard parts.count == 2, let known else {
                let names = scalars.map { $0.keys.joined(separator: ".") }.joined(separator: ", ")
                throw .usage("run", "--set \(flag): expected PATH=VALUE, where PATH is one of \(names)")
            }
            settings.append(Self.setting(known.keys, known.type, parts[1], origin: "--set \(parts[0])"))
        }
    }

    /// `PLIMSOLL_SERVING_ADDRESS` for `serving.address`.
    private static func variable(_ keys: [String]) -> String {
        "PLIMSOLL_" + String(decoding: keys.joined(separator: "_").utf8.map { $0 >= 0x61 && $0 <= 0x7A ? $0 - 0x20 : $0 }, as: UTF8.self)
    }

    /// The paths of all scalars in no list, with their types in the schema.
    private static func scalars() -> [(keys: [String], type: String)] {
        var found: [(keys: [String], type: String)] = []
        func collect(_ schema: JSON, _ keys: [String]) {
            for (name, property) in schema["properties"]?.objectValue ?? JSONObject() {
                switch property["type"]?.stringValue {
                case "object"?: collect(property, keys + [name])
                case "array"?, nil: break
                case let type?: found.append((keys + [name], type))
                }
            }
        }
        collect(DaemonConfiguration.schema(), [])
        return found
    }

    private static func setting(_ keys: [String], _ type: String, _ text: String, origin: String) -> Setting {
        let value: JSON =
            switch (type, text) {
            case ("boolean", "true"): true
            case ("boolean", "false"): false
            case ("integer", _): Int64(text).map { .int($0) } ?? .string(text)
            default: .string(text)
            }
        return Setting(path: keys.reduce(FieldPath.root) { $0.appending($1) }, keys: keys, value: value, origin: origin)
    }

    /// The tree with these settings in it.
    func applied(to json: JSON) -> JSON {
        settings.reduce(json) { Self.put($1.value, at: $1.keys[...], in: $0) }
    }

    private static func put(_ value: JSON, at keys: ArraySlice<String>, in json: JSON) -> JSON {
        guard let first = keys.first else { return value }
        // What is no object is a problem of its own, which the reader tells.
        guard json.isNull || json.objectValue != nil else { return json }
        var object = json.objectValue ?? JSONObject()
        object[first] = put(value, at: keys.dropFirst(), in: object[first] ?? .null)
        return .object(object)
    }

    /// Which flag or variable set the value at a path, if one did.
    func origin(of path: FieldPath) -> String? { settings.last { $0.path == path }?.origin }
}
