/// `application/x-www-form-urlencoded`, with blanks as `%20`, so that the same text serves as a URL's query.
enum FormText {
    static func encode(_ parameters: [(String, String)]) -> String {
        parameters.map { "\(escape($0.0))=\(escape($0.1))" }.joined(separator: "&")
    }

    static func escape(_ text: String) -> String {
        var out: [UInt8] = []
        let hex = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                out.append(byte)
            default: out += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

/// What a person should see of a body that isn't an answer.
enum BodySummary {
    /// One line: an HTML page's title, or a text's first line, at most 300 characters.
    static func text(_ body: [UInt8]) -> String {
        let text = String(decoding: body.prefix(8192), as: UTF8.self)
        if looksLikeHTML(body) {
            if let open = text.firstRange(of: /<title>/.ignoresCase()), let close = text[open.upperBound...].firstRange(of: /<\/title>/.ignoresCase())
            {
                return "an HTML page titled '\(oneLine(String(text[open.upperBound..<close.lowerBound])))'"
            }
            return "an HTML page"
        }
        return oneLine(text)
    }

    static func looksLikeHTML(_ body: [UInt8]) -> Bool { body.first { $0 > 0x20 } == UInt8(ascii: "<") }

    /// Whether JSON text stops within a string.
    static func endsInsideString(_ body: [UInt8]) -> Bool {
        var inside = false
        var escaped = false
        for byte in body {
            if escaped {
                escaped = false
            } else if inside, byte == UInt8(ascii: "\\") {
                escaped = true
            } else if byte == UInt8(ascii: "\"") {
                inside.toggle()
            }
        }
        return inside
    }

    static func oneLine(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        let clean = String(line.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : Character($0) })
        return clean.count > 300 ? "\(clean.prefix(300))..." : clean
    }
}
