/// The syntax of RE2 as Go's regexp has it, which Prometheus uses: an expression that it refuses would stop a whole rule file from loading.
///
/// Only the syntax is checked. What newer versions added (`(?<name>`) is refused; use `(?P<name>`.
enum RegularExpression {
    /// What is wrong with the expression; nil where RE2 takes it.
    static func problem(in pattern: String) -> String? {
        var parser = RegularExpressionParser(pattern)
        do {
            _ = try parser.expression()
            return nil
        } catch {
            return error.message
        }
    }
}

private struct RegularExpressionError: Error {
    var message: String
}

private struct RegularExpressionParser {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var names: Set<String> = []

    /// RE2's bound on one count and on counts within counts.
    private static let mostRepeats = 1000
    private static let mostDepth = 200

    init(_ pattern: String) { scalars = Array(pattern.unicodeScalars) }

    /// Every parsing method returns how many times nested counts repeat their innermost part.
    mutating func expression() throws(RegularExpressionError) -> Int {
        let repeats = try alternatives()
        if position < scalars.count { throw error("an unexpected )") }
        return repeats
    }

    private mutating func alternatives() throws(RegularExpressionError) -> Int {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.mostDepth else { throw error("groups are nested too deeply") }
        var most = 1
        // `*` and its kin need something before them in this branch.
        var hasOperand = false
        while let next = peek, next != ")" {
            if next == "|" {
                position += 1
                hasOperand = false
                continue
            }
            if hasOperand == false, isRepeat(next) { throw error("nothing to repeat before \(next)") }
            guard let repeats = try atom() else { continue }
            hasOperand = true
            most = max(most, try repeated(repeats))
        }
        return most
    }

    private func isRepeat(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "*" || scalar == "+" || scalar == "?" || (scalar == "{" && count(at: position) != nil)
    }

    /// The operator after an atom, if any.
    private mutating func repeated(_ inner: Int) throws(RegularExpressionError) -> Int {
        guard let next = peek, isRepeat(next) else { return inner }
        var repeats = inner
        if next == "{", let (low, high, end) = count(at: position) {
            guard low <= Self.mostRepeats, (high ?? 0) <= Self.mostRepeats, high.map({ low <= $0 }) ?? true else {
                throw error("a bad count \(text(position..<end)); counts go up to 1000")
            }
            repeats *= max(high ?? low, 1)
            guard repeats <= Self.mostRepeats else { throw error("counts within counts repeat more than 1000 times") }
            position = end
        } else {
            position += 1
        }
        if peek == "?" { position += 1 }
        if let more = peek, isRepeat(more) { throw error("a repetition of a repetition, \(next)...\(more)") }
        return repeats
    }

    /// `{n}`, `{n,}` or `{n,m}` at a place; anything else there is literal text.
    private func count(at start: Int) -> (low: Int, high: Int?, end: Int)? {
        var at = start + 1
        func number() -> Int? {
            var digits = ""
            while at < scalars.count, ("0"..."9").contains(scalars[at]) {
                digits.unicodeScalars.append(scalars[at])
                at += 1
            }
            guard !digits.isEmpty, digits.count == 1 || !digits.hasPrefix("0") else { return nil }
            return Int(digits.prefix(9))
        }
        guard let low = number(), at < scalars.count else { return nil }
        if scalars[at] == "}" { return (low, low, at + 1) }
        guard scalars[at] == ",", at + 1 < scalars.count else { return nil }
        at += 1
        if scalars[at] == "}" { return (low, nil, at + 1) }
        guard let high = number(), at < scalars.count, scalars[at] == "}" else { return nil }
        return (low, high, at + 1)
    }

    /// One literal, class, group or assertion; nil for what sets flags only.
    private mutating func atom() throws(RegularExpressionError) -> Int? {
        guard let next = take() else { return nil }
        switch next {
        case "(": return try group()
        case "[":
            try characterClass()
            return 1
        case "\\":
            _ = try escape(inClass: false)
            return 1
        default: return 1
        }
    }

    private mutating func group() throws(RegularExpressionError) -> Int? {
        let start = position - 1
        if take("?") {
            if take("P") {
                guard take("<") else { throw error("(?P must be followed by <name>") }
                try groupName()
            } else if peek == "<" || peek == "=" || peek == "!" {
                throw error(
                    "\(text(start..<min(position + 1, scalars.count))): look-around and (?<name> are not supported; a name is written (?P<name>")
            } else if try flags() {
                return nil
            }
        }
        let repeats = try alternatives()
        guard take(")") else { throw error("a ( without )") }
        return repeats
    }

    private mutating func groupName() throws(RegularExpressionError) {
        var name = ""
        while let next = peek, next != ">" {
            guard isWord(next) else { break }
            name.unicodeScalars.append(next)
            position += 1
        }
        guard !name.isEmpty, take(">") else { throw error("a group's name must be letters, digits and _ before >") }
        guard names.insert(name).inserted else { throw error("two groups are named \(name)") }
    }

    /// `i`, `m`, `s`, `U`, off after `-`. True where they stand alone, `(?i)`; false where they begin a group, `(?i:`.
    private mutating func flags() throws(RegularExpressionError) -> Bool {
        var (negative, any) = (false, false)
        while let next = take() {
            switch next {
            case "i", "m", "s", "U": any = true
            case "-" where !negative: (negative, any) = (true, false)
            case ")" where any || !negative: return true
            case ":" where any || !negative: return false
            default: throw error("(?\(next): no such flag")
            }
        }
        throw error("a ( without )")
    }

    private mutating func characterClass() throws(RegularExpressionError) {
        _ = take("^")
        var isFirst = true
        while let next = peek {
            if next == "]", !isFirst {
                position += 1
                return
            }
            isFirst = false
            if next == "[", position + 1 < scalars.count, scalars[position + 1] == ":", try posixClass() { continue }
            guard let low = try classMember() else { continue }
            guard peek == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else { continue }
            position += 1
            let start = position
            guard let high = try classMember(), low.value <= high.value else {
                throw error("a bad range \(low)-\(text(start..<position)) in [ ]")
            }
        }
        throw error("a [ without ]")
    }

    /// A character of a class; nil for a whole class such as `\d`.
    private mutating func classMember() throws(RegularExpressionError) -> Unicode.Scalar? {
        guard let next = take() else { throw error("a [ without ]") }
        return next == "\\" ? try escape(inClass: true) : next
    }

    private mutating func posixClass() throws(RegularExpressionError) -> Bool {
        let rest = String(String.UnicodeScalarView(scalars[position...].prefix(14)))
        guard let end = rest.firstRange(of: ":]") else { return false }
        var name = rest[..<end.lowerBound].dropFirst(2)
        if name.hasPrefix("^") { name = name.dropFirst() }
        let known = ["alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word", "xdigit"]
        guard known.contains(String(name)) else { throw error("no class [:\(name):]") }
        position += rest[..<end.upperBound].unicodeScalars.count
        return true
    }

    /// What follows a backslash; the character meant, or nil for a class or an assertion.
    private mutating func escape(inClass: Bool) throws(RegularExpressionError) -> Unicode.Scalar? {
        guard let next = take() else { throw error("a backslash at the end") }
        switch next {
        case "d", "D", "s", "S", "w", "W": return nil
        case _ where !inClass && ["b", "B", "A", "z"].contains(next): return nil
        case "Q" where !inClass:
            try quotation()
            return nil
        case "p", "P":
            try unicodeClass()
            return nil
        case "a": return "\u{07}"
        case "f": return "\u{0C}"
        case "t": return "\t"
        case "n": return "\n"
        case "r": return "\r"
        case "v": return "\u{0B}"
        case "x": return try hexadecimal()
        case "0"..."7": return try octal(next)
        case _ where next.isASCII && !isWord(next) || next == "_": return next
        default: throw error("no escape \\\(next)")
        }
    }

    /// `\Q...\E`; open to the end it would swallow the `)$` that Prometheus adds.
    private mutating func quotation() throws(RegularExpressionError) {
        while position + 1 < scalars.count {
            if scalars[position] == "\\", scalars[position + 1] == "E" {
                position += 2
                return
            }
            position += 1
        }
        throw error("a \\Q without \\E")
    }

    private mutating func octal(_ first: Unicode.Scalar) throws(RegularExpressionError) -> Unicode.Scalar {
        var digits = String(Character(first))
        while digits.count < 3, let next = peek, ("0"..."7").contains(next) {
            digits.unicodeScalars.append(next)
            position += 1
        }
        guard first == "0" || digits.count > 1, let value = UInt32(digits, radix: 8), let scalar = Unicode.Scalar(value) else {
            throw error("no back-references, \\\(digits)")
        }
        return scalar
    }

    private mutating func hexadecimal() throws(RegularExpressionError) -> Unicode.Scalar {
        var digits = ""
        if take("{") {
            while let next = take(), next != "}" { digits.unicodeScalars.append(next) }
            guard position <= scalars.count, scalars[position - 1] == "}" else { throw error("\\x{ without }") }
        } else {
            while digits.count < 2, let next = take() { digits.unicodeScalars.append(next) }
            guard digits.count == 2 else { throw error("\\x takes two hexadecimal digits, or more in { }") }
        }
        guard digits.unicodeScalars.allSatisfy(\.properties.isASCIIHexDigit), let value = UInt32(digits, radix: 16),
            let scalar = Unicode.Scalar(value)
        else {
            throw error("\\x\(digits) is no character")
        }
        return scalar
    }

    private mutating func unicodeClass() throws(RegularExpressionError) {
        var name = ""
        if take("{") {
            while let next = take(), next != "}" { name.unicodeScalars.append(next) }
            guard scalars[position - 1] == "}" else { throw error("\\p{ without }") }
            if name.hasPrefix("^") { name.removeFirst() }
        } else if let next = take() {
            name.unicodeScalars.append(next)
        }
        guard Self.unicodeNames.contains(name) else { throw error("no Unicode class \\p{\(name)} that Plimsoll knows") }
    }

    private static let unicodeNames = Set(
        ("Any C Cc Cf Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs "
            + "Arabic Armenian Bengali Cherokee Common Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Han Hangul Hebrew Hiragana Inherited "
            + "Kannada Katakana Khmer Lao Latin Malayalam Mongolian Myanmar Sinhala Tamil Telugu Thai Tibetan")
            .split(separator: " ").map(String.init))

    private func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_": true
        default: false
        }
    }

    private var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take() -> Unicode.Scalar? {
        guard position < scalars.count else { return nil }
        defer { position += 1 }
        return scalars[position]
    }

    private mutating func take(_ wanted: Unicode.Scalar) -> Bool {
        guard peek == wanted else { return false }
        position += 1
        return true
    }

    private func text(_ range: Range<Int>) -> String {
        String(String.UnicodeScalarView(scalars[range]))
    }

    private func error(_ message: String) -> RegularExpressionError { RegularExpressionError(message: message) }
}
