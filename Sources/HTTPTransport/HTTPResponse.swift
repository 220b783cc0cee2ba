/// Header fields in the order they came; names match without regard to case.
package struct HTTPHeaders: Sendable, Hashable, Sequence {
    package private(set) var fields: [HTTPHeader]

    package init(_ fields: [HTTPHeader] = []) {
        self.fields = fields
    }

    package var count: Int { fields.count }

    /// The first field of that name.
    package subscript(_ name: String) -> String? {
        fields.first { $0.name.equalsIgnoringASCIICase(name) }?.value
    }

    package func values(for name: String) -> [String] {
        fields.filter { $0.name.equalsIgnoringASCIICase(name) }.map(\.value)
    }

    package mutating func append(_ field: HTTPHeader) {
        fields.append(field)
    }

    package func makeIterator() -> IndexingIterator<[HTTPHeader]> {
        fields.makeIterator()
    }
}

extension String {
    /// Equality where A to Z equal a to z and everything else stands for itself.
    func equalsIgnoringASCIICase(_ other: String) -> Bool {
        utf8.count == other.utf8.count && zip(utf8, other.utf8).allSatisfy { foldedASCII($0) == foldedASCII($1) }
    }
}

private func foldedASCII(_ byte: UInt8) -> UInt8 {
    byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}

/// The version the server answered in.
package enum HTTPVersion: String, Sendable, Hashable {
    case http1_0 = "HTTP/1.0"
    case http1_1 = "HTTP/1.1"
    case http2 = "HTTP/2"
}

/// What came before the body.
package struct HTTPResponseHead: Sendable, Hashable {
    package var status: Int
    package var headers: HTTPHeaders
    package var httpVersion: HTTPVersion

    package init(status: Int, headers: HTTPHeaders = HTTPHeaders(), httpVersion: HTTPVersion = .http1_1) {
        self.status = status
        self.headers = headers
        self.httpVersion = httpVersion
    }
}

/// A whole response.
package struct HTTPResponse: Sendable, Hashable {
    package var status: Int
    package var headers: HTTPHeaders
    package var body: [UInt8]
    package var httpVersion: HTTPVersion

    package init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = [], httpVersion: HTTPVersion = .http1_1) {
        self.status = status
        self.headers = headers
        self.body = body
        self.httpVersion = httpVersion
    }
}
