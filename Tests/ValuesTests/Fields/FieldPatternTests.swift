import Testing
import Values

/// The expressions in schemas and the checkers of our own must accept the same texts.
struct FieldPatternTests {
    static let patterns: [(String, FieldPattern)] = [
        ("labelName", .labelName), ("dnsLabel", .dnsLabel), ("dnsSubdomain", .dnsSubdomain), ("labelValue", .labelValue), ("duration", .duration),
        ("properPercentage", .properPercentage), ("positiveFactor", .positiveFactor),
    ]

    static let texts = [
        "", "a", "A", "0", "-", "_", ".", "a-", "-a", "a.b", "a..b", ".a", "a.", "a_b", "_a", "__name__", "9a", "a b", "a\n", "\na", "é", "a\u{301}",
        "a:b",
        "1h", "1h30m", "30m1h", "5ms", "5m5ms", "1y2w3d4h5m6s7ms", "1", "h", "1H", "1h ", "1.5h", "-1h", "00h", "1mm", "1m1m", "s", "\u{661}h",
        "99.9%", "99.90%", "100%", "0%", "0.0%", "0.1%", "00.1%", "0.000001%", "0.0000001%", "0.00000100%", "99.999999%", "99.9999999%", "99%", "9%",
        "99.%",
        ".9%", "99", "%", "99.9%%", "99,9%", "-1%", "+1%", "1e1%", "099%", "0.10%", "14.4x", "0x", "0.0x", "0.001x", "0.0001x", "0.0010x",
        "9999.999x",
        "10000x", "1x", "1.x", "x", "1X", "01x", "1.0000x", "1.000x",
    ]

    @Test(arguments: patterns)
    func table(name: String, pattern: FieldPattern) throws {
        let regex = try Regex(pattern.regex)
        for text in Self.texts {
            #expect(pattern.accepts(text) == (try regex.wholeMatch(in: text) != nil), "\(name): \(text.debugDescription)")
        }
    }

    @Test(arguments: patterns, 1...10)
    func seeded(pattern: (String, FieldPattern), seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let regex = try Regex(pattern.1.regex)
        let alphabet = ["a", "Z", "0", "1", "9", "00", "5", "-", "_", ".", "%", "x", "h", "m", "s", "ms", "d", "w", "y", "é", "\n"]
        for _ in 0..<400 {
            let text = (0..<Int.random(in: 0...8, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "" }.joined()
            #expect(pattern.1.accepts(text) == (try regex.wholeMatch(in: text) != nil), "\(pattern.0), seed \(seed): \(text.debugDescription)")
        }
    }

    /// What a pattern lets through, its value type reads.
    @Test(arguments: 1...20)
    func acceptedTextsHaveValues(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func digits(_ count: ClosedRange<Int>) -> String {
            String((0..<Int.random(in: count, using: &random)).map { _ in Character("\(Int.random(in: 0...9, using: &random))") })
        }
        for _ in 0..<300 {
            let decimal = Bool.random(using: &random) ? digits(1...4) : "\(digits(1...4)).\(digits(1...7))"
            if FieldPattern.properPercentage.accepts("\(decimal)%") {
                let value = Percentage("\(decimal)%")?.percent ?? .zero
                #expect(value > .zero && value < ExactDecimal(100), "\(decimal)%, seed \(seed)")
                #expect(value.rounded(digits: 6) == value, "\(decimal)%, seed \(seed)")
            }
            if FieldPattern.positiveFactor.accepts("\(decimal)x") {
                let value = Factor("\(decimal)x")?.value ?? .zero
                #expect(value > .zero && value < ExactDecimal(10000), "\(decimal)x, seed \(seed)")
                #expect(value.rounded(digits: 3) == value, "\(decimal)x, seed \(seed)")
            }
            let duration = ["y", "w", "d", "h", "m", "s", "ms"].filter { _ in Bool.random(using: &random) }.map { digits(1...3) + $0 }.joined()
            #expect(duration.isEmpty || FieldPattern.duration.accepts(duration), "\(duration), seed \(seed)")
            // 292 years are the most that Prometheus holds.
            if !duration.isEmpty, !duration.contains("y") { #expect(PromDuration(duration) != nil, "\(duration), seed \(seed)") }
        }
    }
}
