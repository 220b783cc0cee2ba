import KubeModel
import KubeRuntime
import Logging
import Synchronization

/// Turns any number of changed rule files into few reloads: a reload makes Prometheus read every file again.
final class ReloadCoalescer: Sendable {
    private let changes: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation
    private struct State: Sendable {
        /// Objects whose rules changed on disk since the last good reload, with the number of their last change.
        var pending: [ObjectKey: Int] = [:]
        var changes = 0
        var failure: String?
        var onReload: @Sendable (Set<ObjectKey>) -> Void = { _ in }
    }
    private let state = Mutex(State())
    private let reload: @Sendable () async throws -> Void
    private let timeline: Timeline
    private let logger: Logger

    /// How long to gather changes before one reload.
    private static let gathering = Swift.Duration.milliseconds(200)
    /// Between tries of a reload that failed: doubled up to the cap.
    private static let backoff = Swift.Duration.seconds(1)
    private static let backoffCap = Swift.Duration.seconds(30)
    /// So many times as long as the last reload took, it is left in peace: it reads every file, and compares every rule.
    private static let rest = 2.0
    private static let restCap = Swift.Duration.seconds(60)

    init(timeline: Timeline, logger: Logger, reload: @escaping @Sendable () async throws -> Void) {
        (changes, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.reload = reload
        self.timeline = timeline
        self.logger = logger
    }

    /// Says that rule files changed, of this object or of some that are gone.
    func changed(_ key: ObjectKey?) {
        state.withLock { state in
            state.changes += 1
            if let key { state.pending[key] = state.changes }
        }
        signal.yield()
    }

    /// What to do after each good reload, and after the first of several that fail, with the objects whose rules it is about.
    func onReload(_ handler: @escaping @Sendable (Set<ObjectKey>) -> Void) { state.withLock { $0.onReload = handler } }

    /// Why the object's changed rules are not loaded: the reload failed since. What was loaded before is none the worse for it.
    func trouble(of key: ObjectKey) -> String? { state.withLock { $0.pending[key] != nil ? $0.failure : nil } }

    /// Reloads after changes until its task is cancelled; once at the start, as the process before may have died between a change and its reload.
    func run() async {
        signal.yield()
        var pause = Self.gathering
        for await _ in changes {
            do {
                try await timeline.sleep(for: pause)
                pause = max(Self.gathering, try await reloadUntilDone())
            } catch { return }
        }
    }

    private func rest(since start: Swift.Duration) -> Swift.Duration { min((timeline.now - start) * Self.rest, Self.restCap) }

    /// - Returns: how long the server is to be left in peace.
    private func reloadUntilDone() async throws -> Swift.Duration {
        var delay = Self.backoff
        while true {
            let start = timeline.now
            let (taken, changes) = state.withLock { ($0.pending, $0.changes) }
            do {
                try await reload()
                let (handler, failed) = state.withLock { state in
                    // What changed again meanwhile is for the next reload.
                    state.pending = state.pending.filter { $0.value > changes }
                    defer { state.failure = nil }
                    return (state.onReload, state.failure != nil)
                }
                if failed { logger.info("Prometheus reloads its rules again") }
                handler(Set(taken.keys))
                return rest(since: start)
            } catch {
                try Task.checkCancellation()
                let (handler, isFirst) = state.withLock { state in
                    defer { state.failure = "\(error)" }
                    return (state.onReload, state.failure == nil)
                }
                if isFirst {
                    logger.warning(
                        "Prometheus does not reload its rules; those it has go on, also of objects that are gone", metadata: ["error": "\(error)"])
                    handler(Set(taken.keys))
                }
                try await timeline.sleep(for: max(delay, rest(since: start)))
                delay = min(delay * 2, Self.backoffCap)
            }
        }
    }
}
