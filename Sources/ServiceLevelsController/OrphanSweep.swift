import KubeModel
import KubeRuntime
import Logging
import Synchronization

/// Takes one source's rules of objects that are gone out. A source that fails keeps no other from its work: it is tried again until it succeeds.
final class OrphanSweep: Sendable {
    private let source: SourceRuntime
    private let kept: @Sendable () -> Set<ObjectKey>
    private let timeline: Timeline
    private let logger: Logger
    private struct State: Sendable {
        var isDone = false
        var more: Set<ObjectKey> = []
    }
    private let state = Mutex(State())

    private static let retry = Swift.Duration.seconds(30)

    init(source: SourceRuntime, kept: @escaping @Sendable () -> Set<ObjectKey>, timeline: Timeline, logger: Logger) {
        self.source = source
        self.kept = kept
        self.timeline = timeline
        self.logger = logger
    }

    /// - Parameter more: objects besides those known now that keep their rules, at every attempt.
    func attempt(keepingAlso more: Set<ObjectKey>) async {
        state.withLock { $0.more = more }
        await attempt()
    }

    private func attempt() async {
        let more = state.withLock(\.more)
        do {
            try await source.output.sweep { [kept] in kept().union(more) }
            state.withLock { $0.isDone = true }
        } catch {
            logger.warning(
                "rules of objects that are gone may be left; trying again", metadata: ["source": "\(source.definition.name)", "error": "\(error)"])
        }
    }

    /// Goes on trying, then rests until its task is cancelled: a part that ends is taken for a failure.
    var part: ManagedPart {
        ManagedPart("sweep of \(source.definition.name)") { [self] in
            while !state.withLock(\.isDone) {
                try await timeline.sleep(for: Self.retry)
                await attempt()
            }
            while true { try await timeline.sleep(for: .seconds(86_400)) }
        }
    }
}
