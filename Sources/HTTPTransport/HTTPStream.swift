/// A response whose body comes in pieces. One consumer. Dropping it, or cancelling the task that reads it, ends the exchange.
///
/// A consumer that falls behind by `bufferedBytes` (1 MiB) makes libcurl stop reading, which doesn't bound memory over HTTP/2: libcurl
/// has granted the server 32 MB a stream by then. Decode fast.
package struct HTTPStream: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = HTTPError

    static let bufferedBytes = 1 << 20

    package let head: HTTPResponseHead
    let lifetime: StreamLifetime

    package var status: Int { head.status }
    package var headers: HTTPHeaders { head.headers }
    package var httpVersion: HTTPVersion { head.httpVersion }

    package struct AsyncIterator: AsyncIteratorProtocol {
        let lifetime: StreamLifetime

        package mutating func next() async throws(HTTPError) -> [UInt8]? { try await next(isolation: #isolation) }

        /// Some bytes, never none; nil at the end.
        package mutating func next(isolation actor: isolated (any Actor)?) async throws(HTTPError) -> [UInt8]? {
            try await lifetime.next()
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(lifetime: lifetime) }

    /// The rest of the body in one piece.
    /// - Throws: `.tooLarge` beyond `limit` bytes, which also ends the exchange.
    package func collect(upTo limit: Int) async throws(HTTPError) -> [UInt8] {
        var body: [UInt8] = []
        while let bytes = try await lifetime.next() {
            guard body.count + bytes.count <= limit else {
                lifetime.cancel()
                throw HTTPError(
                    kind: .tooLarge, isRetrySafe: false, message: "\(lifetime.exchange.plan.origin): the body is longer than \(limit) bytes")
            }
            body += bytes
        }
        return body
    }
}

/// Ends the exchange when nobody holds the stream or an iterator of it any more; keeps the client until then.
final class StreamLifetime: Sendable {
    let client: HTTPClient
    let exchange: Exchange
    let buffer: StreamBuffer

    init(client: HTTPClient, exchange: Exchange, buffer: StreamBuffer) {
        self.client = client
        self.exchange = exchange
        self.buffer = buffer
    }

    deinit {
        cancel()
    }

    func cancel() {
        client.core.cancel(exchange)
    }

    func next() async throws(HTTPError) -> [UInt8]? {
        if Task.isCancelled {
            cancel()
            throw HTTPError(kind: .cancelled, isRetrySafe: exchange.plan.isIdempotent, message: "\(exchange.plan.origin): cancelled")
        }
        let taken = await withTaskCancellationHandler {
            await buffer.next()
        } onCancel: {
            cancel()
        }
        switch taken {
        case .bytes(let bytes, let resume):
            if resume { client.core.resume(exchange) }
            return bytes
        case .end: return nil
        case .failed(let error): throw error
        }
    }
}
