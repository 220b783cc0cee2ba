/// Text that must never be printed: tokens and passwords. Descriptions, string interpolation and `dump` show a placeholder.
package struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String

    package init(_ text: String) { self.text = text }

    /// The text itself, for the one place that sends it.
    package func reveal() -> String { text }

    package var isEmpty: Bool { text.isEmpty }
    package var description: String { "<redacted>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Bytes that may be a private key or a certificate; descriptions show only where they came from.
package enum PEMSource: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// Given in the configuration itself.
    case data([UInt8])
    /// Read from this file, and read again when it changes.
    case file(String)

    package var description: String {
        switch self {
        case .data(let bytes): "<\(bytes.count) bytes>"
        case .file(let path): path
        }
    }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
