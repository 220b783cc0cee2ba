/// Why a text is no YAML that can be read, and where.
package struct YAMLError: Error, Sendable, Hashable, CustomStringConvertible {
    package let position: SourcePosition
    package let message: String

    package init(position: SourcePosition, message: String) {
        self.position = position
        self.message = message
    }

    /// `file:line:column: message`
    package var description: String { "\(position): \(message)" }
}

/// One document of a YAML stream, and where in the text each of its values stands.
package struct YAMLDocument: Sendable {
    package var json: JSON
    package var file: String
    let places: YAMLPlace

    /// Where the value at a path is written: the key for a member, the first character for an element of a list. For a path that does not exist it is
    /// the nearest ancestor that does.
    package func position(of path: FieldPath) -> SourcePosition {
        var place = places
        for element in path.elements {
            guard let next = place.child(element) else { break }
            place = next
        }
        return SourcePosition(file: file, line: Int(place.line), column: Int(place.column))
    }
}

/// The place of a value, and those below it.
struct YAMLPlace: Sendable {
    enum Children: Sendable {
        case none
        case elements([YAMLPlace])
        case members([String: YAMLPlace])
    }

    /// From 1.
    let line: Int32
    let column: Int32
    let children: Children

    init(_ mark: YAMLMark, _ children: Children = .none) {
        line = Int32(clamping: mark.line)
        column = Int32(clamping: mark.column)
        self.children = children
    }

    func child(_ element: FieldPath.Element) -> YAMLPlace? {
        switch (element, children) {
        case (.index(let index), .elements(let places)): places.indices.contains(index) ? places[index] : nil
        case (.key(let key), .members(let places)): places[key]
        default: nil
        }
    }
}
