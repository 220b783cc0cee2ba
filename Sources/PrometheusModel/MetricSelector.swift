/// A PromQL vector selector: a metric's name and matchers of its labels, without range, offset or `@`.
///
/// Rules are made of the parsed form, never of the text a user wrote, so that no input can break out of the place it is put in.
package struct MetricSelector: Sendable, Hashable {
    package enum Operator: String, Sendable {
        case equal = "="
        case notEqual = "!="
        case matches = "=~"
        case matchesNot = "!~"
    }

    package struct Matcher: Sendable, Hashable {
        package var label: String
        package var op: Operator
        package var value: String

        package init(_ label: String, _ op: Operator, _ value: String) {
            self.label = label
            self.op = op
            self.value = value
        }

        package var text: String { label + op.rawValue + PromQL.quoted(value) }
    }

    /// `nil` when the name is given by a matcher of `__name__`, or not at all.
    package var metric: String?
    package var matchers: [Matcher]

    package init(metric: String?, matchers: [Matcher] = []) {
        self.metric = metric
        self.matchers = matchers
    }

    /// Parses a selector; throws what is wrong and what would be accepted.
    package init(parsing text: String) throws(MetricSelectorError) {
        var parser = MetricSelectorParser(text)
        self = try parser.parse()
    }

    /// The selector with further matchers.
    package func matching(_ more: Matcher...) -> MetricSelector {
        MetricSelector(metric: metric, matchers: matchers + more)
    }

    /// The same matchers on another metric.
    package func renamed(_ name: String) -> MetricSelector {
        MetricSelector(metric: name, matchers: matchers)
    }

    /// Canonical PromQL.
    package var text: String {
        let inside = matchers.map(\.text).joined(separator: ",")
        guard let metric else { return "{\(inside)}" }
        return matchers.isEmpty ? metric : "\(metric){\(inside)}"
    }
}

extension MetricSelector: CustomStringConvertible {
    package var description: String { text }
}

/// Why a text is no vector selector.
package struct MetricSelectorError: Error, Sendable, Hashable, CustomStringConvertible {
    package let message: String
    /// Where, in Unicode scalars from the start.
    package let position: Int

    package var description: String { "\(message) at character \(position + 1)" }
}

/// The grammar of PromQL's vector selectors, as of Prometheus 2.
struct MetricSelectorParser {
    private let scalars: [Unicode.Scalar]
    private var at = 0

    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    mutating func parse() throws(MetricSelectorError) -> MetricSelector {
        var selector = MetricSelector(metric: nil)
        skipSpace()
        if let first = peek, first != "{" {
            let name = identifier(colons: true)
            if name.isEmpty { throw expected("a metric's name or '{'") }
            if ["inf", "nan"].contains(name.lowercased()) { throw expected("a metric's name, found the number \(name);") }
            selector.metric = name
        }
        skipSpace()
        if peek == "{" { selector.matchers = try matchers() }
        skipSpace()
        if at < scalars.count { throw trailing() }
        let named = selector.metric != nil
        guard named || selector.matchers.contains(where: \.excludesEmpty) else {
            throw MetricSelectorError(message: "expected a metric's name or at least one matcher that the empty string does not match", position: 0)
        }
        if named, selector.matchers.contains(where: { $0.label == "__name__" }) {
            throw MetricSelectorError(message: "the metric's name is given twice", position: 0)
        }
        return selector
    }

    private mutating func matchers() throws(MetricSelectorError) -> [MetricSelector.Matcher] {
        var result: [MetricSelector.Matcher] = []
        at += 1
        while true {
            skipSpace()
            if take("}") { return result }
            let label = identifier(colons: false)
            if label.isEmpty { throw expected("a label's name or '}'") }
            skipSpace()
            let op = try matchOperator()
            skipSpace()
            let start = at
            let value = try string()
            if op == .matches || op == .matchesNot, let problem = RegexSyntax.problem(in: value) {
                throw MetricSelectorError(message: "not a regular expression of Prometheus (RE2): \(problem); in the value that begins", position: start)
            }
            result.append(MetricSelector.Matcher(label, op, value))
            skipSpace()
            if take(",") { continue }
            if take("}") { return result }
            throw expected("',' or '}'")
        }
    }

    private mutating func matchOperator() throws(MetricSelectorError) -> MetricSelector.Operator {
        if take("=") { return take("~") ? .matches : .equal }
        if peek == "!" {
            at += 1
            if take("=") { return .notEqual }
            if take("~") { return .matchesNot }
            at -= 1
        }
        throw expected("one of = != =~ !~")
    }

    private mutating func string() throws(MetricSelectorError) -> String {
        guard let quote = peek, quote == "\"" || quote == "'" || quote == "`" else { throw expected("a value in quotes") }
        let opening = at
        at += 1
        var value = String.UnicodeScalarView()
        while let next = peek {
            at += 1
            if next == quote { return String(value) }
            if quote == "`" {
                value.append(next)
            } else if next == "\n" {
                break
            } else if next == "\\" {
                value.append(try escape(quote))
            } else {
                value.append(next)
            }
        }
        throw MetricSelectorError(message: "a value in quotes that has no end; it begins", position: opening)
    }

    private mutating func escape(_ quote: Unicode.Scalar) throws(MetricSelectorError) -> Unicode.Scalar {
        let simple: [Unicode.Scalar: Unicode.Scalar] = [
            "a": "\u{07}", "b": "\u{08}", "f": "\u{0C}", "n": "\n", "r": "\r", "t": "\t", "v": "\u{0B}", "\\": "\\", quote: quote,
        ]
        guard let letter = peek else { throw expected("an escape") }
        at += 1
        if let plain = simple[letter] { return plain }
        let digits =
            switch letter {
            case "x": 2
            case "u": 4
            case "U": 8
            default: 0
            }
        if digits > 0, at + digits <= scalars.count {
            let text = String(String.UnicodeScalarView(scalars[at..<(at + digits)]))
            // \x80 and beyond would be a lone byte, which is no UTF-8 and so no label value.
            if text.allSatisfy(\.isHexDigit), let code = UInt32(text, radix: 16), digits > 2 || code < 0x80, let scalar = Unicode.Scalar(code) {
                at += digits
                return scalar
            }
        }
        at -= 1
        throw expected("an escape such as \\\\ \\n \\t \\u00e9 (a backslash in a regular expression is written \\\\)")
    }

    private mutating func identifier(colons: Bool) -> String {
        let start = at
        while let next = peek, next == "_" || isLetter(next) || (colons && next == ":") || (at > start && isDigit(next)) { at += 1 }
        return String(String.UnicodeScalarView(scalars[start..<at]))
    }

    private func trailing() -> MetricSelectorError {
        let hints: [Unicode.Scalar: String] = ["[": "a range", "(": "a function", "@": "a time", "/": "a quotient"]
        if let next = peek, let what = hints[next] { return expected("a plain selector; \(what) is not accepted here: the rules add what they need; found it") }
        return expected("the end of the selector")
    }

    private func expected(_ what: String) -> MetricSelectorError { MetricSelectorError(message: "expected \(what)", position: at) }
    private var peek: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }
    private func isLetter(_ c: Unicode.Scalar) -> Bool { ("a"..."z").contains(c) || ("A"..."Z").contains(c) }
    private func isDigit(_ c: Unicode.Scalar) -> Bool { ("0"..."9").contains(c) }
    private mutating func skipSpace() { while let c = peek, c == " " || c == "\t" || c == "\n" || c == "\r" { at += 1 } }
    private mutating func take(_ c: Unicode.Scalar) -> Bool {
        guard peek == c else { return false }
        at += 1
        return true
    }
}

extension MetricSelector.Matcher {
    /// Whether a series without the label is surely left out. Conservative for regular expressions: only ones that plainly need a character count.
    fileprivate var excludesEmpty: Bool {
        switch op {
        case .equal: !value.isEmpty
        case .notEqual: value.isEmpty
        case .matches: value.first.map { $0 == "." || $0.isLetter || $0.isNumber } == true && !value.contains(where: { "*?|{(".contains($0) })
        case .matchesNot: value.isEmpty
        }
    }
}
