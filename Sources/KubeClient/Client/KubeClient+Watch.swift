import HTTPTransport
package import KubeModel

/// The events of one watch. One consumer. Ends when the server ends the stream; throws when the connection breaks.
package struct WatchStream<Object: KubeReadable>: AsyncSequence, Sendable {
    package typealias Element = WatchEvent<Object>
    package typealias Failure = KubeError

    private let stream: HTTPStream
    private let resource: ResourceKind

    init(stream: HTTPStream, resource: ResourceKind) {
        self.stream = stream
        self.resource = resource
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        private var chunks: HTTPStream.AsyncIterator
        private let resource: ResourceKind
        private var splitter = LineSplitter()
        private var lines: ArraySlice<[UInt8]> = []
        private var ended = false

        fileprivate init(chunks: HTTPStream.AsyncIterator, resource: ResourceKind) {
            self.chunks = chunks
            self.resource = resource
        }

        package mutating func next() async throws(KubeError) -> WatchEvent<Object>? { try await next(isolation: nil) }

        package mutating func next(isolation actor: isolated (any Actor)?) async throws(KubeError) -> WatchEvent<Object>? {
            while true {
                if let line = lines.popFirst() { return WatchEvent.decode(line, resource: resource) }
                if ended { return nil }
                let chunk: [UInt8]?
                do throws(HTTPError) { chunk = try await chunks.next(isolation: actor) } catch {
                    ended = true
                    throw .transport(error)
                }
                guard let chunk else {
                    ended = true
                    // A line without its newline is whole only if it reads as an event; otherwise it says that it was cut off.
                    lines = splitter.finish().map { [$0] } ?? []
                    continue
                }
                do throws(LineSplitter.LineTooLong) { lines = try splitter.push(chunk)[...] } catch {
                    ended = true
                    throw .decoding("watch of \(resource): an event is longer than \(error.limit >> 20) MiB")
                }
            }
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(chunks: stream.makeAsyncIterator(), resource: resource) }
}

extension KubeClient {
    /// Opens a watch; returns when the server has accepted it. A refusal (410, 403, 404, 401, 429) is thrown here.
    ///
    /// - Parameters:
    ///   - resourceVersion: the version to go on from; nil or empty begins with the objects there are.
    ///   - sendInitialEvents: asks for all objects first, then a bookmark with `initialEventsEnd` (servers from 1.32 on; older ones refuse).
    ///   - timeoutSeconds: when the server shall end the watch; here it is ended five seconds later in any case.
    ///   - idleDeadline: the longest silence; nil: none beyond the timeout. Bookmarks come about every minute.
    package func watch<Object: KubeReadable>(
        _ resource: ResourceKind, namespace: String? = nil, as type: Object.Type, labelSelector: String? = nil, fieldSelector: String? = nil,
        resourceVersion: String? = nil, bookmarks: Bool = true, timeoutSeconds: Int = 300, sendInitialEvents: Bool = false,
        idleDeadline: Swift.Duration? = nil
    ) async throws(KubeError) -> WatchStream<Object> {
        var query = [QueryItem("watch", "true"), QueryItem("timeoutSeconds", "\(timeoutSeconds)")]
        query += Self.selectors(labelSelector, fieldSelector)
        if bookmarks || sendInitialEvents { query.append(QueryItem("allowWatchBookmarks", "true")) }
        if sendInitialEvents {
            query += [QueryItem("sendInitialEvents", "true"), QueryItem("resourceVersionMatch", ResourceVersionMatch.notOlderThan.rawValue)]
        }
        if let resourceVersion { query.append(QueryItem("resourceVersion", resourceVersion)) }
        var call = call("GET", resource.path(namespace: namespace), query: query)
        call.lane = .watch
        call.deadlines = HTTPDeadlines(connect: .seconds(10), whole: .seconds(timeoutSeconds + 5), idle: idleDeadline)
        return WatchStream(stream: try await connection.open(call), resource: resource)
    }
}
