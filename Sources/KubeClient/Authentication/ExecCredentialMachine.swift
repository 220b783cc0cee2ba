import Values

/// Runs the plug-in once for all who wait, keeps its answer until it expires or is refused, and doesn't hammer one that fails or whose
/// credentials are refused. Pure.
struct ExecCredentialMachine<Waiter: Sendable>: Sendable {
    enum Step {
        case use(ExecCredential, generation: Int)
        case fail(ExecPluginError)
        /// The waiter was kept; start the plug-in, then call `didFinish`.
        case start
        /// The waiter was kept; somebody else's run will answer it.
        case wait
    }

    private enum State {
        case empty
        case cached(ExecCredential)
        case failed(ExecPluginError, until: Instant)
        /// New credentials were refused as well: these go on being sent, as the server may change its mind, and the plug-in rests meanwhile.
        case refused(ExecCredential, until: Instant)
    }

    private var state: State = .empty
    private var running = false
    private var generation = 0
    private var failures = 0
    /// Refusals in a row of credentials that were new.
    private var refusals = 0
    private var issued: Instant?
    private var waiters: [Int: Waiter] = [:]

    /// A credential that lived this long before it was refused had been good.
    static var proven: Swift.Duration { .seconds(60) }

    /// The credential in use.
    var credential: ExecCredential? {
        switch state {
        case .cached(let credential), .refused(let credential, _): credential
        case .empty, .failed: nil
        }
    }

    /// What a request with nobody waiting yet would get: nil means it must wait (see `enqueue`).
    func current(now: Instant) -> Step? {
        switch state {
        case .cached(let credential) where credential.expires.map({ now < $0 }) ?? true: .use(credential, generation: generation)
        case .refused(let credential, let until) where now < until: .use(credential, generation: generation)
        case .failed(let error, let until) where now < until && !running: .fail(error)
        default: nil
        }
    }

    /// Asks for a credential; a `waiter` that isn't answered at once is kept under `id`.
    mutating func enqueue(_ waiter: Waiter, id: Int, now: Instant) -> Step {
        if let step = current(now: now) { return step }
        waiters[id] = waiter
        if running { return .wait }
        running = true
        return .start
    }

    /// Somebody stopped waiting; the run goes on for the others.
    mutating func cancel(id: Int) -> Waiter? { waiters.removeValue(forKey: id) }

    /// Takes the run's outcome; returns everybody to answer with it and the credential's generation.
    mutating func didFinish(_ result: Result<ExecCredential, ExecPluginError>, now: Instant) -> (waiters: [Waiter], generation: Int) {
        running = false
        switch result {
        case .success(let credential):
            generation += 1
            failures = 0
            issued = now
            state = .cached(credential)
        case .failure(let error):
            failures += 1
            let pause = min(30, 1 << min(failures - 1, 5))
            state = .failed(error, until: now + .seconds(pause))
        }
        defer { waiters = [:] }
        return (Array(waiters.values), generation)
    }

    /// The server answered 401 to `generation`: unless a newer one is there already, run the plug-in again, at once where the credential had been
    /// good, else after a growing pause.
    mutating func reject(generation refused: Int, now: Instant) {
        guard refused == generation, case .cached(let credential) = state else { return }
        if let issued, now < issued + Self.proven { refusals += 1 } else { refusals = 1 }
        // A first refusal costs nothing: the credential may have been revoked.
        state = refusals == 1 ? .empty : .refused(credential, until: now + .seconds(min(60, 1 << min(refusals - 1, 6))))
    }
}
