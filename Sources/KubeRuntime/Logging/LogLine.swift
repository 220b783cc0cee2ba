package import Values

/// How lines of log look.
package enum LogFormat: String, Sendable, CaseIterable {
    /// `ts=... level=info logger=plimsoll.manager msg="..." key=value`: logfmt.
    case text
    /// One JSON object a line.
    case json
}

/// One line of log. Pure.
package struct LogLine: Sendable {
    /// What every line has; other keys of these names get a `_` behind them.
    private static let own = ["ts", "level", "logger", "msg"]
    /// Longer texts are cut: one line must not fill a disk.
    static let longest = 16 << 10

    package var time: Instant
    package var level: String
    package var logger: String
    package var message: String
    package var fields: [String: String]

    package init(time: Instant, level: String, logger: String, message: String, fields: [String: String] = [:]) {
        self.time = time
        self.level = level
        self.logger = logger
        self.message = message
        self.fields = fields
    }

    /// Without the newline at its end, and with none inside.
    package func text(_ format: LogFormat) -> String {
        switch format {
        case .text: pairs.map { "\($0.key)=\(Self.logfmt($0.value))" }.joined(separator: " ")
        case .json: JSON.object(JSONObject(pairs.map { (key: $0.key, value: .string($0.value)) })).text()
        }
    }

    private var pairs: [(key: String, value: String)] {
        let head = [("ts", time.microsecondsText), ("level", level), ("logger", logger), ("msg", Self.cut(message))]
        let rest = fields.sorted { $0.key < $1.key }.map { (Self.own.contains($0.key) ? "\($0.key)_" : Self.key($0.key), Self.cut($0.value)) }
        return (head + rest).map { (key: $0.0, value: $0.1) }
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > longest else { return text }
        return String(decoding: text.utf8.prefix(longest), as: UTF8.self) + "..."
    }

    /// A key that needs no quotes.
    private static func key(_ key: String) -> String {
        String(decoding: key.utf8.map { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "\"") ? $0 : 0x5F }, as: UTF8.self)
    }

    /// A value in quotes where it needs them, with JSON's escapes.
    private static func logfmt(_ value: String) -> String {
        let isPlain = !value.isEmpty && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3D && $0 != 0x22 && $0 != 0x5C }
        return isPlain ? value : JSON.string(value).text()
    }
}
