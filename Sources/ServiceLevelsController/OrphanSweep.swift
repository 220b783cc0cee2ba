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
    private let isDone = Mutex(false)

    private static let retry = Swift.Duration.seconds(30)

    init(source: SourceRuntime, kept: @escaping @Sendable () -> Set<ObjectKey>, timeline: Timeline, logger: Logger) {
        self.source = source
        self.kept = kept
        self.timeline = timeline
        self.logger = logger
    }

    func attempt() async {
        do {
            try await source.output.sweep(keeping: kept)
            isDone.withLock { $0 = true }
        } catch {
            logger.warning(
                "rules of objects that are gone may be left; trying again", metadata: ["source": "\(source.definition.name)", "error": "\(error)"])
        }
    }

    /// Goes on trying, then rests until its task is cancelled: a part that ends is taken for a failure.
    var part: ManagedPart {
        ManagedPart("sweep of \(source.definition.name)") { [self] in
            while !isDone.withLock({ $0 }) {
                try await timeline.sleep(for: Self.retry)
                await attempt()
            }
            while true { try await timeline.sleep(for: .seconds(86_400)) }
        }
    }
}
