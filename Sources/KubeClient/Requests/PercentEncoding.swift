/// Percent-encoding of URL and header parts.
enum PercentEncoding {
    /// RFC 3986's unreserved characters: what a query's names and values keep.
    static let unreserved: @Sendable (UInt8) -> Bool = { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
        default: false
        }
    }
    /// What a header's name may hold (RFC 9110 tokens), without `%`, which marks what was encoded.
    static let headerName: @Sendable (UInt8) -> Bool = { byte in
        unreserved(byte) || "!#$&'*+^`|".utf8.contains(byte)
    }

    static func encode(_ text: String, keeping keep: (UInt8) -> Bool = unreserved) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            if keep(byte) {
                out.append(byte)
            } else {
                out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// `?a=b&c=d`; empty for no items.
    static func query(_ items: [QueryItem]) -> String {
        items.isEmpty ? "" : "?" + items.map { "\(encode($0.name))=\(encode($0.value))" }.joined(separator: "&")
    }
}

/// A name and value of a URL's query, not yet encoded.
package struct QueryItem: Sendable, Hashable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}
