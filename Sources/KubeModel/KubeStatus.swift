package import Values

/// The API server's answer where it has no object to give: mostly an error (metav1.Status).
package struct KubeStatus: Error, Sendable, Hashable, CustomStringConvertible {
    package struct Cause: Sendable, Hashable {
        package var reason: String
        package var message: String
        package var field: String

        package init(reason: String = "", message: String = "", field: String = "") {
            self.reason = reason
            self.message = message
            self.field = field
        }
    }

    /// The HTTP status.
    package var code: Int
    /// The machine's word, such as `NotFound`; empty where the server gave none.
    package var reason: String
    package var message: String
    package var causes: [Cause]
    /// Seconds to wait before trying again, where the server says so.
    package var retryAfterSeconds: Int?
    /// A token to go on with a list that expired; what it gives is inconsistent with the pages before.
    package var continueToken: String?

    package init(
        code: Int, reason: String = "", message: String = "", causes: [Cause] = [], retryAfterSeconds: Int? = nil, continueToken: String? = nil
    ) {
        self.code = code
        self.reason = reason
        self.message = message
        self.causes = causes
        self.retryAfterSeconds = retryAfterSeconds
        self.continueToken = continueToken
    }

    /// Nil for anything that is no `Status`.
    package init?(json: JSON) {
        guard json["kind"]?.stringValue == "Status" else { return nil }
        let details = json["details"]
        self.init(
            code: json["code"]?.intValue.flatMap(Int.init(exactly:)) ?? 0, reason: json["reason"]?.stringValue ?? "",
            message: json["message"]?.stringValue ?? "",
            causes: (details?["causes"]?.arrayValue ?? []).map {
                Cause(reason: $0["reason"]?.stringValue ?? "", message: $0["message"]?.stringValue ?? "", field: $0["field"]?.stringValue ?? "")
            },
            retryAfterSeconds: details?["retryAfterSeconds"]?.intValue.flatMap(Int.init(exactly:)).flatMap { $0 > 0 ? $0 : nil },
            continueToken: json["metadata"]?["continue"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 })
    }

    /// The server's sentence, with code and reason.
    package var description: String {
        let said = message.isEmpty ? causes.map(\.message).filter { !$0.isEmpty }.joined(separator: "; ") : message
        let word = reason.isEmpty ? "\(code)" : "\(code) \(reason)"
        return said.isEmpty ? word : "\(word): \(said)"
    }
}
