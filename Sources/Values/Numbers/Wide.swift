/// An unsigned integer of 256 bits, just wide enough for products and alignments of two 38-digit decimals.
struct Wide: Comparable {
    private(set) var high: UInt128
    private(set) var low: UInt128

    init(_ low: UInt128) {
        high = 0
        self.low = low
    }

    /// The whole product.
    init(_ a: UInt128, times b: UInt128) {
        let product = a.multipliedFullWidth(by: b)
        high = product.high
        low = product.low
    }

    static func < (a: Wide, b: Wide) -> Bool { (a.high, a.low) < (b.high, b.low) }

    /// The sum of two numbers below 2^255.
    static func + (a: Wide, b: Wide) -> Wide {
        let (low, carry) = a.low.addingReportingOverflow(b.low)
        var sum = Wide(low)
        sum.high = a.high &+ b.high &+ (carry ? 1 : 0)
        return sum
    }

    /// The difference; `a` is not the smaller one.
    static func - (a: Wide, b: Wide) -> Wide {
        let (low, borrow) = a.low.subtractingReportingOverflow(b.low)
        var difference = Wide(low)
        difference.high = a.high &- b.high &- (borrow ? 1 : 0)
        return difference
    }

    /// Divides by ten in place; returns the digit that falls off.
    mutating func dropDigit() -> UInt8 {
        let (upper, rest) = high.quotientAndRemainder(dividingBy: 10)
        let (lower, digit) = UInt128(10).dividingFullWidth((rest, low))  // rest < 10, so the quotient fits
        high = upper
        low = lower
        return UInt8(digit)
    }
}
