import Values

/// Why a text is no vector selector of one metric.
package struct VectorSelectorError: Error, Sendable, Hashable, CustomStringConvertible {
    package var message: String
    /// Bytes from the start of the text.
    package var offset: Int
    /// Whether it may be right PromQL: more than a selector. The remedy is the field's.
    package var isMore = false

    package var description: String { "\(message) at offset \(offset)" }
}

extension VectorSelector {
    /// Reads PromQL's `name{label="value",other=~"a|b"}` or `{__name__="name",...}` and nothing more: no range, offset, function or operator.
    package init(parsing text: String) throws(VectorSelectorError) {
        var parser = VectorSelectorParser(text)
        self = try parser.selector()
    }
}

private struct VectorSelectorParser {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func selector() throws(VectorSelectorError) -> VectorSelector {
        skipSpace()
        guard let first = peek else { throw error("expected a metric's name, found nothing") }
        if "(+-".utf8.contains(first) || FieldPattern.isDigit(first) {
            var error = error("expected a metric's name, found \(found)")
            error.isMore = true
            throw error
        }
        var name: String?
        if Self.isNameStart(first) || first == UInt8(ascii: ":") { name = word(VectorSelector.isNameByte) }
        var matchers: [LabelMatcher] = []
        skipSpace()
        if peek == UInt8(ascii: "{") {
            position += 1
            matchers = try self.matchers(name: &name)
            skipSpace()
        }
        guard let name else {
            throw error(matchers.isEmpty && position == 0 ? "expected a metric's name, found \(found)" : "no metric is named", at: 0)
        }
        if position < bytes.count { throw trailing(after: name) }
        return VectorSelector(metricName: name, matchers: matchers)
    }

    private mutating func matchers(name: inout String?) throws(VectorSelectorError) -> [LabelMatcher] {
        var matchers: [LabelMatcher] = []
        while true {
            skipSpace()
            if take("}") { return matchers }
            let start = position
            let matcher = try self.matcher()
            if matcher.label == "__name__" {
                guard matcher.operator == .equal, !matcher.value.isEmpty else {
                    throw error("the metric must be named with __name__=\"...\"", at: start)
                }
                guard name == nil else { throw error("the metric is named twice", at: start) }
                name = matcher.value
            } else {
                matchers.append(matcher)
            }
            skipSpace()
            if take(",") { continue }
            guard take("}") else { throw error("expected ',' or '}', found \(found)") }
            return matchers
        }
    }

    private mutating func matcher() throws(VectorSelectorError) -> LabelMatcher {
        guard let first = peek, Self.isNameStart(first) else { throw error("expected a label's name or '}', found \(found)") }
        let label = word { Self.isNameStart($0) || FieldPattern.isDigit($0) }
        skipSpace()
        guard let kind = takeOperator() else { throw error("expected =, !=, =~ or !~ after \(label), found \(found)") }
        skipSpace()
        let start = position
        let value = try string()
        if kind == .matches || kind == .matchesNot, let problem = RegularExpression.problem(in: value) {
            throw error("the regular expression \(VectorSelector.quoted(value)) is not RE2's: \(problem)", at: start)
        }
        return LabelMatcher(label, kind, value)
    }

    private mutating func takeOperator() -> LabelMatcher.Operator? {
        if take("=~") { return .matches }
        if take("!~") { return .matchesNot }
        if take("!=") { return .notEqual }
        return take("=") ? .equal : nil
    }

    /// A string in double, single or back quotes, with Go's escapes in the first two.
    private mutating func string() throws(VectorSelectorError) -> String {
        let start = position
        guard let quote = peek, "\"'`".utf8.contains(quote) else { throw error("expected a string in quotes, found \(found)") }
        position += 1
        var value: [UInt8] = []
        while let byte = peek {
            position += 1
            if byte == quote {
                guard let text = String(validating: value, as: UTF8.self) else { throw error("the string is not UTF-8", at: start) }
                return text
            }
            if byte == UInt8(ascii: "\n"), quote != UInt8(ascii: "`") {
                throw error("a line break in a string must be written \\n", at: position - 1)
            }
            if byte == UInt8(ascii: "\\"), quote != UInt8(ascii: "`") {
                value += try escape(quote: quote)
            } else {
                value.append(byte)
            }
        }
        throw error("the string that begins here has no end", at: start)
    }

    private mutating func escape(quote: UInt8) throws(VectorSelectorError) -> [UInt8] {
        let start = position - 1
        let simple: [UInt8: UInt8] = [
            UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9,
            UInt8(ascii: "v"): 11, UInt8(ascii: "\\"): UInt8(ascii: "\\"), quote: quote,
        ]
        guard let byte = peek else { throw error("an escape without an end", at: start) }
        position += 1
        if let meant = simple[byte] { return [meant] }
        switch byte {
        case UInt8(ascii: "x"):
            if let code = digits(2, radix: 16) { return [UInt8(truncatingIfNeeded: code)] }
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let count = byte == UInt8(ascii: "u") ? 4 : 8
            if let scalar = digits(count, radix: 16).flatMap(Unicode.Scalar.init) { return Array(String(Character(scalar)).utf8) }
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            position -= 1
            if let code = digits(3, radix: 8), code <= 255 { return [UInt8(truncatingIfNeeded: code)] }
        default: break
        }
        throw error("no such escape in a PromQL string (a backslash itself is \\\\)", at: start)
    }

    private mutating func digits(_ count: Int, radix: Int) -> UInt32? {
        guard bytes.count - position >= count else { return nil }
        let text = bytes[position..<(position + count)]
        guard text.allSatisfy({ FieldPattern.isDigit($0) || FieldPattern.isLetter($0) }) else { return nil }
        position += count
        return UInt32(String(decoding: text, as: UTF8.self), radix: radix)
    }

    private func trailing(after name: String) -> VectorSelectorError {
        if peek == UInt8(ascii: "[") { return error("a range is set by Plimsoll; give the selector alone, found '['") }
        var error = error(
            peek == UInt8(ascii: "(")
                ? "expected a selector, found the function or operator \(name)" : "expected the end of the selector, found \(found)")
        error.isMore = true
        return error
    }

    private static func isNameStart(_ byte: UInt8) -> Bool { FieldPattern.isLetter(byte) || byte == UInt8(ascii: "_") }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func word(_ fits: (UInt8) -> Bool) -> String {
        let word = bytes[position...].prefix(while: fits)
        position += word.count
        return String(decoding: word, as: UTF8.self)
    }

    private mutating func take(_ sign: String) -> Bool {
        guard bytes[position...].starts(with: sign.utf8) else { return false }
        position += sign.utf8.count
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }

    private var found: String {
        guard position < bytes.count else { return "the end" }
        return "'\(String(decoding: bytes[position...], as: UTF8.self).prefix(1))'"
    }

    private func error(_ message: String, at offset: Int? = nil) -> VectorSelectorError {
        VectorSelectorError(message: message, offset: offset ?? position)
    }
}
