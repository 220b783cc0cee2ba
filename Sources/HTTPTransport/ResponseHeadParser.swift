/// Builds a response's head from the lines libcurl hands over, informational responses skipped. Pure.
struct ResponseHeadParser {
    enum Event: Equatable {
        case more
        case complete(HTTPResponseHead)
        case tooLarge
        case malformed
    }

    let maxBytes: Int
    private(set) var bytes = 0
    private(set) var head: HTTPResponseHead?
    private(set) var isComplete = false

    init(maxBytes: Int) {
        self.maxBytes = maxBytes
    }

    /// One line with its line end. Lines after the head (trailers) are counted and dropped.
    mutating func take(_ line: some BidirectionalCollection<UInt8>) -> Event {
        bytes += line.count
        if bytes > maxBytes { return .tooLarge }
        if isComplete { return .more }
        let text = line.trimmingWhitespace()
        if text.isEmpty {
            guard let head else { return .malformed }
            if head.status < 200 && head.status != 101 {
                self.head = nil
                return .more
            }
            isComplete = true
            return .complete(head)
        }
        if head == nil {
            guard let head = Self.statusLine(text) else { return .malformed }
            self.head = head
            return .more
        }
        // An obsolete folded line (it begins with a blank) has no colon of its own to go by and is dropped with any other oddity.
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), line.first != UInt8(ascii: " "), line.first != UInt8(ascii: "\t") else {
            return .more
        }
        let name = String(decoding: text[..<colon], as: UTF8.self)
        let value = String(decoding: text[text.index(after: colon)...].trimmingWhitespace(), as: UTF8.self)
        head?.headers.append(HTTPHeader(name, value))
        return .more
    }

    private static func statusLine(_ line: some BidirectionalCollection<UInt8>) -> HTTPResponseHead? {
        let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 2).map { String(decoding: $0, as: UTF8.self) }
        guard parts.count >= 2, let status = Int(parts[1]), (100...999).contains(status) else { return nil }
        guard let version = parts[0] == "HTTP/2.0" ? .http2 : HTTPVersion(rawValue: parts[0]) else { return nil }
        return HTTPResponseHead(status: status, httpVersion: version)
    }
}

extension BidirectionalCollection<UInt8> {
    fileprivate func trimmingWhitespace() -> SubSequence {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a }
        guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else { return self[endIndex...] }
        return self[first...last]
    }
}
