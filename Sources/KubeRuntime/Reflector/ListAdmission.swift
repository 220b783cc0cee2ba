import Synchronization

/// Keeps the first lists of many kinds from reaching the API server all at once: so many at a time, and where there is more than one kind, none
/// at the very same moment.
package final class ListAdmission: Sendable {
    private struct State {
        var members = 0
        /// The first lists are asked for in the order of their tickets; so many have been given out, so many have come back.
        var given = 0
        var returned = 0
    }

    private let limit: Int
    private let state = Mutex(State())
    private let waiters = Waiters<Int>()

    /// - Parameter limit: how many first lists may be under way.
    package init(limit: Int = 4) { self.limit = max(1, limit) }

    /// Counts a kind in; before any of them begins.
    package func join() { state.withLock { $0.members += 1 } }

    /// How long a kind's first list is put off at the most.
    package var spread: Swift.Duration { state.withLock { $0.members > 1 ? .seconds(1) : .zero } }

    /// Returns when the list may begin, or when the task is cancelled. `leave` must follow either way.
    package func enter() async {
        let ticket = state.withLock { state in
            defer { state.given += 1 }
            return state.given
        }
        await waiters.wait(ticket, unless: { isAdmitted(ticket) })
    }

    package func leave() {
        state.withLock { $0.returned += 1 }
        waiters.release { isAdmitted($0) }
    }

    /// How many may be under way or are.
    package var underWay: Int { state.withLock { min(limit, $0.given - $0.returned) } }

    private func isAdmitted(_ ticket: Int) -> Bool { state.withLock { ticket - $0.returned < limit } }
}
