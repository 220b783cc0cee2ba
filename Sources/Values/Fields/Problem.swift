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

    private static func brief(_ value: JSON) -> String {
        let limit = 120
        let text = value.text()
        return text.count > limit ? text.prefix(limit) + "..." : text
    }
}

extension [Problem] {
    /// All problems in one line, separated by semicolons; those that would go beyond `limit` bytes are only counted.
    package func summary(limit: Int = 4096) -> String {
        var text = ""
        for (index, problem) in enumerated() {
            let next = index == 0 ? problem.description : "; \(problem)"
            if index > 0, text.utf8.count + next.utf8.count > limit { return text + "; and \(count - index) more" }
            text += next
        }
        return text
    }
}
