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
    /// Connections at once; more wait in the kernel's queue.
    package var connections = 256
    /// How long a connection may be silent before it is closed.
    package var idle: Swift.Duration = .seconds(60)
    /// How long answers under way may take after the stop began.
    package var drain: Swift.Duration = .seconds(3)
    /// Bytes of all header fields together.
    package var headerBytes = 32 * 1024

    package init() {}
}

/// The daemon's HTTP server, a service that goes first into the group, so that it stops last.
///
/// It has a thread of its own for the sockets and for the answers: neither reconciles nor anything else on the cooperative threads holds
/// up a probe. `run()` throws `ServingError`.
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

    /// Serves `/metrics`, `/healthz`, `/readyz` and `routes`.
    package init(
        address: ListenAddress, registry: PrometheusRegistry, health: HealthChecks, routes: [Route] = [], limits: ServingLimits = .init(),
        logger: Logging.Logger
    ) {
        self.address = address
        self.limits = limits
        self.logger = logger
        table = RouteTable(RouteTable.standard(registry: registry, health: health) + routes)
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
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let executor = LoopExecutor(group.next())
        let outcome: Result<Void, ServingError>
        do {
            try await withTaskExecutorPreference(executor) { try await self.serve(on: group) }
            outcome = .success(())
        } catch {
            outcome = .failure(ServingError(error, address: address))
        }
        tell(.failure(.init(kind: .stopped, address: address, message: "the server has stopped")), orElse: outcome)
        // Only now: the executor's jobs have all run.
        try? await group.shutdownGracefully()
        try outcome.get()
    }

    private func serve(on group: MultiThreadedEventLoopGroup) async throws {
        let application = makeApplication(group)
        let drain = limits.drain
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await application.run() }
            tasks.addTask {
                // Ends the server when clients don't let it end.
                try await gracefulShutdown()
                try await Task.sleep(for: drain)
            }
            do {
                try await tasks.next()
            } catch is CancellationError {
                // The whole group is being cancelled: there is nothing left to answer.
            }
            tasks.cancelAll()
            do {
                try await tasks.waitForAll()
            } catch is CancellationError {
                // The loser of the two.
            }
        }
    }

    private func makeApplication(_ group: MultiThreadedEventLoopGroup) -> some ApplicationProtocol {
        var decoder = HTTP1Channel.Configuration.DecoderConfiguration()
        decoder.maxHeaderFieldSize = limits.headerBytes
        decoder.maxHeaderListSize = limits.headerBytes
        decoder.maxHeaderFieldCount = 100
        var library = logger
        // The library tells of every broken connection; that is for debugging.
        library.logLevel = max(logger.logLevel, .error)
        return Application(
            responder: CallbackResponder<BasicRequestContext> { [table] request, _ in await table.answer(request) },
            server: .http1(configuration: .init(idleTimeout: .init(limits.idle), httpDecoderConfiguration: decoder)),
            configuration: .init(
                address: .hostname(address.host, port: address.port), serverName: nil,
                availableConnectionsDelegate: .maximum(limits.connections, logger: library)),
            onServerRunning: { [self] channel in
                let bound = ListenAddress(host: address.host, port: channel.localAddress?.port ?? address.port)
                logger.info("serving", metadata: ["address": "\(bound)", "paths": "\(table.paths.joined(separator: " "))"])
                tell(.success(bound), orElse: .success(()))
            },
            eventLoopGroupProvider: .shared(group),
            logger: library)
    }

    /// Answers those who wait for the port, once; `failure` goes before `result`.
    private func tell(_ result: Result<ListenAddress, ServingError>, orElse failure: Result<Void, ServingError>) {
        var result = result
        if case .failure(let error) = failure { result = .failure(error) }
        let waiting = listening.withLock { listening -> [CheckedContinuation<Result<ListenAddress, ServingError>, Never>] in
            guard case .notYet(let waiting) = listening else { return [] }
            listening = .done(result)
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: result) }
    }
}

extension RouteTable {
    /// The library's request and response around ours.
    func answer(_ request: Request) async -> Response {
        let query = request.uri.queryParameters.map { (name: String($0.key), value: String($0.value)) }
        let served = await respond(to: .init(method: request.method.rawValue, path: request.uri.path, query: query))
        var headers = HTTPFields()
        for (name, value) in served.headers {
            if let name = HTTPField.Name(name) { headers.append(.init(name: name, value: value)) }
        }
        let response = Response(status: .init(code: served.status), headers: headers, body: .init(byteBuffer: .init(bytes: served.body)))
        return request.method == .head ? response.createHeadResponse() : response
    }
}
