import KubeRuntime
import Synchronization

/// Turns any number of changed rule files into few reloads: a reload makes Prometheus read every file again.
final class ReloadCoalescer: Sendable {
    private let changes: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation
    private let failure = Mutex<String?>(nil)
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

    /// Says that a rule file changed.
    func changed() { signal.yield() }

    /// Why the last reload failed; nil when it worked or none was needed yet.
    var lastFailure: String? { failure.withLock { $0 } }

    /// Reloads after changes until its task is cancelled.
    func run() async {
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
            do {
                try await reload()
                failure.withLock { $0 = nil }
                return
            } catch {
                try Task.checkCancellation()
                failure.withLock { $0 = "\(error)" }
                try await sleep(delay)
                delay = min(delay * 2, Self.backoffCap)
            }
        }
    }
}
