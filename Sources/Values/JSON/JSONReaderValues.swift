extension JSONReader {
    /// What kind of value comes next.
    package enum Kind: String, Sendable {
        case object = "an object"
        case array = "an array"
        case string = "a string"
        case number = "a number"
        case bool = "a boolean"
        case null = "null"
    }

    /// Reads an object; `field` is called for each member and reads its value, or leaves it to be skipped.
    package mutating func readObject(_ field: (_ key: String, _ reader: inout JSONReader) throws -> Void) throws {
        try beginObject()
        let inside = depth
        while let key = try nextKey() {
            try field(key, &self)
            if depth != inside { throw error("the value of \(key) was left half read") }
        }
    }

    /// Reads an array; `element` is called for each element and reads it, or leaves it to be skipped.
    package mutating func readArray(_ element: (_ reader: inout JSONReader) throws -> Void) throws {
        try beginArray()
        let inside = depth
        while try nextElement() {
            try element(&self)
            if depth != inside { throw error("an element was left half read") }
        }
    }

    /// A number without fraction or exponent that fits 64 bits.
    package mutating func readInt() throws(JSONError) -> Int64 {
        let text = try readNumberText()
        if let value = Int64(text) { return value }
        let isWhole = text.utf8.dropFirst().allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        throw error(isWhole ? "\(text) is beyond 64 bits" : "expected a whole number, found \(text)")
    }

    /// A number as the nearest double; beyond the range of doubles is an error.
    package mutating func readDouble() throws(JSONError) -> Double {
        let text = try readNumberText()
        guard let value = Double(text), value.isFinite else { throw error("\(text) is beyond the range of doubles") }
        return value
    }

    /// Reads the next value, whatever it is, into a tree.
    package mutating func readJSON() throws(JSONError) -> JSON {
        switch try peek() {
        case .object:
            var object = JSONObject()
            try beginObject()
            while let key = try nextKey() { object[key] = try readJSON() }
            return .object(object)
        case .array:
            var elements: [JSON] = []
            try beginArray()
            while try nextElement() { elements.append(try readJSON()) }
            return .array(elements)
        case .string: return .string(try readString())
        case .number: return .number(try readNumberText())
        case .bool: return .bool(try readBool())
        case .null:
            guard try readNullIfPresent() else { throw expected(Kind.null.rawValue) }
            return .null
        }
    }

    static func tree(_ bytes: [UInt8]) throws(JSONError) -> JSON {
        do {
            return try read(bytes) { reader in try reader.readJSON() }
        } catch let error as JSONError {
            throw error
        } catch {
            throw JSONError(message: "\(error)", offset: 0)
        }
    }
}
