import Synchronization

/// Tasks that wait for something, each with a tag that says what for.
package final class Waiters<Tag: Sendable>: Sendable {
    private enum Entry {
        case arriving(Tag)
        case waiting(Tag, CheckedContinuation<Void, Never>)
        case released
    }
    private struct State {
        var next: UInt64 = 0
        var entries: [UInt64: Entry] = [:]
    }
    private let state = Mutex(State())

    package init() {}

    /// Returns when `release` chose the tag, when `isSatisfied` says there is nothing to wait for, or when the task is cancelled.
    package func wait(_ tag: Tag, unless isSatisfied: () -> Bool) async {
        // Entered first and asked then, so that a release between the two is not missed.
        let id = state.withLock { state in
            state.next += 1
            state.entries[state.next] = .arriving(tag)
            return state.next
        }
        defer { state.withLock { $0.entries[id] = nil } }
        if isSatisfied() { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let isReleased = state.withLock { state in
                    guard case .arriving(let tag) = state.entries[id] else { return true }
                    state.entries[id] = .waiting(tag, continuation)
                    return false
                }
                if isReleased { continuation.resume() }
            }
        } onCancel: {
            let continuation = state.withLock { Self.release(id, &$0) }
            continuation?.resume()
        }
    }

    /// Lets those go whose tag `isDue` chooses.
    package func release(where isDue: (Tag) -> Bool) {
        let continuations = state.withLock { state in
            guard !state.entries.isEmpty else { return [CheckedContinuation<Void, Never>]() }
            let due = state.entries.filter { _, entry in
                switch entry {
                case .arriving(let tag), .waiting(let tag, _): isDue(tag)
                case .released: false
                }
            }
            return due.keys.compactMap { Self.release($0, &state) }
        }
        for continuation in continuations { continuation.resume() }
    }

    package var isEmpty: Bool { state.withLock { $0.entries.isEmpty } }

    private static func release(_ id: UInt64, _ state: inout State) -> CheckedContinuation<Void, Never>? {
        defer { if state.entries[id] != nil { state.entries[id] = .released } }
        if case .waiting(_, let continuation) = state.entries[id] { return continuation }
        return nil
    }
}

/// Opens once, and stays open.
package final class Latch: Sendable {
    private let opened = Mutex(false)
    private let waiters = Waiters<Void>()

    package init() {}

    package var isOpen: Bool { opened.withLock { $0 } }

    package func open() {
        opened.withLock { $0 = true }
        waiters.release { _ in true }
    }

    /// Returns when it is open, or when the task is cancelled.
    package func wait() async { await waiters.wait((), unless: { isOpen }) }
}

/// Wakes one waiting task as often as it is rung; rings while nobody waits count once.
package final class Bell: Sendable {
    private let rung = Mutex(false)
    private let waiters = Waiters<Void>()

    package init() {}

    package func ring() {
        rung.withLock { $0 = true }
        waiters.release { _ in true }
    }

    /// Returns after a ring, or when the task is cancelled.
    package func wait() async {
        await waiters.wait((), unless: { rung.withLock { $0 } })
        rung.withLock { $0 = false }
    }
}
