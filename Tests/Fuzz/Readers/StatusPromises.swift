import HTTPTransport
import KubeClient
import KubeModel
import Values

/// Whatever a server or a proxy answers becomes a status with a reason, a short message on one line where it is foreign, and a bounded wait.
///
/// The first byte chooses the code, the second the content type, then comes a Retry-After up to a line break, then the body.
enum StatusPromises {
    private static let codes = [200, 301, 400, 401, 403, 404, 409, 410, 413, 422, 429, 500, 502, 503, 504, 999]
    private static let types = ["application/json", "text/html; charset=utf-8", "text/plain", ""]

    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        guard bytes.count >= 2 else { return }
        let code = codes[Int(bytes[0]) % codes.count]
        let rest = bytes[2...]
        let line = rest.prefix { $0 != UInt8(ascii: "\n") }
        let body = Array(rest.dropFirst(line.count + 1))
        var headers = HTTPHeaders()
        let type = types[Int(bytes[1]) % types.count]
        if !type.isEmpty { headers.append(HTTPHeader("Content-Type", type)) }
        let wait = String(decoding: line, as: UTF8.self)
        if !wait.isEmpty { headers.append(HTTPHeader("Retry-After", wait)) }
        if code == 301 { headers.append(HTTPHeader("Location", wait)) }

        let status = StatusReading.status(code: code, headers: headers, body: body)
        try promise(!status.reason.isEmpty, "a status without a reason")
        try promise(status.code != 0, "a status without a code")
        if let seconds = status.retryAfterSeconds { try promise((1...60).contains(seconds), "a wait of \(seconds) s") }
        let error = KubeError.status(status)
        try promise(!"\(error)".isEmpty, "an error without a word")
        if let wait = error.retryAfter { try promise(wait >= .seconds(1) && wait <= .seconds(60), "a wait of \(wait)") }
        for isHTML in [true, false] {
            let excerpt = StatusReading.excerpt(body, isHTML: isHTML) ?? ""
            try promise(excerpt.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }, "control characters in an excerpt")
            try promise(excerpt.utf8.count <= 5 * StatusReading.excerptLength + 3, "an excerpt of \(excerpt.utf8.count) bytes")
        }
    }
}
