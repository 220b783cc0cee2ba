/// The parts of a decimal number's text: (-1)^negative x magnitude x 10^-scale, without trailing zeros in the magnitude.
struct DecimalText {
    private(set) var negative = false
    private(set) var magnitude: UInt128 = 0
    private(set) var scale = 0

    /// `[+-] digits [. digits] [e [+-] digits]` with a digit before the exponent; `nil` for anything else, and for more than 38 digits between the
    /// first and the last that is not zero.
    init?(_ text: String) {
        var bytes = text.utf8[...]
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            negative = sign == UInt8(ascii: "-")
            bytes = bytes.dropFirst()
        }
        var pendingZeros = 0
        var digits = 0
        var pointSeen = false
        while let byte = bytes.first {
            if byte == UInt8(ascii: "."), !pointSeen {
                pointSeen = true
            } else if let digit = Self.digit(byte) {
                digits += 1
                if pointSeen { scale += 1 }
                if digit == 0 {
                    if magnitude != 0 { pendingZeros += 1 }
                } else {
                    guard append(zeros: pendingZeros, digit: digit) else { return nil }
                    pendingZeros = 0
                }
            } else {
                break
            }
            bytes = bytes.dropFirst()
        }
        guard digits > 0 else { return nil }
        scale -= pendingZeros
        guard let exponent = Self.exponent(bytes) else { return nil }
        scale -= exponent
        if magnitude == 0 { scale = 0 }
    }

    private mutating func append(zeros: Int, digit: UInt8) -> Bool {
        guard zeros < 38 else { return false }
        for _ in 0...zeros {
            let (tenfold, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            guard !overflow else { return false }
            magnitude = tenfold
        }
        let (sum, carry) = magnitude.addingReportingOverflow(UInt128(digit))
        magnitude = sum
        return !carry
    }

    /// The exponent at the end of a number; 0 where there is none, `nil` where it is malformed. Beyond a million it stays there.
    private static func exponent(_ bytes: Substring.UTF8View) -> Int? {
        var bytes = bytes
        guard let mark = bytes.popFirst() else { return 0 }
        guard mark | 0x20 == UInt8(ascii: "e") else { return nil }
        var negative = false
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            negative = sign == UInt8(ascii: "-")
            bytes = bytes.dropFirst()
        }
        guard !bytes.isEmpty else { return nil }
        var value = 0
        for byte in bytes {
            guard let digit = digit(byte) else { return nil }
            value = min(value * 10 + Int(digit), 1_000_000)
        }
        return negative ? -value : value
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? byte - UInt8(ascii: "0") : nil
    }
}
