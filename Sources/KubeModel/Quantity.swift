/// An amount in Kubernetes notation: `100m`, `1.5Gi`, `12e6`. Exact to a billionth.
///
/// As the API has it: finer than a billionth is rounded away from zero, and nothing is greater than 2^63-1.
/// Equality and order are of the amount; how it was written only decides the canonical text's family of suffixes.
package struct Quantity: Sendable, Hashable, Comparable, CustomStringConvertible {
    package enum Format: Sendable, Hashable {
        /// `n u m "" k M G T P E`
        case decimalSI
        /// `Ki Mi Gi Ti Pi Ei`
        case binarySI
        /// `e3`, `e-6`
        case decimalExponent
    }

    /// Billionths.
    private let nanos: Int128
    package let format: Format

    static let billion: Int128 = 1_000_000_000
    private static let limit = Int128(Int64.max) * billion

    package init(_ whole: Int64, format: Format = .decimalSI) {
        nanos = Swift.min(Swift.max(Int128(whole) * Self.billion, -Self.limit), Self.limit)
        self.format = format
    }

    /// Nil for what is no quantity.
    package init?(_ text: String) {
        var scanner = QuantityScanner(text)
        guard let parsed = scanner.scan() else { return nil }
        nanos = Swift.min(Swift.max(parsed.nanos, -Self.limit), Self.limit)
        format = parsed.format
    }

    /// The amount as the nearest Double.
    package var doubleValue: Double { Double(nanos) / 1e9 }

    /// The amount, rounded away from zero to a whole number.
    package var wholeValue: Int64 {
        let (quotient, remainder) = nanos.quotientAndRemainder(dividingBy: Self.billion)
        return Int64(clamping: quotient + Int128(remainder.signum()))
    }

    /// The amount in thousandths, rounded away from zero.
    package var milliValue: Int64 {
        let (quotient, remainder) = nanos.quotientAndRemainder(dividingBy: 1_000_000)
        return Int64(clamping: quotient + Int128(remainder.signum()))
    }

    package static func == (left: Quantity, right: Quantity) -> Bool { left.nanos == right.nanos }
    package static func < (left: Quantity, right: Quantity) -> Bool { left.nanos < right.nanos }
    package func hash(into hasher: inout Hasher) { hasher.combine(nanos) }

    /// The canonical text: no precision lost, no fraction, the greatest suffix that allows both.
    package var description: String {
        if nanos == 0 { return "0" }
        // Kubernetes writes small or fractional binary amounts in the decimal family.
        if format == .binarySI, nanos.magnitude >= UInt128(1024 * Self.billion), nanos % Self.billion == 0 {
            var (amount, power) = (nanos / Self.billion, 0)
            while amount % 1024 == 0, power < 6 { (amount, power) = (amount / 1024, power + 1) }
            return "\(amount)\(["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][power])"
        }
        var (amount, exponent) = (nanos, -9)
        while amount % 1000 == 0, exponent < 18 { (amount, exponent) = (amount / 1000, exponent + 3) }
        if format == .decimalExponent { return exponent == 0 ? "\(amount)" : "\(amount)e\(exponent)" }
        return "\(amount)\(["n", "u", "m", "", "k", "M", "G", "T", "P", "E"][exponent / 3 + 3])"
    }
}

/// Reads a quantity's sign, digits and suffix; saturates instead of overflowing.
private struct QuantityScanner {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = Substring(text).utf8 }

    mutating func scan() -> (nanos: Int128, format: Quantity.Format)? {
        let negative = rest.first == UInt8(ascii: "-")
        if negative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        let whole = digits()
        var fraction: [UInt8] = []
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = digits()
        }
        guard !whole.isEmpty || !fraction.isEmpty, let suffix = suffix() else { return nil }
        let nanos: Int128
        switch suffix {
        case .binary(let power):
            nanos = Self.scaled(whole, fraction, multiplier: Int128(1) << (10 * power), exponent: 9)
            return (negative ? -nanos : nanos, .binarySI)
        case .decimal(let exponent):
            nanos = Self.scaled(whole, fraction, multiplier: 1, exponent: exponent + 9)
            return (negative ? -nanos : nanos, .decimalSI)
        case .exponent(let exponent):
            nanos = Self.scaled(whole, fraction, multiplier: 1, exponent: exponent + 9)
            return (negative ? -nanos : nanos, .decimalExponent)
        }
    }

    private enum Suffix {
        case binary(Int)
        case decimal(Int)
        case exponent(Int)
    }

    private mutating func digits() -> [UInt8] {
        let found = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest.dropFirst(found.count)
        return found.map { $0 - UInt8(ascii: "0") }
    }

    private func suffix() -> Suffix? {
        let text = String(Substring(rest))
        if let power = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].firstIndex(of: text) { return .binary(power + 1) }
        if let index = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"].firstIndex(of: text) { return .decimal(index * 3 - 9) }
        guard let first = text.utf8.first, first == UInt8(ascii: "e") || first == UInt8(ascii: "E") else { return nil }
        // Beyond these the amount is zero's neighbour or the limit whatever its digits.
        return Int(text.dropFirst()).map { .exponent(Swift.min(Swift.max($0, -1000), 1000)) }
    }

    /// `whole.fraction * multiplier * 10^exponent`, rounded up, saturated far above the limit.
    private static func scaled(_ whole: [UInt8], _ fraction: [UInt8], multiplier: Int128, exponent: Int) -> Int128 {
        let enough = Int128(1) << 96
        // So that the digits kept, times the multiplier, fit.
        let full = (Int128(1) << 120) / multiplier
        var (value, point, inexact) = (Int128(0), exponent - fraction.count, false)
        for digit in whole + fraction {
            if value > full {
                // Digits that no longer fit are far below a billionth of what is kept, or the limit is passed anyway.
                point += 1
                inexact = inexact || digit != 0
            } else {
                value = value * 10 + Int128(digit)
            }
        }
        if value == 0 { return 0 }
        var (scaled, overflow) = value.multipliedReportingOverflow(by: multiplier)
        while point > 0, !overflow, scaled <= enough {
            (scaled, overflow) = scaled.multipliedReportingOverflow(by: 10)
            point -= 1
        }
        if overflow || point > 0 { return Int128.max >> 1 }
        while point < 0, scaled > 0 {
            let (quotient, remainder) = scaled.quotientAndRemainder(dividingBy: 10)
            (scaled, inexact, point) = (quotient, inexact || remainder != 0, point + 1)
        }
        return inexact ? scaled + 1 : scaled
    }
}
