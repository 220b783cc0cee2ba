import PlimsollAPI
import Values

/// A selector that is read is written so that it is read back as the same, and a regular expression is accepted or refused in words.
enum PromQLPromises {
    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        let text = String(decoding: bytes, as: UTF8.self)
        try selector(text)
        // The whole text as a regular expression, too.
        try selector("m{l=~\(VectorSelector.quoted(text))}")
    }

    private static func selector(_ text: String) throws(BrokenPromise) {
        let selector: VectorSelector
        do throws(VectorSelectorError) { selector = try VectorSelector(parsing: text) } catch {
            try promise(!error.message.isEmpty && (0...text.utf8.count).contains(error.offset), "a refusal without a word or place: \(error)")
            return
        }
        try promise(!selector.metricName.isEmpty, "a selector without a metric")
        let written = selector.description
        let again: VectorSelector
        do throws(VectorSelectorError) { again = try VectorSelector(parsing: written) } catch {
            throw BrokenPromise(sentence: "\(written) is not read back: \(error)")
        }
        try promise(again == selector && again.description == written, "\(written) is read back as \(again)")
    }
}
