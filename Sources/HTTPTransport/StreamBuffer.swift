import Synchronization

/// What libcurl's thread puts in and a stream's one consumer takes out.
final class StreamBuffer: Sendable {
    enum Taken { case bytes([UInt8], resume: Bool), end, failed(HTTPError) }

    private enum End { case complete, failed(HTTPError) }
    private struct State {
        var buffer: ChunkBuffer
        var end: End?
        var consumer: CheckedContinuation<Taken, Never>?

        mutating func take() -> Taken? {
            if let (bytes, resume) = buffer.take() { return .bytes(bytes, resume: resume) }
            switch end {
            case .complete: return .end
            case .failed(let error): return .failed(error)
            case nil: return nil
            }
        }
    }

    /// The response's head, or the error that came before it.
    let head = Reply<HTTPResponseHead>()
    private let state: Mutex<State>

    init(limit: Int) {
        state = Mutex(State(buffer: ChunkBuffer(limit: limit)))
    }

    /// False: full, offer it again later.
    func offer(_ chunk: UnsafeRawBufferPointer) -> Bool {
        let (taken, woken) = state.withLock { state -> (Bool, (CheckedContinuation<Taken, Never>, Taken)?) in
            let accepted = state.buffer.offer(chunk)
            guard accepted, let consumer = state.consumer, let taken = state.take() else { return (accepted, nil) }
            state.consumer = nil
            return (accepted, (consumer, taken))
        }
        if let (consumer, bytes) = woken { consumer.resume(returning: bytes) }
        return taken
    }

    /// Ends the body; an error also goes to whoever still waits for the head. Only the first end counts.
    func finish(_ error: HTTPError?) {
        if let error { head.resume(.failure(error)) }
        let woken = state.withLock { state -> (CheckedContinuation<Taken, Never>, Taken)? in
            if state.end == nil { state.end = error.map { .failed($0) } ?? .complete }
            guard let consumer = state.consumer, let taken = state.take() else { return nil }
            state.consumer = nil
            return (consumer, taken)
        }
        if let (consumer, taken) = woken { consumer.resume(returning: taken) }
    }

    func next() async -> Taken {
        await withCheckedContinuation { consumer in
            let taken = state.withLock { state -> Taken? in
                if let taken = state.take() { return taken }
                if state.consumer != nil {
                    return .failed(HTTPError(kind: .invalidRequest, isRetrySafe: false, message: "a stream has one consumer, and this is a second"))
                }
                state.consumer = consumer
                return nil
            }
            if let taken { consumer.resume(returning: taken) }
        }
    }
}
