/// A factor as people write it: `14.4x`.
package struct Factor: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// 14.4 for `14.4x`.
    package let value: ExactDecimal

    package init(_ value: ExactDecimal) { self.value = value }

    /// Reads a decimal number without exponent and an `x`; `nil` for anything else.
    package init?(_ text: String) {
        guard let value = ExactDecimal(text, before: "x") else { return nil }
        self.value = value
    }

    /// The canonical text; `14.40x` becomes `14.4x`.
    package var text: String { "\(value)x" }
    package var description: String { text }

    package static func < (a: Factor, b: Factor) -> Bool { a.value < b.value }
}
