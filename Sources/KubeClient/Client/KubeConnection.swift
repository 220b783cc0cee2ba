import HTTPTransport
import KubeModel
import Logging
import Synchronization
import Values

/// What all copies of one `KubeClient` share: three pools of connections, credentials, the pause after a 429.
final class KubeConnection: Sendable {
    let configuration: KubeConfiguration
    let options: KubeClientOptions
    private let watch: HTTPClient
    private let unary: HTTPClient
    private let lease: HTTPClient
    private let authenticator: Authenticator
    private let tls: TLSKeeper
    private let metrics: KubeClientMetrics
    private let gate = Mutex(PauseGate())
    private let warnings = Mutex(WarningLog())

    /// How often a fenced request that waited too long to be sent is made anew.
    private static let mostDelays = 5

    init(configuration: KubeConfiguration, options: KubeClientOptions) throws(KubeConfigurationError) {
        self.configuration = configuration
        self.options = options
        metrics = KubeClientMetrics(server: configuration.server)
        let material = try TLSMaterial.options(configuration, exec: nil)
        func pool(_ lane: KubeLane, _ label: String, _ maxInFlight: Int) -> HTTPClient {
            var settings = HTTPClientConfiguration(
                label: label, tls: material, maxInFlight: maxInFlight, guardPolicy: options.guardPolicy, userAgent: options.userAgent,
                proxy: configuration.proxyURL.map { .url($0) } ?? .environment, http2: options.http2, probeURL: configuration.server + "/version",
                logger: options.logger)
            // A lease has no time for probes: the first deadline that passes in silence gives the connection up.
            if lane == .lease { settings.probeURL = nil }
            if lane != .watch, let lifetime = options.unsentLifetime {
                settings.unacknowledgedTimeout = lifetime
                settings.dropsUnsentAtClose = true
                settings.takesContinueSignal = lane == .unary
            }
            return HTTPClient(configuration: settings)
        }
        let pools = [pool(.watch, "kube-watch", options.maxWatches), pool(.unary, "kube", options.maxInFlight), pool(.lease, "kube-lease", 4)]
        (watch, unary, lease) = (pools[0], pools[1], pools[2])
        let keeper = TLSKeeper(configuration: configuration, options: options, material: material, pools: pools)
        tls = keeper
        authenticator = Authenticator(configuration, options: options) { keeper.use($0) }
    }

    func shutdown() async {
        await lease.shutdown()
        await watch.shutdown()
        await unary.shutdown()
    }

    func client(_ lane: KubeLane) -> HTTPClient {
        switch lane {
        case .watch: watch
        case .unary: unary
        case .lease: lease
        }
    }

    /// Sends, repeats what may be repeated, and returns a success (2xx); everything else is thrown.
    func send(_ call: KubeCall) async throws(KubeError) -> HTTPResponse {
        var machine = RetryMachine(limits: call.lane == .unary ? RetryMachine.Limits() : .none, isIdempotent: isIdempotent(call))
        tls.refreshIfDue()
        var grant = try await authenticator.grant()
        var delays = 0
        while true {
            if call.lane == .unary { try await waitForGate(call.method) }
            let began = options.uptime()
            // Made anew for each attempt, as the allowance shrinks.
            let request = try call.request(server: configuration.server, authorization: grant.authorization)
            let action: RetryMachine.Action
            let failure: KubeError
            do throws(HTTPError) {
                let response = try await client(call.lane).send(request)
                metrics.ended(call.method, status: response.status, duration: options.uptime() - began)
                note(response.headers)
                if (200..<300).contains(response.status) { return response }
                // The server, or who stands before it, does not know itself what came of it.
                if let fence = call.fence, let granted = request.deadlines.whole,
                    response.status == 408 || response.status >= 500 && response.status != 503
                {
                    fence.unanswered(granted)
                }
                failure = .status(status(response.status, response.headers, response.body))
                let retryAfter = StatusReading.retryAfter(response.headers)
                hold(after: response.status, retryAfterSeconds: retryAfter)
                action = machine.after(status: response.status, retryAfterSeconds: retryAfter)
            } catch {
                if let fence = call.fence, error.wasSent, let granted = request.deadlines.whole { fence.unanswered(granted) }
                if error.kind == .withdrawn {
                    // Delayed before it was sent, and the fence is still open: it is made anew with less time for the server.
                    delays += 1
                    if !error.wasSent, delays < Self.mostDelays, call.fence?.isOpen == true { continue }
                    throw .fenced(error.message)
                }
                if error.kind != .cancelled { metrics.ended(call.method, status: nil, duration: options.uptime() - began) }
                failure = .transport(error)
                action = machine.after(error, jitter: options.jitter())
            }
            switch action {
            case .finish: throw failure
            case .reauthenticate:
                guard let renewed = try await authenticator.renewed(after: grant) else { throw failure }
                grant = renewed
            case .wait(let time, let shared):
                metrics.retried(call.method, status: failure.status?.code)
                options.logger.debug("request repeated", metadata: ["path": "\(call.path)", "after": "\(time)", "because": "\(failure)"])
                // Where all hold back the gate is shut already.
                if !shared { try await sleep(time) }
            }
        }
    }

    /// Opens a stream whose status is a success; an error's body is read and thrown. Nothing is repeated but a 401 with new credentials.
    func open(_ call: KubeCall) async throws(KubeError) -> HTTPStream {
        tls.refreshIfDue()
        var grant = try await authenticator.grant()
        var machine = RetryMachine(limits: .none, isIdempotent: true)
        while true {
            let stream: HTTPStream
            let request = try call.request(server: configuration.server, authorization: grant.authorization)
            do throws(HTTPError) {
                stream = try await client(call.lane).stream(request)
            } catch {
                if error.kind != .cancelled { metrics.ended(call.method, status: nil, duration: nil) }
                throw .transport(error)
            }
            metrics.ended(call.method, status: stream.status, duration: nil)
            note(stream.headers)
            if (200..<300).contains(stream.status) { return stream }
            hold(after: stream.status, retryAfterSeconds: StatusReading.retryAfter(stream.headers))
            let body = await Self.beginning(of: stream)
            guard machine.after(status: stream.status, retryAfterSeconds: nil) == .reauthenticate,
                let renewed = try await authenticator.renewed(after: grant)
            else { throw .status(status(stream.status, stream.headers, body)) }
            grant = renewed
        }
    }

    /// When what we prove ourselves with ends, by what it is; only of those that tell.
    var expiries: [(credential: String, at: Instant)] {
        var token = "token"
        if case .exec = configuration.credential { token = "exec_token" }
        return (tls.expiries + [authenticator.expiry.map { (token, $0) }].compactMap { $0 }).map { (credential: $0.0, at: $0.1) }
    }

    /// What the server says; to a refusal of credentials, which ones they were.
    private func status(_ code: Int, _ headers: HTTPHeaders, _ body: [UInt8]) -> KubeStatus {
        var status = StatusReading.status(code: code, headers: headers, body: body)
        if code == 401 {
            let said = status.message.isEmpty || status.message == "Unauthorized" ? "" : " (\(status.message))"
            status.message =
                "\(configuration.server) refuses our credentials\(said): asked \(configuration.authentication), by \(configuration.origin)"
        }
        return status
    }

    /// An error's body as far as it matters, and as far as it comes.
    private static func beginning(of stream: HTTPStream) async -> [UInt8] {
        var body: [UInt8] = []
        var iterator = stream.makeAsyncIterator()
        do throws(HTTPError) {
            while body.count <= StatusReading.limit, let chunk = try await iterator.next(isolation: nil) { body += chunk }
        } catch {
            return body
        }
        return body
    }

    private func isIdempotent(_ call: KubeCall) -> Bool {
        call.isIdempotent ?? HTTPRequest(method: call.method, url: "").isIdempotent
    }

    /// Shuts the gate for all after a 429.
    private func hold(after status: Int, retryAfterSeconds: Int?) {
        guard let pause = RetryMachine.sharedPause(status: status, retryAfterSeconds: retryAfterSeconds) else { return }
        gate.withLock { $0.pause(for: pause, now: options.uptime()) }
    }

    private func waitForGate(_ method: String) async throws(KubeError) {
        let began = options.uptime()
        defer { metrics.waited(method, options.uptime() - began) }
        while let time = gate.withLock({ $0.remaining(now: options.uptime(), jitter: options.jitter()) }) { try await sleep(time) }
    }

    private func sleep(_ time: Swift.Duration) async throws(KubeError) {
        do { try await options.sleep(time) } catch {
            throw .transport(HTTPError(kind: .cancelled, isRetrySafe: true, message: "cancelled while waiting to send again"))
        }
    }

    private func note(_ headers: HTTPHeaders) {
        let values = headers.values(for: "Warning")
        guard !values.isEmpty else { return }
        for text in warnings.withLock({ $0.new(in: values) }) {
            options.logger.warning("the API server warns", metadata: ["warning": "\(text)"])
        }
    }
}
