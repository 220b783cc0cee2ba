/// A decimal number: a whole significand of up to 38 digits times 10^-scale, scale 0 to 38, always reduced (`1.50` is `1.5`).
///
/// Nothing traps. A sum or product that needs more than 38 digits is rounded half to even to what fits; beyond `greatest` it stays at `greatest`,
/// with its sign.
package struct ExactDecimal: Sendable, Hashable {
    static let maximumScale = 38
    /// 10^38 - 1.
    package static let greatest = ExactDecimal(negative: false, magnitude: tens[38] - 1, scale: 0)
    package static let zero = ExactDecimal(0)

    /// The powers of ten up to 10^38.
    private static let tens: [UInt128] = (0..<38).reduce(into: [1]) { powers, i in powers.append(powers[i] * 10) }

    let significand: Int128
    let scale: Int

    package init(_ value: Int) {
        significand = Int128(value)
        scale = 0
    }

    /// Reads `-12.50`, `.5`, `7.`, `1e-3`; `nil` for anything else, and for what has more than 38 digits or is beyond 10^±38.
    package init?(_ text: String) {
        guard let parts = DecimalText(text) else { return nil }
        guard parts.magnitude != 0 else {
            self = .zero
            return
        }
        // The last digit is not zero here, so that the scale is the smallest one.
        guard (-37...Self.maximumScale).contains(parts.scale) else { return nil }
        let product = Wide(parts.magnitude, times: Self.tens[max(-parts.scale, 0)])
        guard product < Wide(Self.tens[38]) else { return nil }
        self.init(negative: parts.negative, magnitude: product.low, scale: max(parts.scale, 0))
    }

    /// The shortest decimal that reads back as this double, rounded half to even to 38 digits after the point; `nil` for infinities, NaN and what is
    /// 10^38 or more.
    package init?(_ value: Double) {
        guard let parts = DecimalText("\(value)") else { return nil }
        if parts.scale > 0 {
            self.init(negative: parts.negative, rounding: Wide(parts.magnitude), scale: parts.scale)
        } else {
            self.init("\(value)")
        }
    }

    /// `magnitude` is below 10^38 and `scale` in its bounds.
    private init(negative: Bool, magnitude: UInt128, scale: Int) {
        var magnitude = magnitude
        var scale = magnitude == 0 ? 0 : scale
        while scale > 0, magnitude % 10 == 0 {
            magnitude /= 10
            scale -= 1
        }
        significand = negative ? -Int128(magnitude) : Int128(magnitude)
        self.scale = scale
    }

    /// Rounds half to even to what fits. `next` is the digit below those of `wide`, and `rest` tells whether any digit below that is not zero.
    private init(negative: Bool, rounding wide: Wide, scale: Int, digits: Int = maximumScale, next: UInt8 = 0, rest: Bool = false) {
        var wide = wide
        var scale = scale
        var last = next
        var rest = rest
        let limit = Wide(Self.tens[38])
        func drop() {
            rest = rest || last != 0
            last = wide.dropDigit()
            scale -= 1
        }
        while scale > digits { drop() }
        while wide >= limit, scale > 0 { drop() }
        if last > 5 || (last == 5 && (rest || wide.low & 1 == 1)) { wide = wide + Wide(1) }
        if wide >= limit, scale > 0 {  // 99...9 was rounded up to 10^38
            _ = wide.dropDigit()
            scale -= 1
        }
        guard scale >= 0, wide < limit else {
            self.init(negative: negative, magnitude: Self.tens[38] - 1, scale: 0)
            return
        }
        self.init(negative: negative, magnitude: wide.low, scale: scale)
    }

    /// Rounded half to even to at most `digits` digits after the point (at least 0).
    package func rounded(digits: Int) -> ExactDecimal {
        ExactDecimal(negative: isNegative, rounding: Wide(significand.magnitude), scale: scale, digits: min(max(digits, 0), Self.maximumScale))
    }

    package var isNegative: Bool { significand < 0 }
    package var isZero: Bool { significand == 0 }
    package var magnitude: ExactDecimal { isNegative ? -self : self }

    /// The nearest double.
    package var doubleValue: Double { Double(description) ?? 0 }
}

extension ExactDecimal {
    package static prefix func - (a: ExactDecimal) -> ExactDecimal {
        ExactDecimal(negative: !a.isNegative, magnitude: a.significand.magnitude, scale: a.scale)
    }

    package static func + (a: ExactDecimal, b: ExactDecimal) -> ExactDecimal {
        let (x, y, scale) = aligned(a, b)
        if a.isNegative == b.isNegative { return ExactDecimal(negative: a.isNegative, rounding: x + y, scale: scale) }
        return x < y
            ? ExactDecimal(negative: b.isNegative, rounding: y - x, scale: scale)
            : ExactDecimal(negative: a.isNegative, rounding: x - y, scale: scale)
    }

    package static func - (a: ExactDecimal, b: ExactDecimal) -> ExactDecimal { a + -b }

    package static func * (a: ExactDecimal, b: ExactDecimal) -> ExactDecimal {
        let product = Wide(a.significand.magnitude, times: b.significand.magnitude)
        return ExactDecimal(negative: a.isNegative != b.isNegative, rounding: product, scale: a.scale + b.scale)
    }

    /// The quotient, rounded half to even to `digits` (0 to 38) digits after the point, fewer where 38 digits in all would not do; `nil` for a
    /// division by zero.
    package func divided(by divisor: ExactDecimal, digits: Int) -> ExactDecimal? {
        guard !divisor.isZero else { return nil }
        let negative = isNegative != divisor.isNegative
        let denominator = divisor.significand.magnitude
        var (quotient, rest) = significand.magnitude.quotientAndRemainder(dividingBy: denominator)
        // The quotient's scale is the scales' difference; long division adds digits until there are as many as asked for, or 38 in all.
        func nextDigit() -> UInt128 {
            let (digit, next) = denominator.dividingFullWidth(rest.multipliedFullWidth(by: 10))  // rest < denominator: the quotient is one digit
            rest = next
            return digit
        }
        let wanted = min(max(digits, 0), Self.maximumScale)
        var reached = scale - divisor.scale
        while reached < wanted, quotient < Self.tens[37] {
            quotient = quotient * 10 + nextDigit()
            reached += 1
        }
        let next = UInt8(nextDigit())
        return ExactDecimal(negative: negative, rounding: Wide(quotient), scale: reached, digits: wanted, next: next, rest: rest != 0)
    }

    /// Both magnitudes at the larger scale.
    private static func aligned(_ a: ExactDecimal, _ b: ExactDecimal) -> (Wide, Wide, Int) {
        let scale = max(a.scale, b.scale)
        return (
            Wide(a.significand.magnitude, times: tens[scale - a.scale]), Wide(b.significand.magnitude, times: tens[scale - b.scale]), scale
        )
    }
}

extension ExactDecimal: Comparable {
    package static func < (a: ExactDecimal, b: ExactDecimal) -> Bool {
        if a.isNegative != b.isNegative { return a.isNegative }
        let (x, y, _) = aligned(a, b)
        return a.isNegative ? y < x : x < y
    }
}

extension ExactDecimal: CustomStringConvertible {
    /// Digits with a point only where needed, without exponent; reads back as the same number.
    package var description: String {
        var digits = String(significand.magnitude)
        if scale > 0 {
            if digits.utf8.count <= scale { digits = String(repeating: "0", count: scale + 1 - digits.utf8.count) + digits }
            digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -scale))
        }
        return (isNegative ? "-" : "") + digits
    }
}
