import Glibc

/// An address to listen on, read from `HOST:PORT`: `0.0.0.0:8080`, `[::1]:8080`, `localhost:0` (port 0: a free one). `:8080` means all
/// IPv4 addresses.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package init(parsing text: String) throws(ListenAddressError) {
        func refuse(_ why: String) -> ListenAddressError { .init(value: text, message: why) }
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")), !text.hasSuffix("]") else {
            throw text.isEmpty ? refuse("it is empty") : refuse("it has no port")
        }
        let portText = text[text.index(after: colon)...]
        guard !portText.isEmpty else { throw refuse("it has no port after the colon") }
        guard portText.utf8.allSatisfy({ (48...57).contains($0) }), let port = Int(portText), port <= 65535 else {
            throw refuse("'\(portText)' is no port: a number from 0 to 65535 (0 takes a free one)")
        }
        var host = String(text[..<colon])
        if host.isEmpty {
            host = "0.0.0.0"
        } else if host.hasPrefix("[") {
            guard host.hasSuffix("]") else { throw refuse("the bracket is not closed") }
            host = String(host.dropFirst().dropLast())
            guard Self.isAddress(host, AF_INET6) else { throw refuse("'\(host)' is no IPv6 address") }
        } else if host.contains(":") {
            throw refuse("an IPv6 address goes in brackets")
        } else if host.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: ".") }) {
            guard Self.isAddress(host, AF_INET) else { throw refuse("'\(host)' is no IPv4 address") }
        } else {
            guard host.utf8.count <= 253, host.utf8.allSatisfy(Self.isHostByte) else { throw refuse("'\(host)' is no host name") }
        }
        self.init(host: host, port: port)
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func isAddress(_ text: String, _ family: Int32) -> Bool {
        var storage = in6_addr()
        return inet_pton(family, text, &storage) == 1
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }
}

/// Why a text is no address to listen on, and what would be one.
package struct ListenAddressError: Error, Sendable, Hashable, CustomStringConvertible {
    package let value: String
    package let message: String

    package var description: String { "'\(value)' is no address to listen on: \(message); write HOST:PORT, such as 0.0.0.0:8080 or [::]:8080" }
}
