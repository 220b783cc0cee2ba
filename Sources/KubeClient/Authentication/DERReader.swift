/// Walks DER (X.690): tag, length, contents. Pure and bounded; anything odd is nil.
struct DERReader {
    static let integer: UInt8 = 0x02
    static let bitString: UInt8 = 0x03
    static let utcTime: UInt8 = 0x17
    static let generalizedTime: UInt8 = 0x18
    static let sequence: UInt8 = 0x30
    /// The explicit tag 0, such as a certificate's version.
    static let tagZero: UInt8 = 0xA0

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next element's tag and contents; nil at the end or where the length does not fit.
    mutating func next() -> (tag: UInt8, contents: ArraySlice<UInt8>)? {
        guard let tag = rest.first, let first = rest.dropFirst().first else { return nil }
        var body = rest.dropFirst(2)
        var length = Int(first)
        if first & 0x80 != 0 {
            let count = Int(first & 0x7F)
            guard (1...3).contains(count), body.count >= count else { return nil }
            length = body.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            body = body.dropFirst(count)
        }
        guard body.count >= length else { return nil }
        rest = body.dropFirst(length)
        return (tag, body.prefix(length))
    }

    /// The next element's contents if it has that tag.
    mutating func next(_ tag: UInt8) -> ArraySlice<UInt8>? {
        guard let element = next(), element.tag == tag else { return nil }
        return element.contents
    }
}
