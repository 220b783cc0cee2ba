/// Takes secrets out of what people hand on: reports, logs, configurations. Pure.
///
/// It errs on the side of taking out too much. What is a secret is known by its form (JSON web tokens, PEM private keys, user and password in a
/// URL, `Bearer ...`), by its name (`password: ...`, `token=...`), and by being one of the given texts.
package struct Redaction: Sendable {
    package static let mark = "<redacted>"
    /// Shorter texts would be found everywhere.
    static let shortestKnown = 6

    private static let sensitiveWords = [
        "password", "passwd", "token", "secret", "apikey", "api_key", "api-key", "accesskey", "access_key", "authorization",
        "key-data", "private_key", "privatekey",
    ]
    /// Names of that kind tell where a secret is, not what it is.
    private static let harmlessEndings = ["file", "name", "path", "ref", "url", "key_id", "seconds", "total", "mountpath"]

    private let known: [[UInt8]]

    /// - Parameter known: secrets that must not appear anywhere.
    package init(known: [String] = []) {
        // The longest first: one may be a part of another.
        self.known = known.map { Array($0.utf8) }.filter { $0.count >= Self.shortestKnown }.sorted { $0.count > $1.count }
    }

    /// Whether a field or variable of that name holds a secret.
    package static func isSensitive(_ name: String) -> Bool {
        let name = String(decoding: name.utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 }, as: UTF8.self)
        return sensitiveWords.contains { name.contains($0) } && !harmlessEndings.contains { name.hasSuffix($0) }
    }

    // MARK: JSON

    /// The tree without secrets; members keep their names.
    package func json(_ json: JSON) -> JSON {
        switch json {
        case .object(let object):
            return .object(
                JSONObject(
                    object.map { key, value in
                        (key: text(key), value: Self.isSensitive(key) ? Self.hidden(value, by: self) : self.json(value))
                    }))
        case .array(let items): return .array(items.map { self.json($0) })
        case .string(let string): return .string(text(string))
        default: return json
        }
    }

    /// Texts and lists of texts are hidden whole; an object may just be about a secret (`secretRef: {name: ...}`).
    private static func hidden(_ value: JSON, by redaction: Redaction) -> JSON {
        switch value {
        case .object: redaction.json(value)
        case .array(let items): .array(items.map { hidden($0, by: redaction) })
        case .null, .bool: value
        case .string(let text) where text.isEmpty: value
        default: .string(mark)
        }
    }

    // MARK: Text

    package func text(_ text: String) -> String { String(decoding: bytes(Array(text.utf8)), as: UTF8.self) }

    package func bytes(_ input: [UInt8]) -> [UInt8] {
        var scanner = Scanner(withoutKnown(input))
        return scanner.run()
    }

    /// Only the texts that are known are taken out: for what must keep its form.
    package func withoutKnown(_ input: [UInt8]) -> [UInt8] {
        guard let shortest = known.last?.count, input.count >= shortest else { return input }
        var out: [UInt8] = []
        out.reserveCapacity(input.count)
        let firsts = Set(known.compactMap(\.first))
        var index = 0
        while index < input.count {
            if firsts.contains(input[index]), let found = known.first(where: { input[index...].starts(with: $0) }) {
                out += Self.mark.utf8
                index += found.count
            } else {
                out.append(input[index])
                index += 1
            }
        }
        return out
    }
}

extension Redaction {
    /// One pass over a text.
    private struct Scanner {
        private let input: [UInt8]
        private var out: [UInt8] = []
        private var index = 0

        init(_ input: [UInt8]) {
            self.input = input
            out.reserveCapacity(input.count)
        }

        mutating func run() -> [UInt8] {
            while index < input.count {
                if !skipPrivateKey(), !skipUserInfo(), !skipWord() {
                    out.append(input[index])
                    index += 1
                }
            }
            return out
        }

        private func at(_ offset: Int) -> UInt8? { offset < input.count ? input[offset] : nil }

        private func has(_ text: String, at offset: Int) -> Bool { offset < input.count && input[offset...].starts(with: text.utf8) }

        private static func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."): true
            default: false
            }
        }

        /// What can't be inside of a value or URL.
        private static func ends(_ byte: UInt8) -> Bool { byte <= 0x20 || "\"'`<>,;()[]{}".utf8.contains(byte) }

        private mutating func hide(to end: Int) {
            out += Redaction.mark.utf8
            index = end
        }

        /// `-----BEGIN ... PRIVATE KEY-----` and all up to its end, or, where that is missing, up to the end of the text.
        private mutating func skipPrivateKey() -> Bool {
            guard input[index] == UInt8(ascii: "-"), has("-----BEGIN ", at: index) else { return false }
            let label = input[(index + 11)...].prefix { $0 != UInt8(ascii: "-") && $0 != 0x0A }
            guard String(decoding: label, as: UTF8.self).hasSuffix("PRIVATE KEY") else { return false }
            var end = label.endIndex
            while end < input.count, !has("-----END ", at: end) { end += 1 }
            end = min(input.count, end + 9)
            while end < input.count, !has("-----", at: end) { end += 1 }
            hide(to: min(input.count, end + 5))
            return true
        }

        /// `://user:password@`
        private mutating func skipUserInfo() -> Bool {
            guard input[index] == UInt8(ascii: ":"), has("://", at: index) else { return false }
            out += "://".utf8
            index += 3
            var end = index
            while let byte = at(end), !Self.ends(byte), byte != UInt8(ascii: "/"), byte != UInt8(ascii: "?"), byte != UInt8(ascii: "#") { end += 1 }
            if let sign = input[index..<end].lastIndex(of: UInt8(ascii: "@")) { hide(to: sign) }
            return true
        }

        /// A run of letters and digits: a token itself, or the name of one.
        private mutating func skipWord() -> Bool {
            guard Self.isWord(input[index]) else { return false }
            var end = index
            while let byte = at(end), Self.isWord(byte) { end += 1 }
            let word = String(decoding: input[index..<end], as: UTF8.self)
            if word.hasPrefix("eyJ"), word.utf8.count(where: { $0 == UInt8(ascii: ".") }) >= 2 {
                hide(to: end)
                return true
            }
            out += input[index..<end]
            index = end
            if word == "Bearer" || word == "bearer" || word == "Basic" {
                skipValue(after: [UInt8(ascii: " ")], least: 8)
            } else if Redaction.isSensitive(word) {
                skipValue(after: [UInt8(ascii: ":"), UInt8(ascii: "=")], least: 1)
            }
            return true
        }

        /// `: value`, `="value"` and the like, if one of `signs` stands there.
        private mutating func skipValue(after signs: [UInt8], least: Int) {
            var start = index
            while let byte = at(start), "\"'\\".utf8.contains(byte) || byte == UInt8(ascii: " ") && !signs.contains(byte) { start += 1 }
            guard let sign = at(start), signs.contains(sign) else { return }
            start += 1
            while let byte = at(start), "\"'\\ ".utf8.contains(byte) { start += 1 }
            var end = start
            while let byte = at(end), !Self.ends(byte), byte != UInt8(ascii: "&"), byte != UInt8(ascii: "\\") { end += 1 }
            guard end - start >= least else { return }
            // `Authorization: Bearer ...`: the word may stay, the next one may not. JSON's own words are nobody's secret.
            let word = String(decoding: input[start..<end], as: UTF8.self)
            if ["true", "false", "null"].contains(word) { return }
            out += input[index..<start]
            if ["Bearer", "bearer", "Basic"].contains(word) {
                index = start
                return
            }
            hide(to: end)
        }
    }
}
