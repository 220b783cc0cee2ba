/// A form of text, twice: a regular expression (RE2's and ECMA's common part) for the schema, and the checker that the daemon uses.
package struct FieldPattern: Sendable {
    package let regex: String
    package let accepts: @Sendable (String) -> Bool
    /// What it is, for messages: "a label name".
    package let what: String

    package init(_ regex: String, what: String, accepts: @escaping @Sendable (String) -> Bool) {
        self.regex = regex
        self.accepts = accepts
        self.what = what
    }
}

extension FieldPattern {
    /// A Prometheus label name.
    package static let labelName = FieldPattern("^[a-zA-Z_][a-zA-Z0-9_]*$", what: "a Prometheus label name (letters, digits, '_')") { text in
        guard let first = text.utf8.first, isLetter(first) || first == UInt8(ascii: "_") else { return false }
        return text.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
    }

    /// A name as Kubernetes' namespaces and our own lists have it (RFC 1123 label); its length is the field's to bound.
    package static let dnsLabel = FieldPattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", what: "a name of lower-case letters, digits and '-'") { text in
        isDNSLabel(text.utf8)
    }

    /// An object's name (RFC 1123 subdomain).
    package static let dnsSubdomain = FieldPattern(
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", what: "a name of lower-case letters, digits, '-' and '.'"
    ) { text in
        text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy(isDNSLabel)
    }

    /// A Kubernetes label value that is not empty; its length is the field's to bound.
    package static let labelValue = FieldPattern(
        "^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$", what: "a name of letters, digits, '-', '_' and '.'"
    ) { text in
        guard let first = text.utf8.first, let last = text.utf8.last, isAlphanumeric(first), isAlphanumeric(last) else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
    }

    /// A duration in Prometheus notation, zero and its bare `0` aside; the empty text is the field's to exclude.
    package static let duration = FieldPattern(
        "^([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$", what: "a duration"
    ) { text in
        var rest = Substring(text).utf8
        for unit in ["y", "w", "d", "h", "m", "s", "ms"] {
            let digits = rest.prefix(while: isDigit)
            let after = rest.dropFirst(digits.count)
            guard !digits.isEmpty, after.prefix(while: isLetter).elementsEqual(unit.utf8) else { continue }
            rest = after.dropFirst(unit.utf8.count)
        }
        return rest.isEmpty
    }

    package static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    package static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) }
    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }

    private static func isDNSLabel(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
        guard let first = bytes.first, let last = bytes.last, isLowerAlphanumeric(first), isLowerAlphanumeric(last) else { return false }
        return bytes.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }
}
