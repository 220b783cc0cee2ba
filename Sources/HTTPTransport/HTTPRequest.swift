/// One header field as it goes on the wire. Neither part may hold CR, LF or NUL.
package struct HTTPHeader: Sendable, Hashable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// How long each part of an exchange may take; nil means for ever.
package struct HTTPDeadlines: Sendable, Hashable {
    /// Name resolution, TCP and TLS together, or the wait for the one connection that others are making.
    package var connect: Swift.Duration
    /// From `send` to the last byte of the body, the wait for a free slot included.
    package var whole: Swift.Duration?
    /// The longest silence of the server, from the request's last byte on. A consumer that holds a stream up doesn't count.
    package var idle: Swift.Duration?

    package init(connect: Swift.Duration = .seconds(10), whole: Swift.Duration? = .seconds(30), idle: Swift.Duration? = nil) {
        self.connect = connect
        self.whole = whole
        self.idle = idle
    }
}

/// A request over HTTP/1.1 or HTTP/2. Redirects are never followed: a 3xx is a response like any other.
package struct HTTPRequest: Sendable {
    package var method: String
    /// An absolute URL, `http` or `https`, percent-encoded, without user or password.
    package var url: String
    package var headers: [HTTPHeader]
    package var body: [UInt8]?
    package var deadlines: HTTPDeadlines
    /// `send`: the longest body (decompressed) that is accepted, else `.tooLarge`. A stream's consumer bounds for itself.
    package var maxBodyBytes: Int
    /// Asks for gzip and decompresses what comes.
    package var acceptGzip: Bool
    /// Sending it twice does what sending it once does. libcurl's silent replay on a dead connection is allowed only then.
    package var isIdempotent: Bool
    /// Asked on the sending thread right before the request goes out, and again whenever more of it may; false ends it with `.withdrawn`.
    /// Must be quick.
    package var permit: (@Sendable (Moment) -> Bool)?

    /// When a permit is asked for.
    package enum Moment: Sendable {
        /// Nothing is out yet, and the whole request goes now.
        case sending
        /// It waits for its turn, or is under way.
        case waiting
    }

    /// - Parameter isIdempotent: nil takes the method's meaning in RFC 9110.
    package init(
        method: String = "GET",
        url: String,
        headers: [HTTPHeader] = [],
        body: [UInt8]? = nil,
        deadlines: HTTPDeadlines = HTTPDeadlines(),
        maxBodyBytes: Int = 64 << 20,
        acceptGzip: Bool = false,
        isIdempotent: Bool? = nil,
        permit: (@Sendable (Moment) -> Bool)? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.deadlines = deadlines
        self.maxBodyBytes = maxBodyBytes
        self.acceptGzip = acceptGzip
        self.permit = permit
        self.isIdempotent = isIdempotent ?? ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"].contains(method)
    }
}
