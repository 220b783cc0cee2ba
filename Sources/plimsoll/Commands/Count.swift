/// Numbers with their nouns.
enum Count {
    /// `1 problem`, `2 problems`.
    static func of(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    /// With a plural of its own.
    static func of(_ count: Int, _ noun: String, _ plural: String) -> String { "\(count) \(count == 1 ? noun : plural)" }
}
