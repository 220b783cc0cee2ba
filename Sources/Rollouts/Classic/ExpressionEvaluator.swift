extension Expression {
    /// What an expression says of a result.
    struct Outcome: Hashable {
        var isTrue: Bool
        /// It compared or computed with NaN or an infinity, without asking `isNaN` or `isInf`: its answer rests on no number.
        var restsOnNoNumber: Bool
    }

    func evaluate(_ result: ExpressionValue) throws(ExpressionError) -> Outcome {
        var evaluator = ExpressionEvaluator(result: result)
        let value = try evaluator.value(of: root)
        guard case .bool(let isTrue) = value else { throw ExpressionError("it gives \(value.kind) and no boolean") }
        return Outcome(isTrue: isTrue, restsOnNoNumber: evaluator.usedNonFinite && !evaluator.askedForNonFinite)
    }
}

struct ExpressionEvaluator {
    let result: ExpressionValue
    private(set) var usedNonFinite = false
    private(set) var askedForNonFinite = false
    /// What predicates look at, the innermost last.
    private var elements: [ExpressionValue] = []

    init(result: ExpressionValue) { self.result = result }

    mutating func value(of node: Expression.Node) throws(ExpressionError) -> ExpressionValue {
        switch node {
        case .literal(let value): return value
        case .result: return result
        case .element: return elements.last ?? .null
        case .list(let nodes): return .array(try values(of: nodes))
        case .unary(let name, let operand): return try unary(name, try value(of: operand))
        case .binary(let name, let left, let right): return try binary(name, left, right)
        case .conditional(let condition, let yes, let no): return try value(of: try truth(of: condition) ? yes : no)
        case .index(let base, let index): return try element(of: try value(of: base), at: try value(of: index))
        case .slice(let base, let start, let end):
            guard case .array(let list) = try value(of: base) else { throw ExpressionError("only lists have slices") }
            let from = try position(start, in: list, otherwise: 0)
            let to = try position(end, in: list, otherwise: list.count)
            return .array(from < to ? Array(list[from..<to]) : [])
        case .member(let base, let name, let isOptional):
            switch try value(of: base) {
            case .map(let members): return members[name] ?? .null
            case .null where isOptional: return .null
            case let other: throw ExpressionError("\(other.kind) has no member \(name)")
            }
        case .call(let name, let arguments): return try call(name, arguments)
        case .each(let name, let list, let predicate): return try each(name, try value(of: list), predicate)
        }
    }

    private mutating func values(of nodes: [Expression.Node]) throws(ExpressionError) -> [ExpressionValue] {
        var values: [ExpressionValue] = []
        for node in nodes { values.append(try value(of: node)) }
        return values
    }

    private mutating func truth(of node: Expression.Node) throws(ExpressionError) -> Bool {
        let value = try value(of: node)
        guard case .bool(let truth) = value else { throw ExpressionError("expected a boolean and not \(value.kind)") }
        return truth
    }

    private mutating func number(_ value: ExpressionValue, for what: String) throws(ExpressionError) -> Double {
        guard let number = value.number else { throw ExpressionError("\(what) needs a number and not \(value.kind)") }
        if !number.isFinite { usedNonFinite = true }
        return number
    }

    // MARK: Operators

    private mutating func unary(_ name: String, _ value: ExpressionValue) throws(ExpressionError) -> ExpressionValue {
        switch (name, value) {
        case ("not", .bool(let truth)): return .bool(!truth)
        case ("-", .int(let number)) where number != .min: return .int(-number)
        case ("-", .float(let number)): return .float(-number)
        case ("+", .int), ("+", .float): return value
        default: throw ExpressionError("\(name) does not go with \(value.kind)")
        }
    }

    private mutating func binary(_ name: String, _ left: Expression.Node, _ right: Expression.Node) throws(ExpressionError) -> ExpressionValue {
        switch name {
        case "and": return .bool(try truth(of: left) ? try truth(of: right) : false)
        case "or": return .bool(try truth(of: left) ? true : try truth(of: right))
        case "??":
            let value = try value(of: left)
            return value == .null ? try self.value(of: right) : value
        default: break
        }
        let a = try value(of: left)
        let b = try value(of: right)
        switch name {
        case "==", "!=":
            if let x = a.number, let y = b.number, !x.isFinite || !y.isFinite { usedNonFinite = true }
            return .bool(a.equals(b) == (name == "=="))
        case "<", ">", "<=", ">=": return .bool(try compare(name, a, b))
        case "in": return .bool(try contains(b, a))
        case "contains", "startsWith", "endsWith":
            guard case .string(let text) = a, case .string(let part) = b else { throw ExpressionError("\(name) needs two strings") }
            return .bool(
                name == "contains"
                    ? part.isEmpty || text.firstRange(of: part) != nil : name == "startsWith" ? text.hasPrefix(part) : text.hasSuffix(part))
        case "..":
            guard case .int(let low) = a, case .int(let high) = b, high.subtractingReportingOverflow(low).partialValue < 10_000 else {
                throw ExpressionError("a range needs two whole numbers, at most 10000 apart")
            }
            return .array(low <= high ? (low...high).map { .int($0) } : [])
        default: return try arithmetic(name, a, b)
        }
    }

    private mutating func compare(_ name: String, _ a: ExpressionValue, _ b: ExpressionValue) throws(ExpressionError) -> Bool {
        if case .string(let x) = a, case .string(let y) = b {
            return name == "<" ? x < y : name == ">" ? x > y : name == "<=" ? x <= y : x >= y
        }
        let x = try number(a, for: name)
        let y = try number(b, for: name)
        return name == "<" ? x < y : name == ">" ? x > y : name == "<=" ? x <= y : x >= y
    }

    private func contains(_ container: ExpressionValue, _ value: ExpressionValue) throws(ExpressionError) -> Bool {
        switch (container, value) {
        case (.array(let elements), _): return elements.contains { $0.equals(value) }
        case (.map(let members), .string(let key)): return members[key] != nil
        case (.null, _): return false
        default: throw ExpressionError("in needs a list or a map and not \(container.kind)")
        }
    }

    private mutating func arithmetic(_ name: String, _ a: ExpressionValue, _ b: ExpressionValue) throws(ExpressionError) -> ExpressionValue {
        if name == "+", case .string(let x) = a, case .string(let y) = b { return .string(x + y) }
        if case .int(let x) = a, case .int(let y) = b, name != "/", name != "**" {
            let (value, overflow): (Int64, Bool)
            switch name {
            case "+": (value, overflow) = x.addingReportingOverflow(y)
            case "-": (value, overflow) = x.subtractingReportingOverflow(y)
            case "*": (value, overflow) = x.multipliedReportingOverflow(by: y)
            case "%": (value, overflow) = x.remainderReportingOverflow(dividingBy: y)
            default: throw ExpressionError("no operator \(name)")
            }
            guard !overflow else { throw ExpressionError("\(x) \(name) \(y) is no whole number of 64 bits") }
            return .int(value)
        }
        let x = try number(a, for: name)
        let y = try number(b, for: name)
        switch name {
        case "+": return .float(x + y)
        case "-": return .float(x - y)
        case "*": return .float(x * y)
        case "/": return .float(x / y)
        case "**": return .float(try power(x, y))
        default: throw ExpressionError("\(name) needs whole numbers")
        }
    }

    /// Whole exponents only, which conditions have.
    private func power(_ base: Double, _ exponent: Double) throws(ExpressionError) -> Double {
        guard let count = Int(exactly: exponent), abs(count) <= 1024 else { throw ExpressionError("** needs a whole exponent up to 1024") }
        let value = (0..<abs(count)).reduce(1.0) { product, _ in product * base }
        return count < 0 ? 1 / value : value
    }

    // MARK: Lists

    private func element(of base: ExpressionValue, at index: ExpressionValue) throws(ExpressionError) -> ExpressionValue {
        switch (base, index) {
        case (.map(let members), .string(let key)): return members[key] ?? .null
        case (.array(let elements), .int(let index)):
            guard !elements.isEmpty else { throw ExpressionError("the result is empty") }
            let at = index < 0 ? Int64(elements.count) + index : index
            guard at >= 0, at < Int64(elements.count) else { throw ExpressionError("index \(index) is beyond the list of \(elements.count)") }
            return elements[Int(at)]
        default: throw ExpressionError("\(base.kind) has no element \(index.kind == "a number" ? "by number" : "of that name")")
        }
    }

    private mutating func position(_ node: Expression.Node?, in list: [ExpressionValue], otherwise: Int) throws(ExpressionError) -> Int {
        guard let node else { return otherwise }
        guard case .int(let at) = try value(of: node) else { throw ExpressionError("a slice needs whole numbers") }
        return Int(min(max(at < 0 ? at + Int64(list.count) : at, 0), Int64(list.count)))
    }

    private mutating func each(_ name: String, _ list: ExpressionValue, _ predicate: Expression.Node) throws(ExpressionError) -> ExpressionValue {
        guard case .array(let values) = list else { throw ExpressionError("\(name) needs a list and not \(list.kind)") }
        var mapped: [ExpressionValue] = []
        var chosen: [ExpressionValue] = []
        for value in values {
            elements.append(value)
            defer { elements.removeLast() }
            if name == "map" {
                mapped.append(try self.value(of: predicate))
            } else if try truth(of: predicate) {
                chosen.append(value)
            }
        }
        switch name {
        case "all": return .bool(chosen.count == values.count)
        case "any": return .bool(!chosen.isEmpty)
        case "one": return .bool(chosen.count == 1)
        case "none": return .bool(chosen.isEmpty)
        case "count": return .int(Int64(chosen.count))
        case "filter": return .array(chosen)
        default: return .array(mapped)
        }
    }

    // MARK: Functions

    private mutating func call(_ name: String, _ nodes: [Expression.Node]) throws(ExpressionError) -> ExpressionValue {
        let arguments = try values(of: nodes)
        let first = arguments.first ?? .null
        switch name {
        case "isNaN", "isInf":
            askedForNonFinite = true
            guard let number = first.number else { throw ExpressionError("\(name) needs a number and not \(first.kind)") }
            return .bool(name == "isNaN" ? number.isNaN : number.isInfinite)
        case "isNil": return .bool(first == .null)
        case "default": return first == .null ? arguments.last ?? .null : first
        case "len": return .int(Int64(try count(first)))
        case "asInt", "int": return .int(try whole(first))
        case "asFloat", "float":
            if case .string(let text) = first {
                guard let value = Double(text) else { throw ExpressionError("\"\(text)\" is no number") }
                return .float(value)
            }
            return .float(try number(first, for: name))
        case "first", "last":
            guard case .array(let list) = first else { throw ExpressionError("\(name) needs a list and not \(first.kind)") }
            return (name == "first" ? list.first : list.last) ?? .null
        case "abs": return .float(abs(try number(first, for: name)))
        case "ceil": return .float(try number(first, for: name).rounded(.up))
        case "floor": return .float(try number(first, for: name).rounded(.down))
        case "round": return .float(try number(first, for: name).rounded())
        default: return try aggregate(name, arguments)
        }
    }

    private mutating func aggregate(_ name: String, _ arguments: [ExpressionValue]) throws(ExpressionError) -> ExpressionValue {
        var numbers: [Double] = []
        for argument in arguments {
            if case .array(let list) = argument {
                for value in list { numbers.append(try number(value, for: name)) }
            } else {
                numbers.append(try number(argument, for: name))
            }
        }
        let sum = numbers.reduce(0, +)
        switch name {
        case "sum": return .float(sum)
        case "mean": return .float(numbers.isEmpty ? 0 : sum / Double(numbers.count))
        default:
            guard let value = name == "min" ? numbers.min() : numbers.max() else { throw ExpressionError("\(name) of nothing") }
            return .float(value)
        }
    }

    private func count(_ value: ExpressionValue) throws(ExpressionError) -> Int {
        switch value {
        case .array(let list): return list.count
        case .map(let members): return members.count
        case .string(let text): return text.unicodeScalars.count
        default: throw ExpressionError("len needs a list, a map or a string and not \(value.kind)")
        }
    }

    private mutating func whole(_ value: ExpressionValue) throws(ExpressionError) -> Int64 {
        if case .int(let whole) = value { return whole }
        if case .string(let text) = value {
            guard let whole = Int64(text) else { throw ExpressionError("\"\(text)\" is no whole number") }
            return whole
        }
        guard let whole = Int64(exactly: try number(value, for: "asInt").rounded(.towardZero)) else { throw ExpressionError("no whole number") }
        return whole
    }
}
