import Glibc
import Synchronization

/// Where work that takes long is held up until it is shown that the cooperative threads are free: as much of it stands here as there are such
/// threads, and only a task lets it go on.
package final class PoolGate: Sendable {
    private struct State {
        var waiting = 0
        var isOpen = false
        var hasGivenUp = false
    }
    private let state = Mutex(State())

    package init() {}

    /// How many cooperative threads there are.
    package static var width: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Blocks the thread until the gate is open, for ten seconds at the most.
    package func pass() {
        state.withLock { $0.waiting += 1 }
        for _ in 0..<1_000 {
            if state.withLock(\.isOpen) { return }
            usleep(10_000)
        }
        state.withLock { $0.hasGivenUp = true }
    }

    /// Waits until `width` stand here, runs `body` while they do, and lets them go on. False when somebody had to give up, so that the cooperative
    /// threads were not free, or `body` was held up.
    package func openWhenAllWait(_ body: @Sendable () -> Void = {}) async -> Bool {
        let areThere = await eventually { state.withLock { $0.waiting >= Self.width } }
        body()
        return state.withLock { state in
            state.isOpen = true
            return areThere && !state.hasGivenUp
        }
    }
}
