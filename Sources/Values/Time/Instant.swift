/// A point in time in microseconds since 1970 UTC, leap seconds not counted. Arithmetic stays at the bounds of Int64 instead of overflowing.
package struct Instant: Sendable, Hashable {
    package let microseconds: Int64

    package static let epoch = Instant(microseconds: 0)

    package init(microseconds: Int64) { self.microseconds = microseconds }

    /// Whole seconds since 1970 UTC.
    package init(seconds: Int64) { microseconds = seconds.saturatingMultiplied(by: 1_000_000) }

    /// Seconds since 1970 UTC, rounded to microseconds, as Prometheus' time stamps are; `nil` for NaN and what Int64 can't hold.
    package init?(secondsSinceEpoch: Double) {
        guard let microseconds = Int64(exactly: (secondsSinceEpoch * 1_000_000).rounded()) else { return nil }
        self.microseconds = microseconds
    }

    package var secondsSinceEpoch: Double { Double(microseconds) / 1_000_000 }

    /// Whole seconds, rounded down.
    package var wholeSeconds: Int64 { microseconds.flooredDivision(by: 1_000_000).quotient }

    package func adding(_ duration: PromDuration) -> Instant {
        Instant(microseconds: microseconds.saturatingAdded(duration.milliseconds.saturatingMultiplied(by: 1000)))
    }

    /// Rounded down to whole milliseconds; negative where `other` is later.
    package func since(_ other: Instant) -> PromDuration {
        PromDuration(milliseconds: microseconds.saturatingSubtracted(other.microseconds).flooredDivision(by: 1000).quotient)
    }
}

extension Instant: Comparable {
    package static func < (a: Instant, b: Instant) -> Bool { a.microseconds < b.microseconds }

    /// Parts of a microsecond are dropped.
    package static func + (a: Instant, b: Swift.Duration) -> Instant {
        let (seconds, attoseconds) = b.components
        let microseconds = seconds.saturatingMultiplied(by: 1_000_000).saturatingAdded(attoseconds / 1_000_000_000_000)
        return Instant(microseconds: a.microseconds.saturatingAdded(microseconds))
    }
}

extension Instant: CustomStringConvertible {
    package var description: String { rfc3339 }

    /// RFC 3339 in UTC, with six digits of fraction or none. Beyond the years 0000 to 9999 the year has a sign, which `init(rfc3339:)` refuses.
    package var rfc3339: String { microseconds.isMultiple(of: 1_000_000) ? secondsText : microsecondsText }

    /// RFC 3339 in UTC, whole seconds (rounded down): the form of metav1.Time.
    package var secondsText: String { "\(dateAndTime)Z" }

    /// RFC 3339 in UTC, always with six digits of fraction: the form of metav1.MicroTime, which takes no other.
    package var microsecondsText: String {
        "\(dateAndTime).\(Int(microseconds.flooredDivision(by: 1_000_000).rest).padded(6))Z"
    }

    private var dateAndTime: String {
        let (days, seconds) = wholeSeconds.flooredDivision(by: 86_400)
        let time = Int(seconds)
        return "\(CivilDate(daysSinceEpoch: Int(days)))T\((time / 3600).padded(2)):\((time / 60 % 60).padded(2)):\((time % 60).padded(2))"
    }

    /// Reads RFC 3339: `2026-11-21T08:47:38Z`, any fraction (beyond microseconds it is dropped), any offset. `nil` for anything else, and for a leap
    /// second (`:60`), which time in Unix seconds has no room for.
    package init?(rfc3339 text: String) {
        var reader = FixedWidthReader(text)
        guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"), let day = reader.number(2),
            reader.skip("T") || reader.skip("t"),
            let hour = reader.number(2), reader.skip(":"), let minute = reader.number(2), reader.skip(":"), let second = reader.number(2),
            let date = CivilDate(year: year, month: month, day: day), hour < 24, minute < 60, second < 60
        else { return nil }
        var fraction = 0
        if reader.skip(".") {
            var unit = 100_000
            guard var digit = reader.number(1) else { return nil }
            while true {
                fraction += digit * unit
                unit /= 10
                guard let next = reader.number(1) else { break }
                digit = next
            }
        }
        var offset = 0
        if !(reader.skip("Z") || reader.skip("z")) {
            let west = reader.skip("-")
            guard west || reader.skip("+"), let hours = reader.number(2), reader.skip(":"), let minutes = reader.number(2), hours < 24, minutes < 60
            else {
                return nil
            }
            offset = (hours * 3600 + minutes * 60) * (west ? -1 : 1)
        }
        guard reader.isAtEnd else { return nil }
        let seconds = date.daysSinceEpoch * 86_400 + hour * 3600 + minute * 60 + second - offset
        microseconds = Int64(seconds * 1_000_000 + fraction)
    }
}

/// Reads fields of a fixed number of digits.
private struct FixedWidthReader {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = text.utf8[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func number(_ digits: Int) -> Int? {
        var value = 0
        var after = rest
        for _ in 0..<digits {
            guard let byte = after.popFirst(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        rest = after
        return value
    }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }
}
