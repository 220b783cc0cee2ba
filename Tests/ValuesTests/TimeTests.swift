import Testing
import Values

@Suite struct TimeTests {
    // As prometheus/common's model.ParseDuration and Duration.String have it.
    @Test(
        arguments: [
            ("0", 0, "0s"), ("0w", 0, "0s"), ("0s", 0, "0s"), ("324ms", 324, "324ms"), ("3s", 3000, "3s"), ("5m", 300_000, "5m"),
            ("1h", 3_600_000, "1h"), ("4d", 345_600_000, "4d"),
            ("4d1h", 349_200_000, "4d1h"), ("14d", 1_209_600_000, "2w"), ("3w", 1_814_400_000, "3w"), ("3w2d1h", 1_990_800_000, "23d1h"),
            ("10y", 315_360_000_000, "10y"),
            ("30d", 2_592_000_000, "30d"), ("1h30m", 5_400_000, "1h30m"), ("90m", 5_400_000, "1h30m"), ("1d", 86_400_000, "1d"),
            ("90d", 7_776_000_000, "90d"), ("1s1ms", 1001, "1s1ms"),
            ("365d", 31_536_000_000, "1y"), ("1y2w3d4h5m6s7ms", 31_536_000_000 + 17 * 86_400_000 + 14_706_007, "382d4h5m6s7ms"),
            ("28d", 2_419_200_000, "4w"),
        ] as [(String, Int64, String)])
    func durationsRead(text: String, milliseconds: Int64, canonical: String) throws {
        let value = try #require(PromDuration(text))
        #expect(value.milliseconds == milliseconds)
        #expect(value.description == canonical)
        #expect(PromDuration(canonical) == value)
    }

    @Test(arguments: [
        "", "1", "1y1m1d", "-1w", "1.5d", "d", "200ns", "1d1d", "1s1h", "1 h", " 1h", "1H", "1h ", "+1h", "300y", "293y", "99999999999999999999d",
        "9223372036854775807y", "1d0", "00", "1µs",
        "P7Y",
    ])
    func durationsRefused(text: String) {
        #expect(PromDuration(text) == nil)
    }

    @Test func durationArithmetic() {
        #expect(PromDuration.days(30) == PromDuration("30d"))
        #expect((PromDuration.minutes(5) - .hours(1)).description == "-55m")
        #expect(PromDuration.hours(.max).milliseconds == .max)
        #expect((PromDuration(milliseconds: .min) - .seconds(1)).milliseconds == .min)
        #expect((PromDuration(milliseconds: .max) + .seconds(1)).milliseconds == .max)
        #expect((PromDuration.seconds(-3) * 4).milliseconds == -12_000)
        #expect(PromDuration(milliseconds: .min).description.hasPrefix("-"))
        #expect(PromDuration(milliseconds: 1500).seconds == 1.5)
        #expect(PromDuration.minutes(5) < .hours(1))
        #expect(PromDuration(milliseconds: 1500).swiftDuration == .milliseconds(1500))
    }

    @Test(arguments: seeds)
    func durationsRoundTrip(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let value = PromDuration(milliseconds: Int64.random(in: 0...(Int64.max / 1_000_000), using: &random) >> random.below(40))
            #expect(PromDuration(value.description) == value)
        }
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-11-21T08:47:38Z", 1_795_250_858_000_000), ("2026-11-21T09:47:38+01:00", 1_795_250_858_000_000),
            ("2026-11-21T03:17:38.5-05:30", 1_795_250_858_500_000), ("2024-02-29t12:00:00z", 1_709_208_000_000_000),
            ("2000-02-29T00:00:00Z", 951_782_400_000_000),
            ("1969-12-31T23:59:59.999999Z", -1), ("2026-01-01T00:00:00.1234567899Z", 1_767_225_600_123_456),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000_000),
            ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999), ("1970-01-01T00:00:00-00:00", 0),
            ("2026-01-01T00:00:00+23:59", 1_767_139_260_000_000),
        ] as [(String, Int64)])
    func instantsRead(text: String, microseconds: Int64) throws {
        let instant = try #require(Instant(rfc3339: text))
        #expect(instant.microseconds == microseconds)
        #expect(Instant(rfc3339: instant.rfc3339) == instant)
        #expect(Instant(rfc3339: instant.microsecondsText) == instant)
    }

    @Test(arguments: [
        "", "2026", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
        "2026-12-31T23:59:60Z",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+01:60",
        "2026-01-01T00:00:00+0100",
        "2026-01-01T00:00:00ZZ", "26-01-01T00:00:00Z", "+2026-01-01T00:00:00Z", "2026-1-1T0:0:0Z", "２026-01-01T00:00:00Z", "2026-01-01T00:00:00Z ",
    ])
    func instantsRefused(text: String) {
        #expect(Instant(rfc3339: text) == nil)
    }

    @Test func instantTexts() {
        let instant = Instant(microseconds: 1_795_250_858_000_500)
        #expect(instant.rfc3339 == "2026-11-21T08:47:38.000500Z")
        #expect(instant.secondsText == "2026-11-21T08:47:38Z")
        #expect(Instant(seconds: 1_795_250_858).rfc3339 == "2026-11-21T08:47:38Z")
        #expect(Instant(seconds: 1_795_250_858).microsecondsText == "2026-11-21T08:47:38.000000Z")
        #expect(Instant(microseconds: -1).secondsText == "1969-12-31T23:59:59Z")
        #expect(Instant(microseconds: .max).rfc3339 == "+294247-01-10T04:00:54.775807Z")
        #expect(Instant(microseconds: .min).rfc3339 == "-290308-12-21T19:59:05.224192Z")
    }

    @Test func instantArithmetic() {
        let now = Instant(seconds: 1_000_000)
        #expect(now.adding(.days(1)).since(now) == .days(1))
        #expect(now.since(now.adding(.seconds(3))) == .seconds(-3))
        #expect((now + .milliseconds(1500)).microseconds == 1_000_001_500_000)
        #expect((now + .nanoseconds(-2500)).microseconds == 999_999_999_998)
        #expect(Instant(microseconds: .max).adding(.days(1)).microseconds == .max)
        #expect(Instant(microseconds: .min).adding(PromDuration(milliseconds: .min)).microseconds == .min)
        #expect((Instant(microseconds: .min) + .seconds(Int64.min)).microseconds == .min)
        #expect(Instant(microseconds: .max).since(Instant(microseconds: .min)).milliseconds == Int64.max / 1000)
        #expect(Instant(secondsSinceEpoch: 1_795_250_858.123)?.microseconds == 1_795_250_858_123_000)
        for value in [Double.nan, .infinity, -.infinity, 1e300, 1e13] { #expect(Instant(secondsSinceEpoch: value) == nil) }
        #expect(Instant(microseconds: -1).wholeSeconds == -1)
        #expect(Instant(microseconds: 1_500_000).secondsSinceEpoch == 1.5)
    }

    @Test(arguments: seeds)
    func instantsRoundTrip(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let instant = Instant(microseconds: Int64.random(in: -62_167_219_200_000_000...253_402_300_799_999_999, using: &random))
            #expect(Instant(rfc3339: instant.rfc3339) == instant)
            #expect(Instant(microseconds: Int64.random(in: .min ... .max, using: &random)).rfc3339.hasSuffix("Z"))
        }
    }

    @Test func daysOfFourCenturies() throws {
        var expected = try #require(CivilDate(year: 1799, month: 12, day: 31))
        for days in (-62_091)...(84_006) {
            let date = CivilDate(daysSinceEpoch: days)
            #expect(date.daysSinceEpoch == days)
            #expect(date > expected)
            #expect(date.day == 1 ? expected.day == CivilDate.days(inMonth: expected.month, of: expected.year) : date.day == expected.day + 1)
            #expect(date.weekday == (expected.weekday + 1) % 7)
            expected = date
        }
        #expect(expected == CivilDate(year: 2200, month: 1, day: 1))
        #expect(CivilDate(year: 2026, month: 11, day: 21)?.weekday == 6)
        #expect(CivilDate(year: 2024, month: 12, day: 31)?.dayOfYear == 366)
        #expect(CivilDate(daysSinceEpoch: .max).adding(days: .max).daysSinceEpoch == 365_000_000)
    }
}
