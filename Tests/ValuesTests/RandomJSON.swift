import Values

/// The seeds of every property test.
let seeds: [UInt64] = Array(1...50)

extension SeededGenerator {
    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

    mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }

    /// Strings with all that escapes, quotes and notations trip over.
    mutating func string() -> String {
        if below(3) == 0 { return pick(Self.awkward) }
        let pieces = [
            "a", "Z", "0", "9", " ", "  ", "\n", "\t", "\r", "\r\n", "\"", "'", "\\", "/", ":", ": ", " #", "#", "-", "- ", "?", "[", "]", "{", "}",
            ",",
            "&", "*", "!", "|", ">", "%", "@", "`", "~", "é", "e\u{301}", "日本", "😀", "\u{0}", "\u{1}", "\u{7F}", "\u{85}", "\u{A0}", "\u{2028}",
            "\u{2029}", "\u{FEFF}", "\u{FFFD}", "\u{FFFE}", "\u{10FFFF}", "word", "plimsoll.dev/do", "=", "<", ".",
        ]
        return (0..<below(12)).map { _ in pick(pieces) }.joined()
    }

    static let awkward = [
        "", "null", "Null", "~", "true", "True", "yes", "No", "on", "OFF", "y", "N", "1", "-1", "+1", "007", "0x1F", "0o17", "0b1", "1_000", "1.5",
        ".5", "5.",
        "1e3", ".inf", "-.INF", ".nan", "<<", "=", "---", "--- a", "...", "-", "- a", "? a", "a: b", "a:", ":a", "a #b", "#a", " a", "a ", "&a", "*a",
        "!a", "!!str a",
        "|", ">", "%a", "@a", "`a", "'a'", "\"a\"", "[a]", "{a}", "a\nb", "a\n", "\na", "a\n\nb\n\n", " a\n b", "a\n  b\n c", "\n", "\n\n", "\ta\nb",
        "a\n\tb",
        "a\n \nb", "2026-01-01", "2026-01-01T00:00:00Z", "12:30:45", "190:20:30", "0.", "-", "--", "[", "a, b", "a\u{0}b", "\u{FEFF}a", "a\r\nb",
        "99.9%", "14.4x",
        String(repeating: "long ", count: 60), String(repeating: "k", count: 1100),
    ]

    mutating func number() -> String {
        pick([
            "0", "-0", "1", "-1", "1.0", "1.50", "1e3", "1E+10", "-2.5e-7", "9223372036854775807", "-9223372036854775808", "18446744073709551616",
            "1e400", "0.1",
        ])
    }

    mutating func json(depth: Int = 4, nulls: Bool = true) -> JSON {
        switch below(depth > 0 ? 9 : 5) {
        case 0: return nulls ? .null : .bool(true)
        case 1: return .bool(below(2) == 0)
        case 2: return .number(number())
        case 3, 4: return .string(string())
        case 5, 6: return .array((0..<below(5)).map { _ in json(depth: depth - 1, nulls: nulls) })
        default: return .object(object(depth: depth - 1, nulls: nulls))
        }
    }

    mutating func object(depth: Int, nulls: Bool) -> JSONObject {
        var object = JSONObject()
        for _ in 0..<below(below(10) == 0 ? 40 : 6) { object[string()] = json(depth: depth, nulls: nulls) }
        return object
    }
}
