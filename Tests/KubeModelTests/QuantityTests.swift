import KubeModel
import Testing
import Values

struct QuantityTests {
    /// Text, its canonical form, and the amount in thousandths: the examples of Kubernetes' documentation and their neighbours.
    @Test(arguments: [
        ("0", "0", 0), ("-0", "0", 0), ("0.000", "0", 0), ("1", "1", 1000), ("+1", "1", 1000), ("-1", "-1", -1000), ("1.5", "1500m", 1500),
        ("100m", "100m", 100), ("0.1", "100m", 100), (".5", "500m", 500), ("1.", "1", 1000), ("1000m", "1", 1000), ("-1.5", "-1500m", -1500),
        ("1k", "1k", 1_000_000), ("1000", "1k", 1_000_000), ("1500", "1500", 1_500_000), ("1024", "1024", 1_024_000), ("0.5k", "500", 500_000),
        ("1.5Gi", "1536Mi", 1_610_612_736_000), ("1Ki", "1Ki", 1_024_000), ("0.5Ki", "512", 512_000), ("1024Ki", "1Mi", 1_048_576_000),
        ("123Mi", "123Mi", 128_974_848_000), ("1.25Ki", "1280", 1_280_000), ("0.1Ki", "102400m", 102_400), ("1000Ki", "1000Ki", 1_024_000_000),
        ("128974848", "128974848", 128_974_848_000), ("129e6", "129e6", 129_000_000_000), ("129M", "129M", 129_000_000_000),
        ("128974848000m", "128974848", 128_974_848_000), ("1e3", "1e3", 1_000_000), ("1E3", "1e3", 1_000_000), ("12e6", "12e6", 12_000_000_000),
        ("1.2e-3", "1200e-6", 2), ("1e-9", "1e-9", 1), ("1n", "1n", 1), ("0.1n", "1n", 1), ("-0.1n", "-1n", -1), ("1u", "1u", 1),
        ("1.0000000001", "1000000001n", 1001), ("00012", "12", 12000),
    ])
    func canonicalForm(text: String, canonical: String, milli: Int64) throws {
        let quantity = try #require(Quantity(text))
        #expect(quantity.description == canonical)
        #expect(quantity.milliValue == milli)
        let again = try #require(Quantity(canonical))
        #expect(again == quantity)
        #expect(again.description == canonical)
    }

    @Test(arguments: [
        "", " 1", "1 ", "1.2.3", "abc", "1K", "1ki", "1KI", "e3", "1e", "1e3.5", "--1", "+", ".", "1Gii", "1e3Ki", "0x1", "1,5", "\u{661}",
        "1e99999999999999999999",
    ])
    func refused(text: String) {
        #expect(Quantity(text) == nil)
    }

    static let extremeCases: [(String, Int64)] = [
        ("9223372036854775807", Int64.max), ("9223372036854775808", Int64.max), ("8Ei", Int64.max), ("7Ei", 7 << 60), ("10E", Int64.max),
        ("-10E", -Int64.max), ("1e1000", Int64.max), ("-1e400", -Int64.max), ("1e-1000", 1),
        ("99999999999999999999999999999999999999999999Ei", Int64.max),
        ("1.00000000000000000000000000000000001Ei", (1 << 60) + 1), ("0.00000000000000000000000000000000000000001E", 1),
    ]

    @Test(arguments: extremeCases)
    func extremes(text: String, whole: Int64) throws {
        #expect(try #require(Quantity(text)).wholeValue == whole)
    }

    @Test func orderIsOfAmounts() throws {
        let texts = ["-1Gi", "-1", "0", "1n", "999m", "1", "1000", "1Ki", "1M", "1Mi", "1Gi", "2G"]
        let quantities = try texts.map { try #require(Quantity($0)) }
        #expect(quantities.shuffled(seed: 7).sorted() == quantities)
        #expect(Quantity("1Ki") == Quantity("1024"))
        #expect(Quantity("1Ki")?.hashValue == Quantity("1024")?.hashValue)
        #expect(Quantity(3).doubleValue == 3)
    }

    @Test(arguments: 1...30)
    func canonicalTextReadsBack(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let digits = String((0..<Int.random(in: 1...20, using: &random)).map { _ in "0123456789".randomElement(using: &random) ?? "0" })
            let point = Bool.random(using: &random) ? ".\(Int.random(in: 0..<10_000, using: &random))" : ""
            let suffix =
                ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "E-5", "e12"].randomElement(
                    using: &random) ?? ""
            let text = digits + point + suffix
            let quantity = try #require(Quantity(text), "\(text), seed \(seed)")
            let again = try #require(Quantity(quantity.description), "\(text), seed \(seed)")
            #expect(again == quantity, "\(text), seed \(seed)")
            #expect(again.description == quantity.description, "\(text), seed \(seed)")
        }
    }
}

extension Array {
    fileprivate func shuffled(seed: UInt64) -> [Element] {
        var random = SeededGenerator(seed: seed)
        return shuffled(using: &random)
    }
}
