import KubeModel
import KubeRuntime
import Synchronization

/// Turns any number of changed rule files into few reloads: a reload makes Prometheus read every file again.
final class ReloadCoalescer: Sendable {
    private let changes: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation
    private struct State: Sendable {
        /// Objects whose rules changed on disk since the last good reload.
        var pending: Set<ObjectKey> = []
        var failure: String?
        var onReload: @Sendable (Set<ObjectKey>) -> Void = { _ in }
    }
    private let state = Mutex(State())
    private let reload: @Sendable () async throws -> Void
    private let sleep: @Sendable (Swift.Duration) async throws -> Void

    /// How long to gather changes before one reload.
    private static let gathering = Swift.Duration.milliseconds(200)
    /// Between tries of a reload that failed: doubled up to the cap.
    private static let backoff = Swift.Duration.seconds(1)
    private static let backoffCap = Swift.Duration.seconds(30)

    init(timeline: Timeline, reload: @escaping @Sendable () async throws -> Void) {
        (changes, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.reload = reload
        sleep = { try await timeline.sleep(for: $0) }
    }

    /// Says that rule files changed, of this object or of some that are gone.
    func changed(_ key: ObjectKey?) {
        state.withLock { state in if let key { state.pending.insert(key) } }
        signal.yield()
    }

    /// What to do after each good reload, with the objects whose rules it brought in.
    func onReload(_ handler: @escaping @Sendable (Set<ObjectKey>) -> Void) { state.withLock { $0.onReload = handler } }

    /// Why the object's changed rules are not loaded: the reload failed since. What was loaded before is none the worse for it.
    func trouble(of key: ObjectKey) -> String? { state.withLock { $0.pending.contains(key) ? $0.failure : nil } }

    /// Reloads after changes until its task is cancelled; once at the start, as the process before may have died between a change and its reload.
    func run() async {
        signal.yield()
        for await _ in changes {
            do {
                try await sleep(Self.gathering)
                try await reloadUntilDone()
            } catch { return }
        }
    }

    private func reloadUntilDone() async throws {
        var delay = Self.backoff
        while true {
            let taken = state.withLock(\.pending)
            do {
                try await reload()
                let handler = state.withLock { state in
                    state.pending.subtract(taken)
                    state.failure = nil
                    return state.onReload
                }
                handler(taken)
                return
            } catch {
                try Task.checkCancellation()
                state.withLock { $0.failure = "\(error)" }
                try await sleep(delay)
                delay = min(delay * 2, Self.backoffCap)
            }
        }
    }
}
