/// A pull reader over JSON bytes, for decoding straight into typed values.
///
/// It accepts RFC 8259 and nothing else: UTF-8 is validated, numbers and literals follow the grammar, nesting is at most `maximumDepth` deep. An
/// escaped surrogate without its partner becomes U+FFFD, as in Kubernetes' own reader. No input makes it trap, and neither do calls in a wrong order:
/// they end in an error.
///
/// All unsafe code of the JSON part is in this file. It is sound because the reader can't be copied or made outside it (so it can't outlive the buffer
/// that `read` holds), and because every access is behind a comparison with `end`.
package struct JSONReader: ~Copyable {
    /// Arrays and objects within one another.
    package static let maximumDepth = 128

    /// A place to come back to with `rewind(to:)`.
    package struct Mark {
        fileprivate let offset: Int
        fileprivate let depth: Int
        fileprivate let state: State
    }

    fileprivate enum State {
        /// A container was opened.
        case opened
        /// A value must follow: at the start, after a key, after an element's comma.
        case awaiting
        /// A value is complete.
        case complete
    }

    private let start: UnsafePointer<UInt8>
    private let end: UnsafePointer<UInt8>
    private var at: UnsafePointer<UInt8>
    private var state = State.awaiting
    /// How many arrays and objects are open.
    package private(set) var depth = 0
    private var interned = InternTable()

    private init(_ buffer: UnsafeBufferPointer<UInt8>, base: UnsafePointer<UInt8>) {
        start = base
        at = base
        end = base + buffer.count
    }

    // MARK: Beginning and end

    /// Reads one document: `body` reads its value, and nothing but white space may follow.
    package static func read<T>(_ bytes: [UInt8], _ body: (inout JSONReader) throws -> T) throws -> T {
        try bytes.withUnsafeBufferPointer { try read($0, body) }
    }

    /// Reads one document out of memory that stays valid and unchanged during the call.
    package static func read<T>(_ buffer: UnsafeRawBufferPointer, _ body: (inout JSONReader) throws -> T) throws -> T {
        try buffer.withMemoryRebound(to: UInt8.self) { try read($0, body) }
    }

    private static func read<T>(_ buffer: UnsafeBufferPointer<UInt8>, _ body: (inout JSONReader) throws -> T) throws -> T {
        guard let base = buffer.baseAddress, !buffer.isEmpty else { throw JSONError(message: "no JSON: the input is empty", offset: 0) }
        var reader = JSONReader(buffer, base: base)
        let result = try body(&reader)
        if reader.depth == 0, reader.state == .complete { try reader.finish() }
        return result
    }

    private mutating func finish() throws(JSONError) {
        skipSpace()
        if at != end { throw error("unexpected \(found()) after the end of the value") }
    }

    /// Bytes read so far.
    package var offset: Int { at - start }

    package func mark() -> Mark { Mark(offset: offset, depth: depth, state: state) }

    /// Goes back (or forth) to a mark of this reader.
    package mutating func rewind(to mark: Mark) {
        at = start + min(max(mark.offset, 0), end - start)
        depth = mark.depth
        state = mark.state
    }

    /// An error at the present place.
    package func error(_ message: String) -> JSONError { JSONError(message: message, offset: offset) }

    func expected(_ what: String) -> JSONError { error("expected \(what), found \(found())") }

    private func found() -> String {
        guard at < end else { return "the end of the input" }
        if (0x21..<0x7F).contains(at.pointee) { return "'\(Character(Unicode.Scalar(at.pointee)))'" }
        let hex = String(at.pointee, radix: 16, uppercase: true)
        return "byte 0x\(hex.utf8.count < 2 ? "0" : "")\(hex)"
    }

    // MARK: Containers

    /// The kind of the next value.
    package mutating func peek() throws(JSONError) -> Kind {
        skipSpace()
        guard at < end else { throw expected("a value") }
        switch at.pointee {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw expected("a value")
        }
    }

    package mutating func beginObject() throws(JSONError) { try open(UInt8(ascii: "{"), .object) }
    package mutating func beginArray() throws(JSONError) { try open(UInt8(ascii: "["), .array) }

    /// The next member's key, whose value is to be read next; `nil` once, at the object's end. A value that was not read is skipped.
    package mutating func nextKey() throws(JSONError) -> String? {
        guard try next(before: UInt8(ascii: "}")) else { return nil }
        guard at < end, at.pointee == UInt8(ascii: "\"") else { throw expected("a key in quotes") }
        let key = try string(internLonger: true)
        try colon()
        state = .awaiting
        return key
    }

    /// Whether another element is there to be read; `false` once, at the array's end. An element that was not read is skipped.
    package mutating func nextElement() throws(JSONError) -> Bool {
        guard try next(before: UInt8(ascii: "]")) else { return false }
        state = .awaiting
        return true
    }

    private mutating func open(_ bracket: UInt8, _ kind: Kind) throws(JSONError) {
        skipSpace()
        guard at < end, at.pointee == bracket else { throw expected(kind.rawValue) }
        guard depth < Self.maximumDepth else { throw error("nested deeper than \(Self.maximumDepth) levels") }
        at += 1
        depth += 1
        state = .opened
    }

    private mutating func next(before bracket: UInt8) throws(JSONError) -> Bool {
        if state == .awaiting { try skipValue() }
        guard depth > 0 else { throw error("no array or object is open here") }
        skipSpace()
        if at < end, at.pointee == bracket {
            at += 1
            depth -= 1
            state = .complete
            return false
        }
        if state == .complete {
            guard at < end, at.pointee == UInt8(ascii: ",") else { throw expected("',' or '\(Character(Unicode.Scalar(bracket)))'") }
            at += 1
            skipSpace()
        }
        return true
    }

    private mutating func colon() throws(JSONError) {
        skipSpace()
        guard at < end, at.pointee == UInt8(ascii: ":") else { throw expected("':'") }
        at += 1
    }

    // MARK: Scalars

    package mutating func readString() throws(JSONError) -> String {
        skipSpace()
        guard at < end, at.pointee == UInt8(ascii: "\"") else { throw expected(Kind.string.rawValue) }
        defer { state = .complete }
        return try string(internLonger: false)
    }

    /// A string of which equal ones are likely in the same document (names, label values): they then share their memory.
    package mutating func readInternedString() throws(JSONError) -> String {
        skipSpace()
        guard at < end, at.pointee == UInt8(ascii: "\"") else { throw expected(Kind.string.rawValue) }
        defer { state = .complete }
        return try string(internLonger: true)
    }

    package mutating func readBool() throws(JSONError) -> Bool {
        skipSpace()
        if literal("true") || literal("false") {
            state = .complete
            return (at - 2).pointee == UInt8(ascii: "u")
        }
        throw expected(Kind.bool.rawValue)
    }

    /// Consumes `null` if it is next; otherwise nothing is consumed.
    package mutating func readNullIfPresent() throws(JSONError) -> Bool {
        skipSpace()
        guard literal("null") else { return false }
        state = .complete
        return true
    }

    /// A number's source text.
    package mutating func readNumberText() throws(JSONError) -> String {
        String(decoding: try numberBytes(), as: UTF8.self)
    }

    // MARK: Whole values

    /// Goes past the next value, which is validated as if it were read. Returns where its bytes are.
    @discardableResult
    package mutating func skipValue() throws(JSONError) -> Range<Int> {
        skipSpace()
        let first = offset
        var inside = 0
        var objects: UInt128 = 0  // one bit an open container, the lowest the innermost: 1 for an object
        repeat {
            skipSpace()
            guard at < end else { throw expected("a value") }
            switch at.pointee {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard depth + inside < Self.maximumDepth else { throw error("nested deeper than \(Self.maximumDepth) levels") }
                let isObject = at.pointee == UInt8(ascii: "{")
                at += 1
                skipSpace()
                if at < end, at.pointee == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    at += 1
                    break
                }
                inside += 1
                objects = objects << 1 | (isObject ? 1 : 0)
                if isObject { try skipKey() }
                continue
            case UInt8(ascii: "\""): _ = try scanString()
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): _ = try scanNumber()
            default: guard literal("true") || literal("false") || literal("null") else { throw expected("a value") }
            }
            // A value is complete: close what ends here, or go on after a comma.
            closing: while inside > 0 {
                skipSpace()
                let isObject = objects & 1 == 1
                guard at < end else { throw expected(isObject ? "',' or '}'" : "',' or ']'") }
                switch (at.pointee, isObject) {
                case (UInt8(ascii: ","), _):
                    at += 1
                    if isObject { try skipKey() }
                    break closing
                case (UInt8(ascii: "}"), true), (UInt8(ascii: "]"), false):
                    at += 1
                    inside -= 1
                    objects >>= 1
                default: throw expected(isObject ? "',' or '}'" : "',' or ']'")
                }
            }
        } while inside > 0
        state = .complete
        return first..<offset
    }

    private mutating func skipKey() throws(JSONError) {
        skipSpace()
        guard at < end, at.pointee == UInt8(ascii: "\"") else { throw expected("a key in quotes") }
        _ = try scanString()
        try colon()
    }

    // MARK: Bytes

    @inline(__always)
    private mutating func skipSpace() {
        while at < end, at.pointee <= 0x20 {
            switch at.pointee {
            case 0x20, 0x0A, 0x0D, 0x09: at += 1
            default: return
            }
        }
    }

    @inline(__always)
    private mutating func literal(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard end - at >= count else { return false }
        for i in 0..<count where at[i] != word.utf8Start[i] { return false }
        at += count
        return true
    }

    private mutating func numberBytes() throws(JSONError) -> UnsafeBufferPointer<UInt8> {
        skipSpace()
        guard at < end, at.pointee == UInt8(ascii: "-") || isDigit else { throw expected(Kind.number.rawValue) }
        defer { state = .complete }
        return try scanNumber()
    }

    private var isDigit: Bool { at < end && at.pointee &- UInt8(ascii: "0") < 10 }

    private mutating func scanNumber() throws(JSONError) -> UnsafeBufferPointer<UInt8> {
        let first = at
        if at.pointee == UInt8(ascii: "-") { at += 1 }
        if at < end, at.pointee == UInt8(ascii: "0") { at += 1 } else { try digits() }
        if at < end, at.pointee == UInt8(ascii: ".") {
            at += 1
            try digits()
        }
        if at < end, at.pointee | 0x20 == UInt8(ascii: "e") {
            at += 1
            if at < end, at.pointee == UInt8(ascii: "+") || at.pointee == UInt8(ascii: "-") { at += 1 }
            try digits()
        }
        return UnsafeBufferPointer(start: first, count: at - first)
    }

    private mutating func digits() throws(JSONError) {
        guard isDigit else { throw expected("a digit") }
        while isDigit { at += 1 }
    }

    private struct Scanned {
        let bytes: UnsafeBufferPointer<UInt8>
        let isASCII: Bool
        let hasEscapes: Bool
    }

    /// Goes past a string whose opening quote is next, and checks all of it.
    private mutating func scanString() throws(JSONError) -> Scanned {
        let opening = at
        at += 1
        let first = at
        var hasEscapes = false
        var isASCII = true
        scan: while true {
            // Eight bytes at once, up to the first that is a quote, a backslash, a control character or beyond ASCII.
            while end - at >= 8 {
                let word = UInt64(littleEndian: UnsafeRawPointer(at).loadUnaligned(as: UInt64.self))
                let stops = Self.stops(in: word)
                at += stops.trailingZeroBitCount >> 3
                if stops != 0 { break }
            }
            guard at < end else { break scan }
            switch at.pointee {
            case UInt8(ascii: "\""):
                let bytes = UnsafeBufferPointer(start: first, count: at - first)
                if !isASCII { try validate(bytes) }
                at += 1
                return Scanned(bytes: bytes, isASCII: isASCII, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try scanEscape()
            case 0..<0x20: throw error("a control character in a string must be escaped, found \(found())")
            case 0x80...:
                isASCII = false
                at += 1
            default: at += 1
            }
        }
        at = opening
        throw error("the string that begins here has no end")
    }

    /// The highest bit of each byte that ends a plain run; exact up to the lowest one set.
    @inline(__always)
    private static func stops(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let low = (word &- ones &* 0x20) & ~word
        return (low | ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | word) & (ones &* 0x80)
    }

    private func validate(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) {
        do {
            _ = try UTF8Span(validating: bytes.span)
        } catch let problem {
            throw JSONError(message: "not UTF-8", offset: (bytes.baseAddress.map { $0 - start } ?? 0) + problem.byteOffsets.lowerBound)
        }
    }

    private mutating func scanEscape() throws(JSONError) {
        guard end - at >= 2 else { throw error("an escape without an end") }
        switch at[1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            at += 2
        case UInt8(ascii: "u"):
            guard end - at >= 6, (2..<6).allSatisfy({ JSONEscapes.hexDigit(at[$0]) != nil }) else { throw error("\\u takes four hexadecimal digits") }
            at += 6
        default: throw error("no such escape; use one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u")
        }
    }

    private mutating func string(internLonger: Bool) throws(JSONError) -> String {
        let scanned = try scanString()
        if scanned.hasEscapes { return JSONEscapes.resolve(scanned.bytes.span) }
        if internLonger, scanned.bytes.count > 15, let string = try? interned.string(scanned.bytes.span) { return string }
        return String(decoding: scanned.bytes, as: UTF8.self)
    }
}
