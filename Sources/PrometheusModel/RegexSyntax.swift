/// The syntax of Prometheus's regular expressions (Go's RE2), checked so that no rule file carries one that the server would refuse: one bad
/// expression makes it refuse the whole file.
package enum RegexSyntax {
    /// What is wrong with a pattern; `nil` when Prometheus accepts it. Conservative: a rare Unicode class by name may be refused though it exists.
    package static func problem(in pattern: String) -> String? {
        var parser = RegexParser(pattern)
        do {
            try parser.parse()
            return nil
        } catch {
            return error.message
        }
    }
}

private struct RegexProblem: Error {
    let message: String
}

private struct RegexParser {
    private let scalars: [Unicode.Scalar]
    private var at = 0
    private var depth = 0

    /// Go refuses counted repetitions beyond it, nested ones multiplied.
    private static let maximumRepeat = 1000
    private static let maximumDepth = 200

    init(_ pattern: String) {
        scalars = Array(pattern.unicodeScalars)
    }

    mutating func parse() throws(RegexProblem) {
        _ = try alternatives()
        if at < scalars.count { throw RegexProblem(message: "')' without '('") }
    }

    /// Returns the largest product of counted repetitions inside.
    private mutating func alternatives() throws(RegexProblem) -> Int {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw RegexProblem(message: "nested deeper than \(Self.maximumDepth) groups") }
        var largest = 1
        while let next = peek, next != ")" {
            if next == "|" {
                at += 1
                continue
            }
            largest = max(largest, try repeated())
        }
        return largest
    }

    private mutating func repeated() throws(RegexProblem) -> Int {
        var product = try atom()
        var operators = 0
        while let count = try repetition() {
            operators += 1
            guard operators == 1 else { throw RegexProblem(message: "a repetition of a repetition") }
            product *= max(count, 1)
            guard product <= Self.maximumRepeat else { throw RegexProblem(message: "repetitions multiply beyond \(Self.maximumRepeat)") }
        }
        return product
    }

    /// Consumes `*`, `+`, `?` or `{n,m}`, with a `?` behind it, and returns its count; `nil` when none is next.
    private mutating func repetition() throws(RegexProblem) -> Int? {
        guard let next = peek else { return nil }
        var count = 1
        if next == "*" || next == "+" || next == "?" {
            at += 1
        } else if next == "{", let bounds = braces() {
            guard bounds.low <= Self.maximumRepeat, bounds.high.map({ $0 <= Self.maximumRepeat && $0 >= bounds.low }) != false else {
                throw RegexProblem(message: "a repetition's bounds must rise and be at most \(Self.maximumRepeat)")
            }
            at = bounds.end
            count = bounds.high ?? bounds.low
        } else {
            return nil
        }
        _ = take("?")
        return count
    }

    /// `{n}`, `{n,}` or `{n,m}` here; a brace of any other form is a literal.
    private func braces() -> (low: Int, high: Int?, end: Int)? {
        var i = at + 1
        func number() -> Int? {
            let start = i
            while i < scalars.count, ("0"..."9").contains(scalars[i]) { i += 1 }
            return i == start ? nil : Int(String(String.UnicodeScalarView(scalars[start..<i]))) ?? Int.max
        }
        guard let low = number(), i < scalars.count else { return nil }
        var high: Int? = low
        if scalars[i] == "," {
            i += 1
            high = number()
        }
        guard i < scalars.count, scalars[i] == "}" else { return nil }
        return (low, high, i + 1)
    }

    private mutating func atom() throws(RegexProblem) -> Int {
        guard let next = peek else { return 1 }
        at += 1
        switch next {
        case "(": return try group()
        case "[":
            try characterClass()
            return 1
        case "\\":
            try escape(inClass: false)
            return 1
        case "*", "+", "?": throw RegexProblem(message: "'\(next)' with nothing before it to repeat")
        case "{":
            at -= 1
            if braces() != nil { throw RegexProblem(message: "'{' with nothing before it to repeat") }
            at += 1
            return 1
        default: return 1
        }
    }

    private mutating func group() throws(RegexProblem) -> Int {
        if take("?") {
            if take("P") {
                guard take("<"), nameUpToAngle() else { throw RegexProblem(message: "'(?P' that is no named group (?P<name>...)") }
            } else if try flags() {
                return 1
            }
        }
        let inside = try alternatives()
        guard take(")") else { throw RegexProblem(message: "'(' without ')'") }
        return inside
    }

    private mutating func nameUpToAngle() -> Bool {
        let start = at
        while let c = peek, c == "_" || (c.isASCII && (c.properties.isAlphabetic || ("0"..."9").contains(c))) { at += 1 }
        return at > start && take(">")
    }

    /// The flags after `(?`. True when they end with `)`: the group is complete.
    private mutating func flags() throws(RegexProblem) -> Bool {
        var negative = false
        var letters = 0
        while let c = peek {
            at += 1
            switch c {
            case "i", "m", "s", "U": letters += 1
            case "-" where !negative:
                negative = true
                letters = 0
            case ":" where !negative || letters > 0: return false
            case ")" where letters > 0: return true
            default: throw RegexProblem(message: "'(?' that RE2 does not know (it has no look-around and no back references)")
            }
        }
        throw RegexProblem(message: "'(' without ')'")
    }

    private mutating func characterClass() throws(RegexProblem) {
        _ = take("^")
        var first = true
        while let c = peek, first || c != "]" {
            if c == "-", !first, at + 1 < scalars.count, scalars[at + 1] != "]" {
                throw RegexProblem(message: "'-' inside [...] must stand first, last, between two characters, or be escaped")
            }
            first = false
            if c == "[", at + 1 < scalars.count, scalars[at + 1] == ":", try namedClass() { continue }
            guard let low = try classCharacter() else { continue }
            if peek == "-", at + 1 < scalars.count, scalars[at + 1] != "]" {
                at += 1
                guard let high = try classCharacter(), low <= high else { throw RegexProblem(message: "a range inside [...] that does not rise") }
            }
        }
        guard take("]") else { throw RegexProblem(message: "'[' without ']'") }
    }

    /// One character inside `[...]`; `nil` for an escape that stands for several.
    private mutating func classCharacter() throws(RegexProblem) -> Unicode.Scalar? {
        guard let c = peek else { throw RegexProblem(message: "'[' without ']'") }
        at += 1
        return c == "\\" ? try escape(inClass: true) : c
    }

    private mutating func namedClass() throws(RegexProblem) -> Bool {
        guard let close = (at + 2..<scalars.count).first(where: { scalars[$0] == "]" }), scalars[close - 1] == ":", close >= at + 3 else { return false }
        var name = String(String.UnicodeScalarView(scalars[(at + 2)..<(close - 1)]))
        if name.hasPrefix("^") { name.removeFirst() }
        let known: Set = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word", "xdigit",
        ]
        guard known.contains(name) else { throw RegexProblem(message: "no character class [:\(name):]") }
        at = close + 1
        return true
    }

    /// After a backslash. Returns the one character it stands for, if it is one.
    @discardableResult
    private mutating func escape(inClass: Bool) throws(RegexProblem) -> Unicode.Scalar? {
        guard let c = peek else { throw RegexProblem(message: "a backslash at the end") }
        at += 1
        switch c {
        case "d", "D", "s", "S", "w", "W": return nil
        case "A", "b", "B", "z" where !inClass: return nil
        case "Q" where !inClass:
            while at < scalars.count {
                if scalars[at] == "\\", at + 1 < scalars.count, scalars[at + 1] == "E" {
                    at += 2
                    return nil
                }
                at += 1
            }
            return nil
        case "p", "P":
            try unicodeClass()
            return nil
        case "a": return "\u{07}"
        case "f": return "\u{0C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{0B}"
        case "x": return try hexadecimal()
        case "0": return "\0"
        default:
            guard c.isASCII, c.value > 0x20, c.value < 0x7F, !c.properties.isAlphabetic, !("0"..."9").contains(c) else {
                throw RegexProblem(message: "no escape \\\(c)")
            }
            return c
        }
    }

    private mutating func hexadecimal() throws(RegexProblem) -> Unicode.Scalar {
        let braced = take("{")
        let start = at
        while let c = peek, Character(c).isHexDigit, braced || at < start + 2 { at += 1 }
        let text = String(String.UnicodeScalarView(scalars[start..<at]))
        guard braced ? take("}") : text.utf8.count == 2, let code = UInt32(text, radix: 16), let scalar = Unicode.Scalar(code) else {
            throw RegexProblem(message: "\\x takes two hexadecimal digits, or {...}")
        }
        return scalar
    }

    private mutating func unicodeClass() throws(RegexProblem) {
        let known: Set = [
            "C", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "N", "Nd", "Nl", "No", "P", "S", "Z", "Arabic", "Cyrillic", "Greek", "Han", "Hebrew",
            "Hiragana", "Katakana", "Latin", "Thai",
        ]
        var name = ""
        if take("{") {
            _ = take("^")
            while let c = peek, c != "}" {
                name.unicodeScalars.append(c)
                at += 1
            }
            guard take("}") else { throw RegexProblem(message: "\\p{ without }") }
        } else if let c = peek {
            name = String(Character(c))
            at += 1
        }
        guard known.contains(name) else { throw RegexProblem(message: "no Unicode class \\p{\(name)}") }
    }

    private var peek: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }
    private mutating func take(_ c: Unicode.Scalar) -> Bool {
        guard peek == c else { return false }
        at += 1
        return true
    }
}
