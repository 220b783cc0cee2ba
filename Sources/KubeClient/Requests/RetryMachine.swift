import HTTPTransport

/// Decides after each answer whether one request is sent again. Pure; one value a request.
struct RetryMachine: Sendable {
    enum Action: Equatable {
        case finish
        /// Get new credentials, and send again if there are any.
        case reauthenticate
        /// Send again after this time; `shared`: everybody else should hold back as well.
        case wait(Swift.Duration, shared: Bool)
    }

    struct Limits: Sendable {
        /// Repeats because the server said Retry-After.
        var answered = 10
        /// Repeats because the connection failed.
        var transport = 2
        /// All waiting for one request; a longer Retry-After is the caller's to honour.
        var totalWait: Swift.Duration = .seconds(30)
        static let none = Limits(answered: 0, transport: 0, totalWait: .zero)
    }

    private let limits: Limits
    private let isIdempotent: Bool
    private var answered = 0
    private var transport = 0
    private var waited: Swift.Duration = .zero
    private var reauthenticated = false

    init(limits: Limits, isIdempotent: Bool) {
        self.limits = limits
        self.isIdempotent = isIdempotent
    }

    /// How long everybody should hold back after this answer, whether or not this request is sent again; nil: no reason to.
    static func sharedPause(status: Int, retryAfterSeconds: Int?) -> Swift.Duration? {
        status == 429 ? .seconds(min(max(retryAfterSeconds ?? 1, 1), 30)) : nil
    }

    mutating func after(status: Int, retryAfterSeconds: Int?) -> Action {
        if status == 401 {
            defer { reauthenticated = true }
            return reauthenticated ? .finish : .reauthenticate
        }
        // 429 and 503 mean that nothing was done; after another 5xx something may have been.
        let mayRepeat = status == 429 || status == 503 || status >= 500 && isIdempotent
        guard mayRepeat, let seconds = retryAfterSeconds, answered < limits.answered else { return .finish }
        answered += 1
        return wait(.seconds(min(seconds, 86400)), shared: status == 429)
    }

    /// - Parameter jitter: in 0..<1; spreads those whose connection broke together.
    mutating func after(_ error: HTTPError, jitter: Double) -> Action {
        switch error.kind {
        // A deadline that passed is the caller's patience at its end.
        case .connect, .resolve, .connectionLost: break
        default: return .finish
        }
        guard error.isRetrySafe, transport < limits.transport else { return .finish }
        transport += 1
        let base: Swift.Duration = .milliseconds(50 << transport)
        return wait(base + base * min(max(jitter, 0), 1), shared: false)
    }

    private mutating func wait(_ time: Swift.Duration, shared: Bool) -> Action {
        guard waited + time <= limits.totalWait else { return .finish }
        waited += time
        return .wait(time, shared: shared)
    }
}

/// The pause that all requests of one client keep after a 429. Times are spans since any fixed start. Pure.
struct PauseGate: Sendable {
    private var until: Swift.Duration = .zero

    mutating func pause(for time: Swift.Duration, now: Swift.Duration) { until = max(until, now + time) }

    /// How long to wait before sending; nil: send.
    /// - Parameter jitter: in 0..<1; lengthens the wait by up to a quarter, as those who waited together should not send together.
    func remaining(now: Swift.Duration, jitter: Double = 0) -> Swift.Duration? {
        guard now < until else { return nil }
        let time = until - now
        return time + time * 0.25 * min(max(jitter, 0), 1)
    }
}
