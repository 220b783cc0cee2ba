import KubeRuntime
import Synchronization
import Values

/// A Lease in memory, with the API server's rules for conditional writes.
final class MemoryLeases: LeaseStore {
    struct State: Sendable {
        var lease: JSON?
        var version = 0
        var reads = 0
        var writes = 0
        /// Answers every request so, instead of serving it.
        var failure: String?
    }
    private let state = Mutex(State())

    var now: State { state.withLock(\.self) }
    var spec: JSON { now.lease?["spec"] ?? .null }
    var holder: String { spec["holderIdentity"]?.stringValue ?? "" }

    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    /// Somebody else writes.
    func put(_ lease: JSON) { state.withLock { _ = Self.keep(lease, &$0) } }

    func read(timeout: Swift.Duration) async -> ElectorMachine.Answer {
        state.withLock { state in
            state.reads += 1
            if let failure = state.failure { return .failed(failure) }
            return state.lease.map { .lease($0) } ?? .absent
        }
    }

    func create(_ lease: JSON, timeout: Swift.Duration) async -> ElectorMachine.Answer {
        state.withLock { state in
            if let failure = state.failure { return .failed(failure) }
            guard state.lease == nil else { return .conflict }
            return Self.keep(lease, &state)
        }
    }

    func replace(_ lease: JSON, timeout: Swift.Duration) async -> ElectorMachine.Answer {
        state.withLock { state in
            if let failure = state.failure { return .failed(failure) }
            guard let current = state.lease else { return .absent }
            guard lease["metadata"]?["resourceVersion"] == current["metadata"]?["resourceVersion"] else { return .conflict }
            return Self.keep(lease, &state)
        }
    }

    private static func keep(_ lease: JSON, _ state: inout State) -> ElectorMachine.Answer {
        state.version += 1
        state.writes += 1
        var lease = lease
        lease["metadata"]?["resourceVersion"] = .string("\(state.version)")
        state.lease = lease
        return .lease(lease)
    }
}
