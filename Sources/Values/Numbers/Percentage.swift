/// A percentage as people write it: `99.9%`. It may be negative or beyond 100; who takes one says what he takes.
package struct Percentage: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// 99.9 for `99.9%`.
    package let percent: ExactDecimal

    package init(percent: ExactDecimal) { self.percent = percent }

    /// Reads a decimal number without exponent and its sign: `99.9%`, `-12.5%`; `nil` for anything else.
    package init?(_ text: String) {
        guard let percent = ExactDecimal(text, before: "%") else { return nil }
        self.percent = percent
    }

    /// 0.999 for `99.9%`.
    package var fraction: ExactDecimal { percent * ExactDecimal.hundredth }
    /// The canonical text; `99.90%` becomes `99.9%`.
    package var text: String { "\(percent)%" }
    package var description: String { text }

    package static func < (a: Percentage, b: Percentage) -> Bool { a.percent < b.percent }
}

extension ExactDecimal {
    fileprivate static let hundredth = ExactDecimal("0.01") ?? .zero

    /// The number before a unit's sign, written without exponent.
    init?(_ text: String, before sign: Character) {
        guard text.last == sign, let number = ExactDecimal(String(text.dropLast())), !text.contains(where: { $0 == "e" || $0 == "E" }) else {
            return nil
        }
        self = number
    }
}
