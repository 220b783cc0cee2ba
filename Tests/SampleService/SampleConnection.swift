/// One client's connection: bytes in, bytes out, one request at a time.
struct SampleConnection {
    struct Request {
        var path: String
        var keepsAlive: Bool
        var receivedAt: Int64
    }

    /// Tells this one from an earlier one with its descriptor.
    let number: Int
    var input: [UInt8] = []
    var output: ArraySlice<UInt8> = []
    /// A request whose answer is to come later.
    var isWaiting = false
    /// When the output is out.
    var closes = false

    private static let longestHead = 16 << 10
    private static let longestBody = 1 << 20

    init(number: Int) { self.number = number }

    /// Nil where there is no whole request yet; throws where there never will be.
    mutating func nextRequest(at now: Int64) throws(SampleFailure) -> Request? {
        let end: [UInt8] = [13, 10, 13, 10]
        guard let head = input.indices.first(where: { input[$0...].starts(with: end) }) else {
            if input.count > Self.longestHead { throw SampleFailure(description: "a head too long") }
            return nil
        }
        let lines = String(decoding: input[..<head], as: UTF8.self).split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ")
        guard words.count == 3, words[2].hasPrefix("HTTP/1.") else { throw SampleFailure(description: "no HTTP") }
        var keepsAlive = words[2] == "HTTP/1.1"
        var length = 0
        for line in lines.dropFirst() {
            let field = line.split(separator: ":", maxSplits: 1).map { $0.lowercased() }
            guard field.count == 2 else { continue }
            let value = String(field[1].drop { $0 == " " })
            if field[0] == "connection" { keepsAlive = value == "keep-alive" }
            if field[0] == "content-length" { length = Int(value) ?? -1 }
        }
        guard (0...Self.longestBody).contains(length) else { throw SampleFailure(description: "a body too long") }
        guard input.count >= head + end.count + length else { return nil }
        input.removeFirst(head + end.count + length)
        return Request(path: String(words[1].prefix { $0 != "?" }), keepsAlive: keepsAlive, receivedAt: now)
    }

    mutating func answer(_ code: Int, _ text: String, type: String = "text/plain; version=0.0.4; charset=utf-8", keepsAlive: Bool) {
        let reason = [200: "OK", 404: "Not Found", 500: "Internal Server Error", 503: "Service Unavailable"][code] ?? "Unknown"
        let head = [
            "HTTP/1.1 \(code) \(reason)", "Content-Type: \(type)", "Content-Length: \(text.utf8.count)",
            "Connection: \(keepsAlive ? "keep-alive" : "close")",
        ]
        output += Array((head.joined(separator: "\r\n") + "\r\n\r\n" + text).utf8)
        closes = !keepsAlive
    }
}
