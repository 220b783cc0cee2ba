/// `Warning: 299` headers of API servers (deprecated versions, unknown fields), each told once. Pure.
struct WarningLog: Sendable {
    /// Beyond this many different ones nothing is told any more: they then hold varying parts.
    static let limit = 1000
    private var seen: Set<String> = []

    /// The texts in the headers that were not told before.
    mutating func new(in headers: [String]) -> [String] {
        var fresh: [String] = []
        for text in headers.flatMap(Self.texts) where seen.count < Self.limit && seen.insert(text).inserted { fresh.append(text) }
        return fresh
    }

    /// `299 - "first", 299 - "second"` to its quoted texts; other codes are caches' business.
    static func texts(_ header: String) -> [String] {
        var texts: [String] = []
        var rest = Substring(header)
        while let quote = rest.firstIndex(of: "\"") {
            let code = rest[..<quote].drop { $0 == "," || $0 == " " }
            var text = ""
            var index = rest.index(after: quote)
            var closed = false
            while index < rest.endIndex {
                let character = rest[index]
                index = rest.index(after: index)
                if character == "\"" {
                    closed = true
                    break
                }
                if character == "\\", index < rest.endIndex {
                    text.append(rest[index])
                    index = rest.index(after: index)
                } else {
                    text.append(character)
                }
            }
            rest = rest[index...]
            // A date in quotes may follow the text.
            if closed, code.hasPrefix("299 ") { texts.append(String(text.prefix(500))) }
        }
        return texts
    }
}
