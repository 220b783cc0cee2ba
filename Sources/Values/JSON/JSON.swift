/// A JSON value as a tree, for the edges: what is applied, patched, printed. Hot paths read typed projections with `JSONReader`.
///
/// A number is its source text, so that nothing is rounded: `1.0` and `1` are different trees. Strings compare by their bytes, not by Unicode
/// equivalence, so that a change of normalisation is a change.
package enum JSON: Sendable {
    case null
    case bool(Bool)
    /// Text that follows the number grammar of RFC 8259.
    case number(String)
    case string(String)
    case array([JSON])
    case object(JSONObject)

    /// Reads one JSON value and nothing after it. Depth is limited to `JSONReader.maximumDepth`.
    package init(parsing bytes: [UInt8]) throws(JSONError) {
        self = try JSONReader.tree(bytes)
    }

    package init(parsing bytes: some Sequence<UInt8>) throws(JSONError) {
        self = try JSONReader.tree(Array(bytes))
    }

    package init(parsing text: String) throws(JSONError) {
        self = try JSONReader.tree(Array(text.utf8))
    }

    /// The shortest text that reads back as the same double; `.null` for infinities and NaN, which JSON can't say.
    package static func double(_ value: Double) -> JSON {
        guard value.isFinite else { return .null }
        if let whole = Int64(exactly: value), abs(value) < 0x1p53, !(whole == 0 && value.sign == .minus) { return .number(String(whole)) }
        return .number("\(value)")
    }

    package static func int(_ value: some BinaryInteger) -> JSON { .number(String(value)) }
}

extension JSON {
    package var isNull: Bool {
        if case .null = self { return true }
        return false
    }

    package var stringValue: String? {
        if case .string(let value) = self { return value }
        return nil
    }

    package var boolValue: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    /// A number written without fraction or exponent that fits 64 bits.
    package var intValue: Int64? {
        if case .number(let text) = self { return Int64(text) }
        return nil
    }

    /// A number as the nearest double; `nil` where it is beyond the range of doubles.
    package var doubleValue: Double? {
        if case .number(let text) = self, let value = Double(text), value.isFinite { return value }
        return nil
    }

    package var arrayValue: [JSON]? {
        if case .array(let value) = self { return value }
        return nil
    }

    package var objectValue: JSONObject? {
        if case .object(let value) = self { return value }
        return nil
    }

    /// A member of an object; `nil` where it is absent or this is no object. Setting `nil` removes the member; setting a value on what is no object
    /// replaces it by an object with that one member.
    package subscript(_ key: String) -> JSON? {
        get { objectValue?[key] }
        set {
            guard case .object(var object) = self else {
                if let newValue { self = .object([key: newValue]) }
                return
            }
            self = .null  // so that the members are not shared while they change
            object[key] = newValue
            self = .object(object)
        }
    }

    /// An element of an array; `nil` where it is absent or this is no array.
    package subscript(_ index: Int) -> JSON? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The value at a path; `nil` where it, or a part of the way, is absent.
    package subscript(path path: FieldPath) -> JSON? {
        var value = self
        for element in path.elements {
            let next =
                switch element {
                case .key(let key): value[key]
                case .index(let index): value[index]
                }
            guard let next else { return nil }
            value = next
        }
        return value
    }
}

extension JSON: Hashable {
    package static func == (a: JSON, b: JSON) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.string(let a), .string(let b)): a.utf8.count == b.utf8.count && a == b && a.utf8.elementsEqual(b.utf8)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .null:
            hasher.combine(0)
        case .bool(let value):
            hasher.combine(1)
            hasher.combine(value)
        case .number(let text):
            hasher.combine(2)
            hasher.combine(text)
        case .string(let text):
            hasher.combine(3)
            hasher.combine(text)
        case .array(let elements):
            hasher.combine(4)
            hasher.combine(elements)
        case .object(let object):
            hasher.combine(5)
            hasher.combine(object)
        }
    }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringInterpolation,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(nilLiteral: ()) { self = .null }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int64) { self = .int(value) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    /// Keeps the order of the literal.
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(JSONObject(elements.map { (key: $0.0, value: $0.1) }))
    }
}

extension JSON: CustomStringConvertible {
    package var description: String { text() }
}
