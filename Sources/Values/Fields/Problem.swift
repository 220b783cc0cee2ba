/// What is wrong with one field of an input, in words for the person who wrote it.
package struct Problem: Error, Sendable, Hashable, CustomStringConvertible {
    package var path: FieldPath
    /// What was given, where that helps; long values are cut.
    package var value: String?
    /// What is wrong and what would be accepted.
    package var message: String

    package init(_ path: FieldPath, _ message: String, got value: JSON? = nil) {
        self.path = path
        self.message = message
        self.value = value.map(Self.brief)
    }

    /// `path: message (got value)`
    package var description: String {
        value.map { "\(path): \(message) (got \($0))" } ?? "\(path): \(message)"
    }

    private static func brief(_ value: JSON) -> String { cut(value.text(), to: 120) }

    /// At most so many scalars: a single character may have any number of them.
    fileprivate static func cut(_ text: String, to limit: Int) -> String {
        let scalars = text.unicodeScalars
        guard let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex), end < scalars.endIndex else { return text }
        return String(scalars[..<end]) + "..."
    }
}

extension [Problem] {
    /// All problems in one line, separated by semicolons; those that would go beyond `limit` bytes are only counted, and each is cut at 1024 scalars:
    /// a path has the keys that somebody made up.
    package func summary(limit: Int = 4096) -> String {
        var text = ""
        for (index, problem) in enumerated() {
            let told = Problem.cut(problem.description, to: 1024)
            let next = index == 0 ? told : "; \(told)"
            if index > 0, text.utf8.count + next.utf8.count > limit { return text + "; and \(count - index) more" }
            text += next
        }
        return text
    }
}
