/// A span of time in whole milliseconds, written as Prometheus writes it: `30d`, `1h30m`, `500ms`. A day has 24 hours and a year 365 days.
///
/// Arithmetic stays at the bounds of Int64 instead of overflowing.
package struct PromDuration: Sendable, Hashable {
    package let milliseconds: Int64

    private static let units: [(name: String, milliseconds: Int64)] = [
        ("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]
    /// What Prometheus can hold: 2^63 - 1 nanoseconds, about 292 years.
    private static let greatestRead = Int64.max / 1_000_000

    package static let zero = PromDuration(milliseconds: 0)

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func seconds(_ count: Int64) -> PromDuration { PromDuration(count, of: 1000) }
    package static func minutes(_ count: Int64) -> PromDuration { PromDuration(count, of: 60_000) }
    package static func hours(_ count: Int64) -> PromDuration { PromDuration(count, of: 3_600_000) }
    package static func days(_ count: Int64) -> PromDuration { PromDuration(count, of: 86_400_000) }

    private init(_ count: Int64, of unit: Int64) { milliseconds = count.saturatingMultiplied(by: unit) }

    /// Reads what Prometheus' `model.ParseDuration` reads: whole numbers with the units y w d h m s ms, in this order and each at most once, or `0`;
    /// no sign, no fraction, at most 292 years. `nil` for anything else.
    package init?(_ text: String) {
        if text == "0" {
            self = .zero
            return
        }
        guard !text.isEmpty else { return nil }
        var rest = text.utf8[...]
        var total: Int64 = 0
        var next = 0
        while !rest.isEmpty {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            rest = rest.dropFirst(name.count)
            guard let count = Int64(Substring(digits)), let unit = Self.units[next...].firstIndex(where: { $0.name.utf8.elementsEqual(name) }) else {
                return nil
            }
            next = unit + 1
            total = total.saturatingAdded(count.saturatingMultiplied(by: Self.units[unit].milliseconds))
        }
        guard total <= Self.greatestRead else { return nil }
        milliseconds = total
    }

    package var seconds: Double { Double(milliseconds) / 1000 }
    package var swiftDuration: Swift.Duration { .milliseconds(milliseconds) }
    package var isZero: Bool { milliseconds == 0 }
}

extension PromDuration: Comparable {
    package static func < (a: PromDuration, b: PromDuration) -> Bool { a.milliseconds < b.milliseconds }

    package static func + (a: PromDuration, b: PromDuration) -> PromDuration {
        PromDuration(milliseconds: a.milliseconds.saturatingAdded(b.milliseconds))
    }

    package static func - (a: PromDuration, b: PromDuration) -> PromDuration {
        PromDuration(milliseconds: a.milliseconds.saturatingSubtracted(b.milliseconds))
    }

    package static func * (a: PromDuration, factor: Int64) -> PromDuration { PromDuration(factor, of: a.milliseconds) }
}

extension PromDuration: CustomStringConvertible {
    /// As Prometheus prints it: years and weeks only where nothing smaller is left, so `90d` and not `12w6d`. Negative spans bear a minus, which
    /// Prometheus does not read back.
    package var description: String {
        guard milliseconds != 0 else { return "0s" }
        var rest = milliseconds.magnitude
        var text = milliseconds < 0 ? "-" : ""
        for (name, size) in Self.units {
            let size = size.magnitude
            if name == "y" || name == "w", !rest.isMultiple(of: size) { continue }
            let count = rest / size
            if count > 0 { text += "\(count)\(name)" }
            rest -= count * size
        }
        return text
    }
}
