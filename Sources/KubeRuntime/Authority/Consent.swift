import Values

/// Which kinds a ServiceAccount lets act as it, as its owner wrote it into the annotation: `RolloutAnalysis,DrillSchedule`.
package struct Consent: Sendable, Hashable {
    package static let annotation = "plimsoll.dev/allow"

    package let kinds: Set<String>

    package struct Malformed: Error, Sendable, Hashable {
        /// What is wrong, and what would be accepted.
        package let message: String
    }

    /// Kinds separated by commas, in their exact spelling; blanks around them don't count. Nothing else is guessed at: one item that is no kind's
    /// name voids them all. Kinds that this version doesn't have may stand there.
    package init(parsing text: String) throws(Malformed) {
        var kinds: Set<String> = []
        for item in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            let name = item.trimmingBlanks()
            guard Self.isKind(name) else {
                let found = name.isEmpty ? "an empty item" : "\"\(String(Substring(name)).prefix(63))\""
                throw Malformed(message: "expected kinds separated by commas, such as RolloutAnalysis,DrillSchedule; found \(found)")
            }
            kinds.insert(String(Substring(name)))
        }
        self.kinds = kinds
    }

    private static func isKind(_ name: Substring.UTF8View) -> Bool {
        guard let first = name.first, name.count <= 63, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else { return false }
        return name.allSatisfy { FieldPattern.isLetter($0) || FieldPattern.isDigit($0) }
    }
}

extension Substring.UTF8View {
    fileprivate func trimmingBlanks() -> Substring.UTF8View {
        var rest = self
        while rest.first == UInt8(ascii: " ") { rest.removeFirst() }
        while rest.last == UInt8(ascii: " ") { rest.removeLast() }
        return rest
    }
}
