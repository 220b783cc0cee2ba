import KubeModel
import Values

/// Amounts, times, spans and selectors in text: what is read is written so that it is read back as the same.
enum NotationPromises {
    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        let text = String(decoding: bytes, as: UTF8.self)
        try same(text, Quantity.init) { "\($0)" }
        try same(text, ExactDecimal.init) { "\($0)" }
        try same(text, Percentage.init) { $0.text }
        try same(text, Factor.init) { $0.text }
        try same(text, PromDuration.init) { "\($0)" }
        // The years 0000 to 9999 only: an offset may lead beyond them, which no reader takes.
        let first = Instant(rfc3339: "0000-01-01T00:00:00Z") ?? .epoch
        let last = Instant(rfc3339: "9999-12-31T23:59:59Z") ?? .epoch
        try same(text, { text in Instant(rfc3339: text).flatMap { (first...last).contains($0) ? $0 : nil } }) { $0.rfc3339 }
        try same(text, { text in try? LabelSelector.parse(text) }) { $0.text }
        _ = FieldPattern.duration.accepts(text)
        _ = FieldPattern.dnsSubdomain.accepts(text)
    }

    private static func same<Value: Equatable>(_ text: String, _ read: (String) -> Value?, _ write: (Value) -> String) throws(BrokenPromise) {
        guard let value = read(text) else { return }
        let written = write(value)
        let again = read(written)
        try promise(again == value, "\(Value.self) \"\(text)\" is written \"\(written)\" and read back as \(again.map { "\($0)" } ?? "nothing")")
    }
}
