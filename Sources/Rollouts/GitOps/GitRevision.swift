/// A revision of a Git source, as Flux (`main@sha1:2f1a...`, before 2.0 `main/2f1a...`) and Argo CD (`2f1a...`) write it.
package struct GitRevision: Sendable, Hashable {
    /// The commit's hash in hexadecimal digits.
    package let commit: String

    /// Nil for what names no commit: a chart's version, an OCI artifact's digest, a branch.
    package init?(_ text: String) {
        let hash: Substring
        if let colon = text.lastIndex(of: ":") {
            guard text[..<colon].hasSuffix("sha1") else { return nil }
            hash = text[text.index(after: colon)...]
        } else {
            hash = text.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        }
        guard hash.utf8.count == 40, hash.allSatisfy({ $0.isASCII && $0.isHexDigit }) else { return nil }
        commit = hash.lowercased()
    }
}
