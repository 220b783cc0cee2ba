import HTTPTransport
import Synchronization
import Values

/// The credentials of an exec plug-in, shared by all who ask. The program runs, and is waited for, on a thread of its own.
final class ExecPlugin: Sendable {
    struct Granted: Sendable {
        var credential: ExecCredential
        var generation: Int
    }

    private typealias Answer = Result<Granted, KubeError>
    private struct State: Sendable {
        var machine = ExecCredentialMachine<CheckedContinuation<Answer, Never>>()
        var nextID = 0
        /// Waiters that were cancelled before they got into the machine.
        var cancelledEarly: Set<Int> = []
    }

    private let plugin: ExecPluginConfiguration
    private let environment: [String: String]
    private let timeout: Swift.Duration
    private let now: @Sendable () -> Instant
    /// Called with each new credential, before anybody gets to use it.
    private let changed: @Sendable (ExecCredential) -> Void
    private let metrics = ExecPluginMetrics()
    private let state = Mutex(State())

    init(_ plugin: ExecPluginConfiguration, options: KubeClientOptions, changed: @escaping @Sendable (ExecCredential) -> Void) {
        self.plugin = plugin
        environment = options.environment
        timeout = options.execTimeout
        now = options.now
        self.changed = changed
    }

    func credential() async throws(KubeError) -> Granted {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let answer: Answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in ask(continuation, id: id) }
        } onCancel: {
            let waiter = state.withLock { state in
                let waiter = state.machine.cancel(id: id)
                if waiter == nil { state.cancelledEarly.insert(id) }
                return waiter
            }
            waiter?.resume(returning: .failure(Self.cancelled))
        }
        state.withLock { _ = $0.cancelledEarly.remove(id) }
        return try answer.get()
    }

    /// The server answered 401 to these.
    func reject(generation: Int) {
        let time = now()
        state.withLock { $0.machine.reject(generation: generation, now: time) }
    }

    /// When the credential in use ends, if it says so.
    var expires: Instant? { state.withLock { $0.machine.credential }.flatMap { $0.expires ?? $0.token.flatMap(TokenExpiry.of) } }

    private func ask(_ continuation: CheckedContinuation<Answer, Never>, id: Int) {
        let time = now()
        let step = state.withLock { state -> ExecCredentialMachine<CheckedContinuation<Answer, Never>>.Step? in
            if state.cancelledEarly.contains(id) { return nil }
            return state.machine.enqueue(continuation, id: id, now: time)
        }
        switch step {
        case nil: continuation.resume(returning: .failure(Self.cancelled))
        case .use(let credential, let generation): continuation.resume(returning: .success(Granted(credential: credential, generation: generation)))
        case .fail(let error): continuation.resume(returning: .failure(.authentication(error.description)))
        case .wait: break
        case .start: BlockingThread.start { self.run() }
        }
    }

    private func run() {
        let result: Result<ExecCredential, ExecPluginError>
        do throws(ExecPluginError) {
            let output = try ExecProcess.run(plugin, environment: environment, timeout: timeout)
            result = .success(try ExecCredentialCodec.response(output, plugin: plugin))
        } catch {
            result = .failure(error)
        }
        if case .success(let credential) = result {
            metrics.ran(well: true)
            changed(credential)
        } else {
            metrics.ran(well: false)
        }
        let (waiters, generation) = state.withLock { $0.machine.didFinish(result, now: now()) }
        for waiter in waiters {
            waiter.resume(
                returning: result.map { Granted(credential: $0, generation: generation) }.mapError { .authentication($0.description) })
        }
    }

    private static let cancelled = KubeError.transport(
        HTTPError(kind: .cancelled, isRetrySafe: true, message: "cancelled while waiting for credentials"))
}
