import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Bounds of what a client may cost.
package struct ServingLimits: Sendable {
    /// Connections at once; for one more, the one that has gone longest without a request is closed.
    package var connections = 256
    /// How long a connection may be silent before it is closed.
    package var idle: Swift.Duration = .seconds(60)
    /// How long answers under way may take after the stop began.
    package var drain: Swift.Duration = .seconds(1)
    /// Bytes of all header fields together.
    package var headerBytes = 32 * 1024

    package init() {}
}

/// The daemon's HTTP server, a service that starts first and stops last.
///
/// It has a thread of its own for the sockets and for the answers: neither reconciles nor anything else on the cooperative threads holds
/// up a probe. `run()` throws `ServingError`; it ends gracefully on a graceful shutdown and likewise when its task is cancelled: no new
/// connections, answers under way finished, at most `ServingLimits.drain` long.
package final class ServingService: Service {
    private enum Listening {
        case notYet([CheckedContinuation<Result<ListenAddress, ServingError>, Never>])
        case done(Result<ListenAddress, ServingError>)
    }

    private let address: ListenAddress
    private let table: RouteTable
    private let limits: ServingLimits
    private let logger: Logging.Logger
    private let listening = Mutex(Listening.notYet([]))

    /// Serves `/metrics`, `/livez`, `/healthz`, `/readyz` and `routes`.
    package init(
        address: ListenAddress, registry: PrometheusRegistry, probes: Probes, routes: [Route] = [], limits: ServingLimits = .init(),
        logger: Logging.Logger
    ) {
        self.address = address
        self.limits = limits
        self.logger = logger
        table = RouteTable(RouteTable.standard(registry: registry, probes: probes) + routes)
    }

    /// Waits until the server accepts connections; the address has the real port where port 0 was asked for.
    package func bound() async throws(ServingError) -> ListenAddress {
        let result = await withCheckedContinuation { (continuation: CheckedContinuation<Result<ListenAddress, ServingError>, Never>) in
            let known: Result<ListenAddress, ServingError>? = listening.withLock { listening in
                switch listening {
                case .done(let result): return result
                case .notYet(let waiting):
                    listening = .notYet(waiting + [continuation])
                    return nil
                }
            }
            if let known { continuation.resume(returning: known) }
        }
        return try result.get()
    }

    package func run() async throws {
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let executor = LoopExecutor(loops.next())
        let services = ServiceGroup(configuration: .init(services: [makeApplication(loops)], logger: library))
        let drain = limits.drain
        let isStopping = StopFlag()
        // A task of its own: cancelling the caller must begin a graceful stop, not cut off the answers under way.
        let server = Task(executorPreference: executor) { try await services.run() }
        let result = await withTaskCancellationOrGracefulShutdownHandler {
            await server.result
        } onCancelOrGracefulShutdown: {
            isStopping.raise()
            Task {
                await services.triggerGracefulShutdown()
                try? await Task.sleep(for: drain)
                server.cancel()
            }
        }
        // Only now: the executor's jobs have all run.
        try? await loops.shutdownGracefully()
        var failure = ServingError(kind: .stopped, address: address, message: "the server has stopped")
        if case .failure(let error) = result, !isStopping.isRaised { failure = ServingError(error, address: address) }
        tell(.failure(failure))
        if failure.kind != .stopped { throw failure }
    }

    /// The library tells of every broken connection; that is for debugging.
    private var library: Logging.Logger {
        var library = logger
        library.logLevel = max(logger.logLevel, .error)
        return library
    }

    private func makeApplication(_ loops: MultiThreadedEventLoopGroup) -> some ApplicationProtocol {
        var decoder = HTTP1Channel.Configuration.DecoderConfiguration()
        decoder.maxHeaderFieldSize = limits.headerBytes
        decoder.maxHeaderListSize = limits.headerBytes
        decoder.maxHeaderFieldCount = 100
        let book = ConnectionBook(limit: limits.connections)
        return Application(
            responder: CallbackResponder<ConnectionContext> { [table] request, context in
                book.asked(context.channel)
                return await table.answer(request, from: context.channel.remoteAddress?.ipAddress ?? "")
            },
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [ConnectionBookHandler(book)], idleTimeout: .init(limits.idle), httpDecoderConfiguration: decoder)),
            configuration: .init(address: .hostname(address.host, port: address.port), serverName: nil),
            onServerRunning: { [self] channel in
                let bound = ListenAddress(host: address.host, port: channel.localAddress?.port ?? address.port)
                logger.info("serving", metadata: ["address": "\(bound)", "paths": "\(table.paths.joined(separator: " "))"])
                tell(.success(bound))
            },
            eventLoopGroupProvider: .shared(loops),
            logger: library)
    }

    /// Answers those who wait for the port; the first result counts.
    private func tell(_ result: Result<ListenAddress, ServingError>) {
        let waiting = listening.withLock { listening -> [CheckedContinuation<Result<ListenAddress, ServingError>, Never>] in
            guard case .notYet(let waiting) = listening else { return [] }
            listening = .done(result)
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: result) }
    }
}

/// A request's context that knows its connection.
private struct ConnectionContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

/// Raised once, when the stop begins.
private final class StopFlag: Sendable {
    private let raised = Atomic<Bool>(false)
    var isRaised: Bool { raised.load(ordering: .acquiring) }
    func raise() { raised.store(true, ordering: .releasing) }
}

extension RouteTable {
    /// The scheme's name counts in any case (RFC 9110).
    static func bearerToken(_ authorization: String?) -> String? {
        guard let parts = authorization?.split(separator: " ", maxSplits: 1), parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        let token = parts[1].drop { $0 == " " }
        return token.isEmpty ? nil : String(token)
    }

    /// The library's request and response around ours.
    func answer(_ request: Request, from peer: String) async -> Response {
        let query = request.uri.queryParameters.map { (name: String($0.key), value: String($0.value)) }
        let served = await respond(
            to: .init(
                method: request.method.rawValue, path: request.uri.path, query: query,
                bearerToken: Self.bearerToken(request.headers[.authorization]), peer: peer))
        var headers = HTTPFields()
        for (name, value) in served.headers {
            if let name = HTTPField.Name(name) { headers.append(.init(name: name, value: value)) }
        }
        let response = Response(status: .init(code: served.status), headers: headers, body: .init(byteBuffer: served.buffer))
        return request.method == .head ? response.createHeadResponse() : response
    }
}
