import HTTPTransport
import KubeClient
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A proxy in clear text between the daemon and the real API server: `server: http://127.0.0.1:PORT` in a kubeconfig of its own. It asks the
/// server with the administrator's credentials, and does to requests and answers what its rules say.
package final class FaultProxy: Sendable {
    typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    private struct State {
        var plan: FaultPlan
        var seen: [SeenRequest] = []
        var open: [ObjectIdentifier: any Channel] = [:]
        /// Connections on which an answer is under way.
        var answering: Set<ObjectIdentifier> = []
        var frozen: Set<ObjectIdentifier> = []
    }

    private let address: String
    private let server: String
    private let upstream: HTTPClient
    private let state: Mutex<State>
    private let scratch: ScratchDirectory

    /// Runs a proxy before the server of `kubeconfig` while `body` runs.
    ///
    /// - Parameter seed: of the rules' chances.
    package static func with(_ kubeconfig: String, seed: UInt64 = 1, _ body: (FaultProxy) async throws -> Void) async throws {
        let configuration = try KubeConfiguration.load(explicitPath: kubeconfig, context: nil)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: false, withErrorHandling: false)
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        let proxy = try FaultProxy(port: listener.channel.localAddress?.port ?? 0, configuration, seed)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await proxy.accept(listener) }
            let result: Result<Void, any Error>
            do { result = .success(try await body(proxy)) } catch { result = .failure(error) }
            group.cancelAll()
            proxy.cutAll()
            await proxy.upstream.shutdown()
            try result.get()
        }
    }

    private init(port: Int, _ configuration: KubeConfiguration, _ seed: UInt64) throws {
        address = "http://127.0.0.1:\(port)"
        server = configuration.server
        let tls = TLSOptions(
            caPEM: try Self.pem(configuration.certificateAuthority), clientCertificatePEM: try Self.pem(configuration.clientCertificate),
            clientKeyPEM: try Self.pem(configuration.clientKey))
        upstream = HTTPClient(
            configuration: HTTPClientConfiguration(
                label: "fault-proxy", tls: tls, maxInFlight: 512, guardPolicy: .any, maxHTTP2ConnectionsPerHost: 8))
        state = Mutex(State(plan: FaultPlan(seed: seed)))
        scratch = try ScratchDirectory("plimsoll-proxy")
        try writeFile(
            kubeconfig,
            """
            apiVersion: v1
            kind: Config
            current-context: faults
            clusters: [{name: faults, cluster: {server: "\(address)"}}]
            users: [{name: nobody, user: {}}]
            contexts: [{name: faults, context: {cluster: faults, user: nobody}}]

            """)
    }

    private static func pem(_ source: PEMSource?) throws -> [UInt8]? {
        switch source {
        case nil: nil
        case .data(let bytes): bytes
        case .file(let path): try SmallFile.read(path)
        }
    }

    // MARK: Orders

    /// A kubeconfig that leads through the proxy.
    package var kubeconfig: String { scratch.file("kubeconfig") }

    /// Adds a rule, and gives the number it goes by.
    @discardableResult
    package func add(_ rule: FaultRule) -> Int { state.withLock { $0.plan.add(rule) } }

    package func remove(_ id: Int) { state.withLock { $0.plan.remove(id) } }

    /// Lets everything pass from now on; watches that are held up stay so until they are cut.
    package func removeAll() { state.withLock { $0.plan.removeAll() } }

    /// How often a rule has struck.
    package func hits(of id: Int) -> Int { state.withLock { $0.plan.hits(of: id) } }

    /// All requests so far, in the order they came.
    package var seen: [SeenRequest] { state.withLock(\.seen) }

    /// Cuts every connection that is open now.
    package func cutAll() {
        for channel in state.withLock({ Array($0.open.values) }) { Self.reset(channel) }
    }

    /// The answers that are under way fall silent for ever; their connections stay, and new ones are not concerned.
    /// Gives how many there are.
    package func freeze() -> Int {
        state.withLock { state in
            state.frozen = state.answering
            return state.frozen.count
        }
    }

    // MARK: Serving

    private func accept(_ listener: NIOAsyncChannel<Connection, Never>) async throws {
        try await listener.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections { group.addTask { await self.serve(connection) } }
                group.cancelAll()
            }
        }
    }

    private func serve(_ connection: Connection) async {
        let channel = connection.channel
        state.withLock { $0.open[ObjectIdentifier(channel)] = channel }
        // The client's end of the connection ends what is done for it, however long a watch is silent.
        let work = Task { try? await connection.executeThenClose { try await self.serve(channel, $0, $1) } }
        channel.closeFuture.whenComplete { _ in work.cancel() }
        await withTaskCancellationHandler {
            _ = await work.value
        } onCancel: {
            work.cancel()
        }
        state.withLock { state in
            state.open[ObjectIdentifier(channel)] = nil
            state.frozen.remove(ObjectIdentifier(channel))
        }
    }

    private func serve(
        _ channel: any Channel, _ inbound: NIOAsyncChannelInboundStream<HTTPServerRequestPart>,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws {
        var head: HTTPRequestHead?
        var body: [UInt8] = []
        for try await part in inbound {
            switch part {
            case .head(let received): (head, body) = (received, [])
            case .body(let buffer): body += buffer.readableBytesView
            case .end:
                guard let request = head else { return }
                let goesOn = try await answer(request, body, channel, outbound)
                guard goesOn, request.isKeepAlive else { return }
            }
        }
    }

    /// Answers one request; false when the connection is of no use any more.
    private func answer(
        _ head: HTTPRequestHead, _ body: [UInt8], _ channel: any Channel, _ outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws -> Bool {
        let request = SeenRequest(method: head.method.rawValue, uri: head.uri)
        let choice = state.withLock { state in
            state.seen.append(request)
            return state.plan.choice(for: request)
        }
        switch choice?.fault {
        case .cutBeforeSending:
            struck(choice)
            Self.reset(channel)
            return false
        case .answer(let answer):
            struck(choice)
            try await outbound.write(Self.head(answer.status, answer.headers.map { ($0.key, $0.value) }))
            try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: answer.body))))
            try await outbound.write(.end(nil))
            return true
        case .delay(let time):
            struck(choice)
            try await Task.sleep(for: time)
        default: break
        }
        let answer: HTTPStream
        do throws(HTTPError) {
            answer = try await upstream.stream(forwarded(head, uri(head.uri, choice), body))
        } catch {
            // The server is away: so is the connection to it.
            Self.reset(channel)
            return false
        }
        if case .loseReply(let status) = choice?.fault, status == nil || status == answer.status {
            struck(choice)
            _ = try? await answer.collect(upTo: 64 << 20)
            Self.reset(channel)
            return false
        }
        state.withLock { _ = $0.answering.insert(ObjectIdentifier(channel)) }
        defer { state.withLock { _ = $0.answering.remove(ObjectIdentifier(channel)) } }
        return try await relay(answer, choice, channel, outbound)
    }

    private func struck(_ choice: FaultPlan.Choice?) {
        if let choice { state.withLock { $0.plan.struck(choice.id) } }
    }

    private func relay(
        _ answer: HTTPStream, _ choice: FaultPlan.Choice?, _ channel: any Channel, _ outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws -> Bool {
        let fields = answer.headers.filter { Self.passesBack.contains($0.name.lowercased()) }.map { ($0.name, $0.value) }
        try await outbound.write(Self.head(answer.status, fields))
        var faulty = FaultyBody(choice?.fault)
        var isCounted = false
        func count() {
            guard faulty.hasStruck, !isCounted else { return }
            isCounted = true
            struck(choice)
        }
        var steps = faulty.begin()
        var chunks = answer.makeAsyncIterator()
        while true {
            for step in steps {
                let isFrozen = state.withLock { $0.frozen.contains(ObjectIdentifier(channel)) }
                switch isFrozen ? .stall : step {
                case .chunk(let bytes):
                    try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: bytes))))
                    count()
                case .cut:
                    count()
                    Self.reset(channel)
                    return false
                case .end:
                    count()
                    try await outbound.write(.end(nil))
                    return true
                case .stall:
                    count()
                    try await Task.sleep(for: .seconds(86_400))
                    return false
                }
            }
            do throws(HTTPError) {
                guard let chunk = try await chunks.next(isolation: nil) else { break }
                steps = faulty.push(chunk)
            } catch {
                // The server broke off in the middle: so does its image.
                Self.reset(channel)
                return false
            }
        }
        try await outbound.write(.end(nil))
        return true
    }

    /// What the server is asked for instead.
    private func uri(_ uri: String, _ choice: FaultPlan.Choice?) -> String {
        guard case .pages(let limit) = choice?.fault, let start = uri.firstRange(of: "limit=") else { return uri }
        struck(choice)
        return uri[..<start.upperBound] + "\(limit)" + uri[start.upperBound...].drop(while: \.isNumber)
    }

    private func forwarded(_ head: HTTPRequestHead, _ uri: String, _ body: [UInt8]) -> HTTPRequest {
        let dropped: Set = ["host", "connection", "content-length", "transfer-encoding", "accept-encoding", "expect"]
        return HTTPRequest(
            method: head.method.rawValue, url: server + uri,
            headers: head.headers.filter { !dropped.contains($0.name.lowercased()) }.map { HTTPHeader($0.name, $0.value) },
            body: body.isEmpty ? nil : body, deadlines: HTTPDeadlines(whole: nil))
    }

    private static let passesBack: Set = ["content-type", "retry-after", "warning", "audit-id"]

    private static func head(_ status: Int, _ fields: [(String, String)]) -> HTTPServerResponsePart {
        .head(NIOHTTP1.HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: NIOHTTP1.HTTPHeaders(fields)))
    }

    /// Breaks a connection off with a reset, as a crashed peer's kernel does.
    static func reset(_ channel: any Channel) {
        guard let options = channel as? any SocketOptionProvider else { return channel.close(promise: nil) }
        options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
    }
}
