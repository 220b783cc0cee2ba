import Synchronization

/// One request on its way, and who waits for what comes of it.
final class Exchange: Sendable {
    enum Receiver: Sendable {
        case unary(Reply<HTTPResponse>)
        case stream(StreamBuffer)
        /// The client's own; nobody waits.
        case probe
    }

    let id: UInt64
    let plan: RequestPlan
    let receiver: Receiver
    let submitted: MonotonicTime
    /// `onCancel` may run before the exchange is known to anyone.
    let isCancelled = Atomic<Bool>(false)

    init(id: UInt64, plan: RequestPlan, receiver: Receiver, submitted: MonotonicTime) {
        self.id = id
        self.plan = plan
        self.receiver = receiver
        self.submitted = submitted
    }

    func fail(_ error: HTTPError) {
        switch receiver {
        case .unary(let reply): reply.resume(.failure(error))
        case .stream(let buffer): buffer.finish(error)
        case .probe: break
        }
    }

    /// An error that says that nothing was sent.
    func unsent(_ kind: HTTPError.Kind, _ what: String) -> HTTPError {
        HTTPError(kind: kind, isRetrySafe: true, message: "\(plan.origin): \(what)")
    }
}

/// A value that one task waits for; only the first result counts.
final class Reply<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case waiting(CheckedContinuation<Result<Value, HTTPError>, Never>)
        case early(Result<Value, HTTPError>)
        case done
    }
    private let state = Mutex(State.empty)

    func resume(_ result: Result<Value, HTTPError>) {
        let waiter = state.withLock { state -> CheckedContinuation<Result<Value, HTTPError>, Never>? in
            switch state {
            case .empty:
                state = .early(result)
                return nil
            case .waiting(let waiter):
                state = .done
                return waiter
            case .early, .done:
                return nil
            }
        }
        waiter?.resume(returning: result)
    }

    /// To be called once.
    func value() async -> Result<Value, HTTPError> {
        await withCheckedContinuation { waiter in
            let early = state.withLock { state -> Result<Value, HTTPError>? in
                if case .early(let result) = state {
                    state = .done
                    return result
                }
                state = .waiting(waiter)
                return nil
            }
            if let early { waiter.resume(returning: early) }
        }
    }
}
