package import Values

/// The part of Kubernetes' JSONPath that picks a value out of an answer: `{.data.approved}`, `{$.items[0]['name']}`, `{.items[*].ok}`, `{..ok}`.
/// Filters, unions, `range` and text around the braces are refused by name.
package struct JSONPath: Sendable, Hashable {
    package let text: String
    private let steps: [Step]

    private enum Step: Sendable, Hashable {
        case member(String)
        case element(Int)
        case slice(Int?, Int?)
        case all
        case descendants(String)
    }

    package struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// The whole answer.
    package static let whole = JSONPath(text: "{$}", steps: [])

    private init(text: String, steps: [Step]) {
        self.text = text
        self.steps = steps
    }

    package init(_ text: String) throws(Failure) {
        self.text = text
        var rest = Substring(text)
        if rest.hasPrefix("{") {
            guard rest.hasSuffix("}") else { throw Failure(description: "\(text): a brace is not closed") }
            rest = rest.dropFirst().dropLast()
        }
        guard !rest.contains(where: { $0 == "{" || $0 == "}" }) else { throw Failure(description: "\(text): give one path in one pair of braces") }
        if rest.hasPrefix("$") || rest.hasPrefix("@") { rest = rest.dropFirst() }
        var steps: [Step] = []
        while !rest.isEmpty { steps.append(try Self.step(&rest, text)) }
        self.steps = steps
    }

    private static func step(_ rest: inout Substring, _ text: String) throws(Failure) -> Step {
        if rest.hasPrefix("..") {
            rest = rest.dropFirst(2)
            return .descendants(try name(&rest, text))
        }
        if rest.hasPrefix(".") {
            rest = rest.dropFirst()
            if rest.hasPrefix("*") {
                rest = rest.dropFirst()
                return .all
            }
            if rest.hasPrefix("[") { return try step(&rest, text) }
            return .member(try name(&rest, text))
        }
        guard rest.hasPrefix("["), let end = rest.firstIndex(of: "]") else { throw Failure(description: "\(text): expected . or [ before \(rest)") }
        let inside = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[rest.index(after: end)...]
        if inside == "*" { return .all }
        if let quote = inside.first, quote == "'" || quote == "\"" {
            guard inside.count >= 2, inside.last == quote else { throw Failure(description: "\(text): \(inside) is no quoted name") }
            return .member(String(inside.dropFirst().dropLast()))
        }
        if let index = Int(inside) { return .element(index) }
        let bounds = inside.split(separator: ":", omittingEmptySubsequences: false)
        if bounds.count == 2, bounds.allSatisfy({ $0.isEmpty || Int($0) != nil }) { return .slice(Int(bounds[0]), Int(bounds[1])) }
        throw Failure(description: "\(text): [\(inside)] is beyond what is read here: an index, a slice, * or a quoted name")
    }

    private static func name(_ rest: inout Substring, _ text: String) throws(Failure) -> String {
        var name = ""
        while let next = rest.first, next != ".", next != "[" {
            rest = rest.dropFirst()
            if next == "\\", let escaped = rest.popFirst() { name.append(escaped) } else { name.append(next) }
        }
        guard !name.isEmpty, !name.contains(where: { $0.isWhitespace }) else {
            throw Failure(description: "\(text): a name is missing or has blanks")
        }
        return name
    }

    /// Everything that the path leads to, in order.
    package func values(in json: JSON) -> [JSON] {
        steps.reduce([json]) { values, step in values.flatMap { Self.follow(step, $0) } }
    }

    private static func follow(_ step: Step, _ json: JSON) -> [JSON] {
        switch step {
        case .member(let name): return [json[name]].compactMap(\.self)
        case .element(let index):
            guard let elements = json.arrayValue else { return [] }
            let at = index < 0 ? elements.count + index : index
            return elements.indices.contains(at) ? [elements[at]] : []
        case .slice(let from, let to):
            guard let elements = json.arrayValue else { return [] }
            func bound(_ index: Int) -> Int { min(max(0, index < 0 ? elements.count + index : index), elements.count) }
            let (low, high) = (bound(from ?? 0), bound(to ?? elements.count))
            return low < high ? Array(elements[low..<high]) : []
        case .all: return json.arrayValue ?? json.objectValue.map { $0.map(\.value) } ?? []
        case .descendants(let name):
            let children = json.arrayValue ?? json.objectValue.map { $0.map(\.value) } ?? []
            return [json[name]].compactMap(\.self) + children.flatMap { follow(step, $0) }
        }
    }
}
