/// Why a text is no label selector.
package struct LabelSelectorError: Error, Sendable, Hashable, CustomStringConvertible {
    package var message: String
    /// Bytes from the start of the text.
    package var offset: Int

    package var description: String { "label selector: \(message) at offset \(offset)" }
}

extension LabelSelector {
    /// Reads `a=b,a==b,a!=b,c in (d,e),c notin (d),e,!f`, as kubectl and the API server do.
    package static func parse(_ text: String) throws(LabelSelectorError) -> LabelSelector {
        var parser = LabelSelectorParser(text)
        return try parser.selector()
    }
}

private struct LabelSelectorParser {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func selector() throws(LabelSelectorError) -> LabelSelector {
        var selector = LabelSelector()
        skipSpace()
        if position == bytes.count { return selector }
        while true {
            try requirement(into: &selector)
            skipSpace()
            if position == bytes.count { return selector }
            guard take(",") else { throw error("expected ',' or the end, found '\(rest)'") }
        }
    }

    private mutating func requirement(into selector: inout LabelSelector) throws(LabelSelectorError) {
        skipSpace()
        if take("!") {
            selector.matchExpressions.append(.init(key: try key(), operator: .doesNotExist))
            return
        }
        let name = try key()
        skipSpace()
        if take("!=") {
            selector.matchExpressions.append(.init(key: name, operator: .notIn, values: [try value()]))
        } else if take("==") || take("=") {
            let wanted = try value()
            if selector.matchLabels[name] == nil {
                selector.matchLabels[name] = wanted
            } else {
                selector.matchExpressions.append(.init(key: name, operator: .in, values: [wanted]))
            }
        } else if takeWord("in") {
            selector.matchExpressions.append(.init(key: name, operator: .in, values: try values()))
        } else if takeWord("notin") {
            selector.matchExpressions.append(.init(key: name, operator: .notIn, values: try values()))
        } else if position == bytes.count || bytes[position] == UInt8(ascii: ",") {
            selector.matchExpressions.append(.init(key: name, operator: .exists))
        } else {
            throw error("expected =, ==, !=, in, notin or ',' after \"\(name)\", found '\(rest)'")
        }
    }

    private mutating func values() throws(LabelSelectorError) -> [String] {
        skipSpace()
        guard take("(") else { throw error("expected '(' before the values") }
        var found: Set<String> = []
        while true {
            found.insert(try value())
            skipSpace()
            if take(")") { return found.sorted() }
            guard take(",") else { throw error("expected ',' or ')' in the values") }
        }
    }

    private mutating func key() throws(LabelSelectorError) -> String {
        skipSpace()
        let start = position
        let text = word()
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let prefixFits = parts.count < 2 || (!parts[0].isEmpty && parts[0].utf8.count <= 253)
        guard parts.count <= 2, prefixFits, let name = parts.last, !name.isEmpty, Self.isName(name) else {
            position = start
            throw error(
                text.isEmpty ? "expected a label key" : "\"\(text)\" is no label key ([prefix/]name, at most 63 of letters, digits, '-', '_', '.')")
        }
        return text
    }

    private mutating func value() throws(LabelSelectorError) -> String {
        skipSpace()
        let start = position
        let text = word()
        guard text.isEmpty || Self.isName(text[...]) else {
            position = start
            throw error("\"\(text)\" is no label value (at most 63 of letters, digits, '-', '_', '.', beginning and ending with a letter or digit)")
        }
        return text
    }

    private static func isName(_ text: Substring) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    /// Everything up to a space or one of the selector's own signs.
    private mutating func word() -> String {
        let start = position
        while position < bytes.count, !Self.isSpace(bytes[position]), !",=!()<>".utf8.contains(bytes[position]) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func skipSpace() {
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
    }

    private mutating func take(_ sign: String) -> Bool {
        guard bytes[position...].starts(with: sign.utf8) else { return false }
        position += sign.utf8.count
        return true
    }

    private mutating func takeWord(_ expected: String) -> Bool {
        let start = position
        if word() == expected { return true }
        position = start
        return false
    }

    private var rest: String { String(decoding: bytes[position...].prefix(20), as: UTF8.self) }

    private func error(_ message: String) -> LabelSelectorError { LabelSelectorError(message: message, offset: position) }
}
