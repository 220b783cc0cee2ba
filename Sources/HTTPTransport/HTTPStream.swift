/// A response whose body comes in pieces. One consumer. Dropping it, or cancelling the task that reads it, ends the exchange.
package struct HTTPStream: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = HTTPError

    package let head: HTTPResponseHead
    package var status: Int { head.status }
    package var headers: HTTPHeaders { head.headers }
    package var httpVersion: HTTPVersion { head.httpVersion }

    package struct AsyncIterator: AsyncIteratorProtocol {
        package mutating func next() async throws(HTTPError) -> [UInt8]? { try await next(isolation: nil) }
        package mutating func next(isolation actor: isolated (any Actor)?) async throws(HTTPError) -> [UInt8]? { nil }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator() }
}
