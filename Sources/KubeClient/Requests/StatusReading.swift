package import HTTPTransport
package import KubeModel
import Values

/// Makes a `KubeStatus` of any answer that is no success. Pure.
package enum StatusReading {
    /// What of a foreign error body is worth telling, in Unicode scalars beside blanks.
    package static let excerptLength = 200
    /// A longer body isn't parsed: a Status is small.
    static let limit = 1 << 20
    /// The longest wait, in seconds, that a server's word brings about.
    static let longestRetryAfter = 60

    package static func status(code: Int, headers: HTTPHeaders, body: [UInt8]) -> KubeStatus {
        var status = parsed(body) ?? foreign(code: code, headers: headers, body: body)
        // A proxy may change the code, and a 200 stream's ERROR has none: the Status's own counts where it has one.
        if status.code == 0 { status.code = code }
        if status.reason.isEmpty { status.reason = reason(for: status.code) }
        if let seconds = retryAfter(headers) ?? status.retryAfterSeconds { status.retryAfterSeconds = min(max(seconds, 1), longestRetryAfter) }
        return status
    }

    private static func parsed(_ body: [UInt8]) -> KubeStatus? {
        guard body.count <= limit, let first = body.first(where: { $0 > 0x20 }), first == UInt8(ascii: "{"), let json = try? JSON(parsing: body)
        else {
            return nil
        }
        return KubeStatus(json: json)
    }

    private static func foreign(code: Int, headers: HTTPHeaders, body: [UInt8]) -> KubeStatus {
        let type = headers["Content-Type"].map { "\($0.split(separator: ";").first ?? "")" } ?? "no content type"
        var message = "the server answered \(code)"
        if (300..<400).contains(code) {
            message += ", a redirect" + (headers["Location"].map { " to \(withoutQuery($0))" } ?? "") + "; redirects are not followed"
        } else if let said = excerpt(body, isHTML: type.contains("html")), !said.isEmpty {
            let from = type.contains("html") ? " with a web page, as a proxy would" : ""
            message += "\(from): \(said)"
        }
        return KubeStatus(code: code, message: message)
    }

    /// One line of readable text: tags and control characters out, bounded in scalars (a character may have any number of them).
    package static func excerpt(_ body: [UInt8], isHTML: Bool) -> String? {
        var line = String.UnicodeScalarView()
        var count = 0
        var inTag = false
        var space = false
        for scalar in String(decoding: body.prefix(16 << 10), as: UTF8.self).unicodeScalars {
            if isHTML, scalar == "<" { inTag = true }
            defer { if isHTML, scalar == ">" { inTag = false } }
            if inTag || scalar.properties.isWhitespace || scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) {
                space = true
                continue
            }
            if isHTML, scalar == ">" { continue }
            if space, count > 0 { line.append(" ") }
            space = false
            line.append(scalar)
            count += 1
            if count >= excerptLength { return String(line) + "..." }
        }
        return String(line)
    }

    private static func withoutQuery(_ url: String) -> String { String(url.prefix { $0 != "?" && $0 != "#" }.prefix(excerptLength)) }

    /// Whole seconds, 60 at most; a date (which no API server sends) counts as one second.
    static func retryAfter(_ headers: HTTPHeaders) -> Int? {
        guard let text = headers["Retry-After"]?.trimmed, !text.isEmpty else { return nil }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return 1 }
        // What is too long for an Int is too long to wait for.
        return min(max(Int(text) ?? longestRetryAfter, 1), longestRetryAfter)
    }

    static func reason(for code: Int) -> String {
        switch code {
        case 400: "BadRequest"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "NotFound"
        case 405: "MethodNotAllowed"
        case 406: "NotAcceptable"
        case 409: "Conflict"
        case 410: "Gone"
        case 413: "RequestEntityTooLarge"
        case 415: "UnsupportedMediaType"
        case 422: "Invalid"
        case 429: "TooManyRequests"
        case 500: "InternalError"
        case 503: "ServiceUnavailable"
        case 504: "Timeout"
        default: "Unknown"
        }
    }
}
