import Values

/// Takes secrets out of what a peer says, in the forms in which peers repeat what they were sent.
struct Redaction {
    private let forms: [String]

    init(_ secrets: [String]) {
        var forms: Set<String> = []
        for secret in secrets where !secret.isEmpty {
            let json = String(JSON.string(secret).text().dropFirst().dropLast())
            forms.formUnion([secret, json, json.replacing("/", with: "\\/"), Self.withoutMarkup(json), Self.inMarkup(secret)])
        }
        // The longest first: what is left of one by a part of it would be shown.
        self.forms = forms.sorted { ($1.utf8.count, $0) < ($0.utf8.count, $1) }
    }

    /// As Go writes JSON, to be safe within a page.
    private static func withoutMarkup(_ json: String) -> String {
        json.replacing("&", with: "\\u0026").replacing("<", with: "\\u003c").replacing(">", with: "\\u003e")
    }

    /// As a page shows it.
    private static func inMarkup(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }

    func redacted(_ text: String) -> String { forms.reduce(text) { $0.replacing($1, with: "***") } }

    func redacted(_ body: [UInt8]) -> [UInt8] { Array(redacted(String(decoding: body, as: UTF8.self)).utf8) }

    /// What of a URL is secret where its path is: all that comes after the authority, and its last part by itself.
    static func path(of url: String) -> [String] {
        guard let scheme = url.firstRange(of: "://"), let slash = url[scheme.upperBound...].firstIndex(where: { "/?#".contains($0) }) else {
            return []
        }
        let path = url[slash...]
        let parts = path.split { "/?#".contains($0) }
        return [String(path), String(path.dropFirst())].filter { $0.utf8.count > 1 } + parts.suffix(1).filter { $0.utf8.count >= 8 }.map(String.init)
    }
}
