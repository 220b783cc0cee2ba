import Logging
import Synchronization

/// What a client's callers and its threads share: who is under way, who waits, which lane serves what.
final class ClientCore: Sendable {
    private struct State {
        var tls: TLSOptions
        var limiter: InFlightLimiter<Exchange>
        var lanes: [Lane.Kind: Lane] = [:]
        /// All lanes whose threads run, those that only finish what they have included.
        var running: [ObjectIdentifier: Lane] = [:]
        /// Where each exchange under way is.
        var places: [UInt64: Lane] = [:]
        /// Origins that answered in HTTP/1.x.
        var http1Origins: Set<String> = []
        var isStopping = false
        var stopWaiters: [CheckedContinuation<Void, Never>] = []
    }

    let configuration: HTTPClientConfiguration
    let tally = Tally()
    private let proxies: ProxyRules
    private let lastID = Atomic<UInt64>(0)
    /// How many wait for a slot, for the lanes to see without the lock.
    private let waiting = Atomic<Int>(0)
    private let state: Mutex<State>

    init(configuration: HTTPClientConfiguration) {
        self.configuration = configuration
        proxies = ProxyRules(configuration.proxy, environment: Environment.value)
        state = Mutex(State(tls: configuration.tls, limiter: InFlightLimiter(limit: configuration.maxInFlight)))
    }

    var counters: HTTPCounters {
        var counters = tally.counters
        (counters.inFlight, counters.waiting) = state.withLock { ($0.limiter.inFlight, $0.limiter.waiting) }
        return counters
    }

    // MARK: Callers

    func exchange(_ request: HTTPRequest, receiver: Exchange.Receiver) throws(HTTPError) -> Exchange {
        tally.requests.add(1, ordering: .relaxed)
        do {
            let plan = try plan(request)
            let id = lastID.add(1, ordering: .relaxed).newValue
            return Exchange(id: id, plan: plan, receiver: receiver, submitted: .now)
        } catch {
            tally.failures.add(1, ordering: .relaxed)
            throw error
        }
    }

    func plan(_ request: HTTPRequest) throws(HTTPError) -> RequestPlan {
        let name = state.withLock { $0.tls.serverName }
        return try RequestPlan(request, serverName: name, guardPolicy: configuration.guardPolicy, proxies: proxies)
    }

    func submit(_ exchange: Exchange) {
        let refusal = state.withLock { state -> HTTPError? in
            if exchange.isCancelled.load(ordering: .acquiring) { return exchange.unsent(.cancelled, "cancelled before it began") }
            if state.isStopping { return exchange.unsent(.shutdown, "the client was shut down") }
            if state.limiter.admit(id: exchange.id, exchange) {
                start(exchange, &state)
            } else {
                waiting.store(state.limiter.waiting, ordering: .relaxed)
                // Whoever sleeps must learn that there are deadlines to watch.
                if state.limiter.waiting == 1 { state.running.values.forEach { $0.post(.look) } }
            }
            return nil
        }
        if let refusal { fail(exchange, refusal) }
    }

    func cancel(_ exchange: Exchange) {
        exchange.isCancelled.store(true, ordering: .releasing)
        let withdrawn = state.withLock { state -> Bool in
            if state.limiter.withdraw(id: exchange.id) != nil {
                waiting.store(state.limiter.waiting, ordering: .relaxed)
                return true
            }
            state.places[exchange.id]?.post(.cancel(exchange.id))
            return false
        }
        if withdrawn { fail(exchange, exchange.unsent(.cancelled, "cancelled before it began")) }
    }

    func resume(_ exchange: Exchange) {
        state.withLock { $0.places[exchange.id] }?.post(.resume(exchange.id))
    }

    func replaceTLS(_ tls: TLSOptions) {
        state.withLock { state in
            guard tls != state.tls else { return }
            state.tls = tls
            state.lanes.values.forEach { $0.post(.drain) }
            state.lanes = [:]
        }
    }

    func beginShutdown() {
        let dropped = state.withLock { state -> [Exchange] in
            state.isStopping = true
            state.running.values.forEach { $0.post(.stop) }
            waiting.store(0, ordering: .relaxed)
            return state.limiter.withdraw { _ in true }
        }
        for exchange in dropped { fail(exchange, exchange.unsent(.shutdown, "the client was shut down")) }
    }

    func shutdown() async {
        beginShutdown()
        await withCheckedContinuation { waiter in
            let isOver = state.withLock { state in
                if state.running.isEmpty { return true }
                state.stopWaiters.append(waiter)
                return false
            }
            if isOver { waiter.resume() }
        }
    }

    // MARK: Lanes

    var hasWaiting: Bool { waiting.load(ordering: .relaxed) > 0 }

    /// Fails those whose whole deadline passed while they waited for a slot.
    func expireWaiting(now: MonotonicTime) {
        let expired = state.withLock { state in
            let expired = state.limiter.withdraw { exchange in exchange.plan.deadlines.whole.map { exchange.submitted + $0 <= now } ?? false }
            waiting.store(state.limiter.waiting, ordering: .relaxed)
            return expired
        }
        for exchange in expired {
            let limit = configuration.maxInFlight
            let what = "not sent within \(exchange.plan.deadlines.whole?.forPeople ?? ""): \(limit) other exchanges were under way the whole time"
            fail(exchange, exchange.unsent(.timeout(.whole), what))
        }
    }

    /// A lane is done with an exchange; its slot goes to the next.
    func finished(_ exchange: Exchange, failed: Bool) {
        if failed { tally.failures.add(1, ordering: .relaxed) }
        state.withLock { state in
            guard state.places.removeValue(forKey: exchange.id) != nil else { return }
            if let next = state.limiter.release() { start(next, &state) }
            waiting.store(state.limiter.waiting, ordering: .relaxed)
        }
    }

    /// The origin answered in HTTP/1.x or in HTTP/2 where the other was expected.
    func learned(origin: String, isHTTP1: Bool) {
        state.withLock { state in
            if isHTTP1 { state.http1Origins.insert(origin) } else { state.http1Origins.remove(origin) }
        }
    }

    /// The lane gets nothing new and ends with what it has.
    func retire(_ lane: Lane) {
        state.withLock { state in
            if state.lanes[lane.kind] === lane { state.lanes[lane.kind] = nil }
            lane.post(.drain)
        }
    }

    /// A lane gives back an exchange that it has not sent, for the right lane to take.
    func reassign(_ exchange: Exchange) {
        let refusal = state.withLock { state -> HTTPError? in
            if state.isStopping || exchange.isCancelled.load(ordering: .acquiring) {
                state.places.removeValue(forKey: exchange.id)
                if let next = state.limiter.release() { start(next, &state) }
                return exchange.unsent(state.isStopping ? .shutdown : .cancelled, "ended before it was sent")
            }
            start(exchange, &state)
            return nil
        }
        if let refusal { fail(exchange, refusal) }
    }

    /// The lane's thread has freed everything; its last act.
    func ended(_ lane: Lane) {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.running.removeValue(forKey: ObjectIdentifier(lane))
            if state.lanes[lane.kind] === lane { state.lanes[lane.kind] = nil }
            guard state.running.isEmpty, state.isStopping else { return [] }
            let waiters = state.stopWaiters
            state.stopWaiters = []
            return waiters
        }
        waiters.forEach { $0.resume() }
    }

    private func start(_ exchange: Exchange, _ state: inout State) {
        let plan = exchange.plan
        let isParallel = !plan.isTLS || !configuration.http2 || state.http1Origins.contains(plan.origin)
        let kind: Lane.Kind = isParallel ? .parallel : .multiplexed
        let lane: Lane
        if let known = state.lanes[kind] {
            lane = known
        } else {
            lane = Lane(kind: kind, core: self, tls: state.tls)
            if lane.run() {
                state.lanes[kind] = lane
                state.running[ObjectIdentifier(lane)] = lane
            }
        }
        state.places[exchange.id] = lane
        lane.post(.start(exchange))
    }

    private func fail(_ exchange: Exchange, _ error: HTTPError) {
        tally.failures.add(1, ordering: .relaxed)
        exchange.fail(error)
    }
}
