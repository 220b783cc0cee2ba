/// Reads expressions by precedence climbing, with expr-lang's precedences.
struct ExpressionParser {
    private var tokens: ArraySlice<ExpressionToken>
    private var predicates = 0
    private var depth = 0

    private static let deepest = 64
    private static let binary: [String: Int] = [
        "or": 10, "||": 10, "and": 15, "&&": 15, "==": 20, "!=": 20, "<": 20, ">": 20, "<=": 20, ">=": 20, "in": 20, "not": 20, "contains": 20,
        "startsWith": 20, "endsWith": 20, "..": 25, "+": 30, "-": 30, "*": 60, "/": 60, "%": 60, "**": 100, "^": 100, "??": 500,
    ]
    private static let unary: [String: Int] = ["not": 50, "!": 50, "-": 90, "+": 90]
    private static let synonyms = ["||": "or", "&&": "and", "!": "not", "^": "**"]
    /// Built-ins by name, with the fewest and the most arguments.
    private static let functions: [String: ClosedRange<Int>] = [
        "asInt": 1...1, "asFloat": 1...1, "isNaN": 1...1, "isInf": 1...1, "isNil": 1...1, "default": 2...2, "len": 1...1, "abs": 1...1, "ceil": 1...1,
        "floor": 1...1, "round": 1...1, "int": 1...1, "float": 1...1, "min": 1...16, "max": 1...16, "mean": 1...1, "sum": 1...1, "first": 1...1,
        "last": 1...1,
    ]
    private static let predicated: Set<String> = ["all", "any", "one", "none", "filter", "map", "count"]

    static func parse(_ text: String) throws(ExpressionError) -> Expression.Node {
        var parser = ExpressionParser(tokens: try ExpressionToken.read(text)[...])
        let node = try parser.expression(0)
        guard parser.next == .end else { throw ExpressionError("unexpected \(parser.next.text)") }
        return node
    }

    private init(tokens: ArraySlice<ExpressionToken>) { self.tokens = tokens }

    private var next: ExpressionToken { tokens.first ?? .end }

    /// An operator's text, be it a symbol or a word.
    private var nextOperator: String? {
        switch next {
        case .symbol(let text), .word(let text): text
        default: nil
        }
    }

    private mutating func take() -> ExpressionToken { tokens.popFirst() ?? .end }

    private mutating func take(_ symbol: String) -> Bool {
        guard next == .symbol(symbol) else { return false }
        tokens = tokens.dropFirst()
        return true
    }

    private mutating func expect(_ symbol: String) throws(ExpressionError) {
        guard take(symbol) else { throw ExpressionError("expected \(symbol) and not \(next.text)") }
    }

    private mutating func expression(_ least: Int) throws(ExpressionError) -> Expression.Node {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw ExpressionError("it is nested too deeply") }
        var left = try prefixed()
        while let name = nextOperator, let precedence = Self.binary[name], precedence >= least {
            _ = take()
            if name == "not" {
                // `a not in b`
                guard case .word("in") = take() else { throw ExpressionError("expected in after not") }
                left = .unary("not", .binary("in", left, try expression(precedence + 1)))
                continue
            }
            let isRightAssociative = name == "**" || name == "^"
            left = .binary(Self.synonyms[name] ?? name, left, try expression(isRightAssociative ? precedence : precedence + 1))
        }
        if least == 0, take("?") {
            let yes = try expression(0)
            try expect(":")
            return .conditional(left, yes, try expression(0))
        }
        return left
    }

    private mutating func prefixed() throws(ExpressionError) -> Expression.Node {
        if let name = nextOperator, let precedence = Self.unary[name] {
            _ = take()
            return .unary(Self.synonyms[name] ?? name, try expression(precedence))
        }
        return try postfixed(try primary())
    }

    private mutating func postfixed(_ node: Expression.Node) throws(ExpressionError) -> Expression.Node {
        var node = node
        while true {
            if take("[") {
                node = try indexed(node)
            } else if take(".") {
                node = .member(node, try name(), isOptional: false)
            } else if take("?.") {
                node = .member(node, try name(), isOptional: true)
            } else {
                return node
            }
        }
    }

    private mutating func indexed(_ node: Expression.Node) throws(ExpressionError) -> Expression.Node {
        if take(":") {
            let end = next == .symbol("]") ? nil : try expression(1)
            try expect("]")
            return .slice(node, nil, end)
        }
        let start = try expression(1)
        if take(":") {
            let end = next == .symbol("]") ? nil : try expression(1)
            try expect("]")
            return .slice(node, start, end)
        }
        try expect("]")
        return .index(node, start)
    }

    private mutating func name() throws(ExpressionError) -> String {
        guard case .word(let name) = take() else { throw ExpressionError("expected a name after the point") }
        return name
    }

    private mutating func primary() throws(ExpressionError) -> Expression.Node {
        switch take() {
        case .int(let value): return .literal(.int(value))
        case .float(let value): return .literal(.float(value))
        case .string(let value): return .literal(.string(value))
        case .symbol("("):
            let node = try expression(0)
            try expect(")")
            return node
        case .symbol("["): return .list(try arguments(until: "]"))
        case .symbol("#") where predicates > 0: return .element
        case .symbol(".") where predicates > 0: return .member(.element, try name(), isOptional: false)
        case .word(let word): return try named(word)
        case let other: throw ExpressionError("unexpected \(other.text)")
        }
    }

    private mutating func named(_ word: String) throws(ExpressionError) -> Expression.Node {
        switch word {
        case "true": return .literal(.bool(true))
        case "false": return .literal(.bool(false))
        case "nil": return .literal(.null)
        case "result": return .result
        default: break
        }
        guard take("(") else { throw ExpressionError("\(word) is not known; the value is named result") }
        if Self.predicated.contains(word) {
            let list = try expression(0)
            try expect(",")
            predicates += 1
            defer { predicates -= 1 }
            let isBraced = take("{")
            let predicate = try expression(0)
            if isBraced { try expect("}") }
            try expect(")")
            return .each(word, list, predicate: predicate)
        }
        guard let count = Self.functions[word] else { throw ExpressionError("the function \(word) is not supported") }
        let arguments = try arguments(until: ")")
        guard count.contains(arguments.count) else { throw ExpressionError("\(word) takes \(count.lowerBound) arguments and not \(arguments.count)") }
        return .call(word, arguments)
    }

    private mutating func arguments(until end: String) throws(ExpressionError) -> [Expression.Node] {
        var nodes: [Expression.Node] = []
        if take(end) { return nodes }
        repeat { nodes.append(try expression(0)) } while take(",")
        try expect(end)
        return nodes
    }
}
