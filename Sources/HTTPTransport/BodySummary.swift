/// What a person should see of a body that isn't an answer.
package enum BodySummary {
    /// One line: an HTML page's title, or a text's first line, at most 300 characters.
    package static func text(_ body: [UInt8]) -> String {
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

    /// Whether it begins as a page would.
    package static func looksLikeHTML(_ body: [UInt8]) -> Bool { body.first { $0 > 0x20 } == UInt8(ascii: "<") }

    /// Whether JSON text stops within a string.
    package static func endsInsideString(_ body: [UInt8]) -> Bool {
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

    /// The first line, without what a terminal would heed, at most 300 characters.
    package static func oneLine(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        let clean = String(line.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : Character($0) })
        return clean.count > 300 ? "\(clean.prefix(300))..." : clean
    }
}
