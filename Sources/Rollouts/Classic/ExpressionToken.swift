/// What is wrong with a condition's expression, or why it could not be evaluated.
package struct ExpressionError: Error, Sendable, Hashable, CustomStringConvertible {
    package let message: String
    package var description: String { message }

    init(_ message: String) { self.message = message }
}

/// A word of an expression.
enum ExpressionToken: Hashable {
    case int(Int64)
    case float(Double)
    case string(String)
    /// A name, a keyword or an operator that is a word.
    case word(String)
    case symbol(String)
    case end

    /// As it was written, or nearly.
    var text: String {
        switch self {
        case .int(let value): "\(value)"
        case .float(let value): "\(value)"
        case .string(let value): "\"\(value)\""
        case .word(let value), .symbol(let value): value
        case .end: "the end"
        }
    }

    private static let symbols = [
        "==", "!=", "<=", ">=", "&&", "||", "**", "??", "?.", "..", "<", ">", "!", "+", "-", "*", "/", "%", "^", "(", ")", "[", "]", "{", "}", ",",
        ".",
        "?", ":", "#",
    ]

    static func read(_ text: String) throws(ExpressionError) -> [ExpressionToken] {
        var rest = Array(text.unicodeScalars)[...]
        var tokens: [ExpressionToken] = []
        while let next = rest.first {
            if next.properties.isWhitespace {
                rest = rest.dropFirst()
            } else if ("0"..."9").contains(next) || (next == "." && rest.dropFirst().first.map { ("0"..."9").contains($0) } ?? false) {
                tokens.append(try number(&rest))
            } else if next == "\"" || next == "'" || next == "`" {
                tokens.append(.string(try string(&rest, quote: next)))
            } else if isWordStart(next) {
                let word = rest.prefix { isWordStart($0) || ("0"..."9").contains($0) }
                rest = rest.dropFirst(word.count)
                tokens.append(.word(String(String.UnicodeScalarView(word))))
            } else if let symbol = symbols.first(where: { rest.starts(with: $0.unicodeScalars) }) {
                rest = rest.dropFirst(symbol.unicodeScalars.count)
                tokens.append(.symbol(symbol))
            } else {
                throw ExpressionError("unexpected \(next)")
            }
        }
        return tokens + [.end]
    }

    private static func isWordStart(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_" || scalar == "$"
    }

    private static func number(_ rest: inout ArraySlice<Unicode.Scalar>) throws(ExpressionError) -> ExpressionToken {
        var text = ""
        var isFloat = false
        while let next = rest.first {
            let isExponentSign = (next == "+" || next == "-") && (text.last == "e" || text.last == "E")
            // `1..3` is a range and no fraction.
            let isPoint = next == "." && !isFloat && rest.dropFirst().first != "."
            guard ("0"..."9").contains(next) || isWordStart(next) || isExponentSign || isPoint else { break }
            if next == "." || next == "e" || next == "E" { isFloat = true }
            if next != "_" { text.unicodeScalars.append(next) }
            rest = rest.dropFirst()
        }
        if !isFloat, let value = Int64(text) { return .int(value) }
        guard isFloat, let value = Double(text) else { throw ExpressionError("\(text) is no number") }
        return .float(value)
    }

    private static func string(_ rest: inout ArraySlice<Unicode.Scalar>, quote: Unicode.Scalar) throws(ExpressionError) -> String {
        rest = rest.dropFirst()
        var text = ""
        while let next = rest.popFirst() {
            if next == quote { return text }
            guard next == "\\", quote != "`" else {
                text.unicodeScalars.append(next)
                continue
            }
            switch rest.popFirst() {
            case "n": text += "\n"
            case "t": text += "\t"
            case "r": text += "\r"
            case let escaped? where escaped == "\\" || escaped == "\"" || escaped == "'": text.unicodeScalars.append(escaped)
            case let other?: throw ExpressionError("no escape \\\(other)")
            case nil: break
            }
        }
        throw ExpressionError("a string without its closing \(quote)")
    }
}
