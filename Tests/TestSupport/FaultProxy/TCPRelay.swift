import KubeClient
import NIOCore
import NIOPosix
import Synchronization

/// A relay of bytes between the daemon and a real server: TLS and HTTP/2 pass through it untouched, and it can do what networks do.
package final class TCPRelay: Sendable {
    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    package enum Mode: Sendable, Hashable {
        case open
        /// Bytes stop, both ways and on new connections too; what was held comes when it is open again.
        case blackHole
        /// Bytes are lost, both ways and on new connections too: a connection that lost any leads nowhere for ever.
        case partition
    }

    private struct State {
        var mode = Mode.open
        var latency = Swift.Duration.zero
        var links: [Int: Link] = [:]
        var next = 0
    }

    /// One connection through the relay.
    private struct Link {
        var channels: [any Channel]
        /// Bytes go nowhere for ever, and neither side is told.
        var isHalfOpen = false
    }

    package let port: Int
    private let target: (host: String, port: Int)
    private let state = Mutex(State())

    /// Runs a relay to `host:port` while `body` runs.
    package static func with(host: String, port: Int, _ body: (TCPRelay) async throws -> Void) async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
            }
        let relay = TCPRelay(port: listener.channel.localAddress?.port ?? 0, target: (host, port))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await relay.accept(listener) }
            let result: Result<Void, any Error>
            do { result = .success(try await body(relay)) } catch { result = .failure(error) }
            group.cancelAll()
            relay.reset()
            try result.get()
        }
    }

    /// Runs a relay before the server of a kubeconfig; `body` gets the path of a kubeconfig that leads through it.
    package static func with(_ kubeconfig: String, _ body: (TCPRelay, String) async throws -> Void) async throws {
        let server = try KubeConfiguration.load(explicitPath: kubeconfig, context: nil).server
        let authority = server.drop { $0 != ":" }.dropFirst(3).split(separator: ":")
        guard authority.count == 2, let port = Int(authority[1]) else { throw Missing("host and port in \(server)") }
        try await with(host: String(authority[0]), port: port) { relay in
            let scratch = try ScratchDirectory("plimsoll-relay")
            let path = scratch.file("kubeconfig")
            let text = try readFile(kubeconfig)
            let changed = text.split(separator: "\n", omittingEmptySubsequences: false)
                .map { line in
                    line.contains("server: \(server)") ? "\(line.prefix { $0 == " " })server: https://127.0.0.1:\(relay.port)" : String(line)
                }
            try writeFile(path, changed.joined(separator: "\n"))
            try await body(relay, path)
            withExtendedLifetime(scratch) {}
        }
    }

    private init(port: Int, target: (host: String, port: Int)) {
        self.port = port
        self.target = target
    }

    // MARK: Orders

    package var mode: Mode {
        get { state.withLock(\.mode) }
        set { state.withLock { $0.mode = newValue } }
    }

    /// How long each piece of data is held up, each way.
    package var latency: Swift.Duration {
        get { state.withLock(\.latency) }
        set { state.withLock { $0.latency = newValue } }
    }

    /// How many connections there are through the relay.
    package var connections: Int { state.withLock { $0.links.count { !$0.value.isHalfOpen } } }

    /// How many there were, with those that there are.
    package var connectionsOpened: Int { state.withLock(\.next) }

    /// The connections there are now lead nowhere any more, though neither side is told; new ones are not concerned.
    package func halfOpen() {
        state.withLock { state in
            for id in state.links.keys { state.links[id]?.isHalfOpen = true }
        }
    }

    /// Breaks off all connections with a reset.
    package func reset() {
        for channel in state.withLock({ $0.links.values.flatMap(\.channels) }) { FaultProxy.reset(channel) }
    }

    // MARK: Relaying

    private func accept(_ listener: NIOAsyncChannel<Connection, Never>) async throws {
        try await listener.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections { group.addTask { try? await self.relay(connection) } }
                group.cancelAll()
            }
        }
    }

    private func relay(_ near: Connection) async throws {
        let far: Connection
        do {
            far = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: target.host, port: target.port) { channel in
                channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
            }
        } catch {
            FaultProxy.reset(near.channel)
            try await near.executeThenClose { _, _ in }
            return
        }
        let id = state.withLock { state in
            state.next += 1
            state.links[state.next] = Link(channels: [near.channel, far.channel])
            return state.next
        }
        defer { state.withLock { $0.links[id] = nil } }
        try await near.executeThenClose { fromNear, toNear in
            try await far.executeThenClose { fromFar, toFar in
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { try? await self.copy(id, fromNear, toFar) }
                    group.addTask { try? await self.copy(id, fromFar, toNear) }
                    await group.next()
                    group.cancelAll()
                }
            }
        }
    }

    private func copy(
        _ id: Int, _ source: NIOAsyncChannelInboundStream<ByteBuffer>, _ target: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        for try await buffer in source {
            try await pass(id)
            try await target.write(buffer)
        }
        // One side is gone: the other hears of it only as the network allows.
        try await pass(id)
    }

    /// Returns when a piece of data may go on.
    private func pass(_ id: Int) async throws {
        while true {
            let (isHeld, latency) = state.withLock { state in
                if state.mode == .partition { state.links[id]?.isHalfOpen = true }
                return (state.mode == .blackHole || state.links[id]?.isHalfOpen ?? true, state.latency)
            }
            if !isHeld {
                if latency > .zero { try await Task.sleep(for: latency) }
                return
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
