import Testing
import Values

@Suite struct NumberTests {
    private static let nines = String(repeating: "9", count: 38)

    @Test(arguments: [
        ("0", "0"), ("-0", "0"), ("+7", "7"), ("007", "7"), ("1.50", "1.5"), ("-12.500", "-12.5"), (".5", "0.5"), ("7.", "7"), ("1e3", "1000"),
        ("1.5E-3", "0.0015"),
        ("2500e-2", "25"), ("0e999999999999999999999", "0"), ("1e37", "1" + String(repeating: "0", count: 37)), (nines, nines),
        ("-\(nines)", "-\(nines)"),
        ("1e-38", "0." + String(repeating: "0", count: 37) + "1"), ("0." + nines, "0." + nines),
        ("1" + String(repeating: "0", count: 60) + "e-60", "1"),
        ("1." + String(repeating: "0", count: 60), "1"),
    ])
    func decimalsRead(text: String, canonical: String) throws {
        let value = try #require(ExactDecimal(text))
        #expect(value.description == canonical)
        #expect(ExactDecimal(canonical) == value)
    }

    @Test(arguments: [
        "", "-", "+", ".", "e3", "1e", "1e+", "--1", "1.2.3", "1 ", " 1", "0x1", "1_0", "١", "NaN", "inf", "1e38", "1e-39", nines + "0", nines + "1",
        "1e999999999999999999999",
        "0." + nines + "1", "1e-99999999", "1,5",
    ])
    func decimalsRefused(text: String) {
        #expect(ExactDecimal(text) == nil)
    }

    @Test func decimalArithmetic() throws {
        func decimal(_ text: String) throws -> ExactDecimal { try #require(ExactDecimal(text)) }
        #expect(try decimal("0.1") + decimal("0.2") == decimal("0.3"))
        #expect(try decimal("0.1") - decimal("0.3") == decimal("-0.2"))
        #expect(try decimal("-1.5") * decimal("0.02") == decimal("-0.03"))
        #expect(try decimal("1").divided(by: decimal("3"), digits: 5) == decimal("0.33333"))
        #expect(try decimal("2").divided(by: decimal("-3"), digits: 5) == decimal("-0.66667"))
        #expect(try decimal("1").divided(by: decimal("8"), digits: 2) == decimal("0.12"))
        #expect(try decimal("3").divided(by: decimal("8"), digits: 2) == decimal("0.38"))
        #expect(try decimal("0.125000001").rounded(digits: 2) == decimal("0.13"))
        #expect(try decimal("99.9").divided(by: decimal("0.001"), digits: 0) == 99_900.decimal)
        #expect(try decimal("1").divided(by: decimal("1e-38"), digits: 3) == .greatest)
        #expect(try decimal("1").divided(by: decimal(Self.nines), digits: 38) == decimal("1e-38"))
        #expect(try decimal("1").divided(by: .zero, digits: 3) == nil)
        #expect(try decimal("2").divided(by: decimal("3"), digits: 99)?.description == "0." + String(repeating: "6", count: 37) + "7")
        #expect(try decimal("20").divided(by: decimal("3"), digits: 99)?.description == "6." + String(repeating: "6", count: 36) + "7")
        for (text, digits, result) in [
            ("2.5", 0, "2"), ("3.5", 0, "4"), ("-2.5", 0, "-2"), ("2.51", 0, "3"), ("0.05", 1, "0"), ("9.99", 1, "10"), ("1.25", 9, "1.25"),
            ("1.25", -3, "1"),
        ] {
            #expect(try decimal(text).rounded(digits: digits) == decimal(result))
        }
        #expect(try decimal("1.10").hashValue == decimal("1.1").hashValue)
        #expect(try decimal("0.999").doubleValue == 0.999)
    }

    @Test func decimalsSaturate() throws {
        let greatest = ExactDecimal.greatest
        let smallest = try #require(ExactDecimal("1e-38"))
        #expect(greatest + greatest == greatest)
        #expect(-greatest - greatest == -greatest)
        #expect(greatest * greatest == greatest)
        #expect(greatest * -greatest == -greatest)
        #expect(greatest + smallest == greatest)
        #expect(greatest - smallest == greatest)
        #expect((smallest * smallest).isZero)
        #expect(smallest < greatest && -greatest < smallest && -greatest < -smallest)
        #expect(ExactDecimal(Int.min).description == "-9223372036854775808")
        #expect(ExactDecimal(Int.min).magnitude.description == "9223372036854775808")
    }

    @Test(
        arguments: [
            (0, "0"), (-0.0, "0"), (0.1, "0.1"), (99.95, "99.95"), (-1e-5, "-0.00001"), (1e22, "10000000000000000000000"),
            (.leastNonzeroMagnitude, "0"),
            (1.2345678901234567e-30, "0.00000000000000000000000000000123456789"), (1e38, nil), (.nan, nil), (.infinity, nil),
            (.greatestFiniteMagnitude, nil),
        ] as [(Double, String?)])
    func decimalsOfDoubles(value: Double, text: String?) {
        #expect(ExactDecimal(value)?.description == text)
    }

    /// Against integers of the compiler, scaled.
    @Test(arguments: seeds)
    func decimalsAgreeWithIntegers(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let (a, b) = (Int.random(in: -1_000_000...1_000_000, using: &random), Int.random(in: -1_000_000...1_000_000, using: &random))
            let x = try #require(ExactDecimal("\(a)e-3"))
            let y = try #require(ExactDecimal("\(b)e-3"))
            #expect(x + y == ExactDecimal("\(a + b)e-3"))
            #expect(x - y == ExactDecimal("\(a - b)e-3"))
            #expect(x * y == ExactDecimal("\(a * b)e-6"))
            #expect((x < y) == (a < b))
            #expect(ExactDecimal(x.description) == x)
            if b != 0 {
                let quotient = try #require(x.divided(by: y, digits: 6))
                #expect((quotient * y - x).magnitude <= y.magnitude * (ExactDecimal("0.0000005") ?? .zero))
            }
        }
    }

    /// Any text gives a number or `nil`, and no operation on extreme numbers traps.
    @Test(arguments: seeds)
    func decimalsNeverTrap(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var values = [ExactDecimal.greatest, .zero]
        for _ in 0..<300 {
            let text = (0..<random.below(45)).map { _ in random.pick(["0", "1", "9", "5", "9", "0", "00", ".", "-", "e", "1e-", "38"]) }.joined()
            if let value = ExactDecimal(text) { values.append(value) }
            let digits = (0..<(1 + random.below(38))).map { _ in "\(random.below(10))" }.joined()
            if let value = ExactDecimal("-\(digits)e-\(random.below(39))") { values.append(value) }
            let (a, b) = (random.pick(values), random.pick(values))
            for result in [a + b, a - b, a * b, a.divided(by: b, digits: random.below(60) - 10) ?? .zero, a.rounded(digits: random.below(50) - 5)] {
                #expect(ExactDecimal(result.description) == result)
                #expect(result <= .greatest)
            }
            #expect(a + b == b + a)
            #expect(a * b == b * a)
            #expect((a < b) == (b > a) && (a == b) == (!(a < b) && !(b < a)))
        }
    }

    @Test(arguments: [
        ("99.9%", "99.9%", "0.999"), ("99.90%", "99.9%", "0.999"), ("0%", "0%", "0"), ("-12.5%", "-12.5%", "-0.125"), ("100%", "100%", "1"),
    ])
    func percentages(text: String, canonical: String, fraction: String) throws {
        let value = try #require(Percentage(text))
        #expect(value.text == canonical)
        #expect(value.fraction == ExactDecimal(fraction))
    }

    @Test(arguments: ["", "%", "99.9", "99.9 %", "0.999e2%", "99,9%", "%99", "99.9%%", "x"])
    func percentagesRefused(text: String) {
        #expect(Percentage(text) == nil)
    }

    @Test func factors() {
        #expect(Factor("14.4x")?.value == ExactDecimal("14.4"))
        #expect(Factor("14.40x")?.text == "14.4x")
        #expect(Factor("1x") == Factor("1.0x"))
        for text in ["", "x", "14.4", "14.4X", "1e1x", "14.4 x"] { #expect(Factor(text) == nil) }
    }

    @Test func generatorIsThePublishedOne() {
        var random = SeededGenerator(seed: 1_234_567)
        let first: [UInt64] = (0..<5).map { _ in random.next() }
        #expect(
            first == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
                16_408_922_859_458_223_821,
            ])
    }
}

extension Int {
    fileprivate var decimal: ExactDecimal { ExactDecimal(self) }
}
