import Values

/// A configuration as a tree, so that its secrets are known by their fields' names.
enum ConfigurationText {
    static func readable(_ text: String) -> JSON {
        guard let documents = try? YAML.parseManifest(bytes: Array(text.utf8), file: "configuration"), documents.count == 1,
            case .object = documents[0].json
        else { return .string(masked(text)) }
        return documents[0].json
    }

    /// Broken YAML: behind a field with a secret's name everything goes up to the next field, deeper lines included.
    static func masked(_ text: String) -> String {
        var lines: [Substring] = []
        var hidden: Int?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let indentation = line.prefix { $0 == " " || $0 == "\t" || $0 == "-" }.count
            if let depth = hidden {
                if indentation > depth || line.allSatisfy(\.isWhitespace) { continue }
                hidden = nil
            }
            guard let colon = line.firstIndex(of: ":"), Redaction.isSensitive(name(line[..<colon])) else {
                lines.append(line)
                continue
            }
            lines.append("\(line[...colon]) \(Redaction.mark)")
            hidden = indentation
        }
        return lines.joined(separator: "\n")
    }

    private static func name(_ text: Substring) -> String { String(text.filter { !" \t\"'-{,".contains($0) }) }
}
