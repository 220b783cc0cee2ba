/// Natural logarithm and exponential in plain arithmetic: evidence that is replayed gives the same bits on every machine and C library, and a pure
/// target needs no C.
enum ElementaryFunctions {
    private static let ln2 = 0.693_147_180_559_945_3
    /// The first 32 bits of ln 2 and the rest, so that a multiple of ln 2 is taken off without error.
    private static let ln2High = 0x1.62e42feep-1
    private static let ln2Low = 0x1.a39ef35793c76p-33

    /// To about one unit in the last place: x = m 2^e, and ln m = 2 artanh((m - 1) / (m + 1)). Minus infinity at 0, NaN below.
    static func ln(_ x: Double) -> Double {
        guard x > 0 else { return x == 0 ? -.infinity : .nan }
        guard x < .infinity else { return x }
        var exponent = Double(x.exponent)
        var mantissa = x.significand
        if mantissa > 1.414_213_562_373_095 {
            mantissa /= 2
            exponent += 1
        }
        let z = (mantissa - 1) / (mantissa + 1)
        let square = z * z
        // |z| <= 0.172, so that the 12th term is below 1e-18.
        var sum = 0.0
        for odd in stride(from: 23.0, through: 1, by: -2) { sum = sum * square + 1 / odd }
        return exponent * ln2High + (2 * z * sum + exponent * ln2Low)
    }

    /// To about one unit in the last place: x = k ln 2 + r, and the exponential's series at r.
    static func exp(_ x: Double) -> Double {
        guard !x.isNaN else { return x }
        if x > 709.78 { return .infinity }
        if x < -745.2 { return 0 }
        let k = (x / ln2).rounded()
        let r = (x - k * ln2High) - k * ln2Low
        // |r| <= 0.347, so that the 16th term is below 1e-20.
        var sum = 1.0
        for n in stride(from: 15.0, through: 1, by: -1) { sum = 1 + sum * r / n }
        return Double(sign: .plus, exponent: Int(k), significand: sum)
    }
}
