/// The way from a document's root to one of its values, such as `spec.alerting.tiers[0].burnRate`.
package struct FieldPath: Sendable, Hashable {
    package enum Element: Sendable, Hashable {
        case key(String)
        case index(Int)
    }

    package var elements: [Element]

    /// The document itself.
    package static let root = FieldPath()

    package init(_ elements: Element...) { self.elements = elements }
    package init(elements: [Element]) { self.elements = elements }

    package func appending(_ key: String) -> FieldPath { FieldPath(elements: elements + [.key(key)]) }
    package func appending(_ index: Int) -> FieldPath { FieldPath(elements: elements + [.index(index)]) }
}

extension FieldPath: CustomStringConvertible {
    /// Keys joined by dots, indices in brackets; keys that are no plain word are in brackets too, as Kubernetes writes them
    /// (`metadata.annotations[plimsoll.dev/do]`). The root is `.`.
    package var description: String {
        var text = ""
        for element in elements {
            switch element {
            case .index(let index): text += "[\(index)]"
            case .key(let key) where Self.isWord(key): text += text.isEmpty ? key : ".\(key)"
            case .key(let key): text += "[\(key)]"
            }
        }
        return text.isEmpty ? "." : text
    }

    private static func isWord(_ key: String) -> Bool {
        guard let first = key.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return key.unicodeScalars.allSatisfy { $0.properties.isAlphabetic || ("0"..."9").contains($0) || "_-$".unicodeScalars.contains($0) }
    }
}

extension FieldPath: ExpressibleByStringLiteral {
    /// Reads the form that `description` writes: `spec.tiers[0].name`, `metadata.annotations[plimsoll.dev/do]`; `.` and the empty text are the root.
    package init(stringLiteral text: String) {
        elements = []
        var word = ""
        func flush(_ elements: inout [Element]) {
            if !word.isEmpty { elements.append(.key(word)) }
            word = ""
        }
        var inBrackets = false
        for character in text {
            switch (character, inBrackets) {
            case ("]", true):
                if let index = Int(word) { elements.append(.index(index)) } else { elements.append(.key(word)) }
                word = ""
                inBrackets = false
            case (".", false):
                flush(&elements)
            case ("[", false):
                flush(&elements)
                inBrackets = true
            default:
                word.append(character)
            }
        }
        flush(&elements)
    }
}
