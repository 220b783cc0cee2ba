import Values

/// Slack's incoming webhooks. Slack keeps no account of what it was sent: what is sent twice is shown twice.
package enum SlackTemplate {
    /// What Slack takes, in characters.
    private static let (longestSection, longestField, mostFields, longestFallback) = (3000, 2000, 10, 3000)

    /// The webhook's URL is the whole address.
    package static func request(_ notification: Notification) -> NotifyRequest {
        let sign = notification.state == .firing ? ":rotating_light:" : ":white_check_mark:"
        var blocks: [JSON] = [
            section("\(sign) *\(escaped(notification.title, to: longestSection - 64))*"), section(escaped(notification.text, to: longestSection)),
        ]
        let fields = notification.facts.prefix(mostFields).map { fact in
            mrkdwn("*\(escaped(fact.name, to: 200))*\n\(escaped(fact.value, to: longestField - 256))")
        }
        if !fields.isEmpty { blocks.append(["type": "section", "fields": .array(fields)]) }
        let links = notification.allLinks.compactMap(link)
        if !links.isEmpty { blocks.append(["type": "context", "elements": .array(links.prefix(10).map(mrkdwn))]) }
        return NotifyRequest(
            "POST", "", json: ["text": .string("\(sign) \(escaped(notification.title, to: longestFallback))"), "blocks": .array(blocks)],
            isIdempotent: false)
    }

    private static func section(_ text: String) -> JSON { ["type": "section", "text": mrkdwn(text)] }
    private static func mrkdwn(_ text: String) -> JSON { ["type": "mrkdwn", "text": .string(text)] }

    /// `<url|text>`; nil for a URL that would end it too soon.
    private static func link(_ link: Notification.Link) -> String? {
        guard !link.url.contains(where: { "<>|".contains($0) || $0.isWhitespace }), link.url.count <= 1024 else { return nil }
        return "<\(escaped(link.url, to: 1900))|\(escaped(link.text, to: 200))>"
    }

    /// Slack's three control characters as it wants them; cut so that the escapes fit too and none is broken.
    static func escaped(_ text: String, to limit: Int) -> String {
        var pieces: [String] = []
        var length = 0
        for scalar in text.unicodeScalars {
            let piece: String =
                switch scalar {
                case "&": "&amp;"
                case "<": "&lt;"
                case ">": "&gt;"
                default: String(Character(scalar))
                }
            let size = piece.unicodeScalars.count
            if length + size > limit {
                while length + 1 > limit, let last = pieces.popLast() { length -= last.unicodeScalars.count }
                return pieces.joined() + "…"
            }
            pieces.append(piece)
            length += size
        }
        return pieces.joined()
    }
}
