import KubeClient
import KubeRuntime
import Synchronization
import Values

/// Asks the API server for its version now and then: is it there, and how fast does it answer?
final class APIProbe: Sendable {
    /// What the last probe found.
    struct Finding: Sendable {
        /// Wall time of the last probe's end.
        var at: Instant
        /// How long it took.
        var latency: Swift.Duration
        /// Why it failed; nil when it was answered.
        var failure: String?
        var lastSuccess: Instant?
    }

    private let client: KubeClient
    private let interval: Swift.Duration
    private let timeline: Timeline
    private let found = Mutex<Finding?>(nil)

    init(_ client: KubeClient, interval: Swift.Duration = .seconds(15), timeline: Timeline = Timeline()) {
        self.client = client.withTimeout(.seconds(5))
        self.interval = interval
        self.timeline = timeline
    }

    /// Nil before the first probe's end.
    var finding: Finding? { found.withLock { $0 } }

    /// Probes until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            let start = timeline.now
            var failure: String?
            do throws(KubeError) { _ = try await client.serverVersion() } catch { failure = error.description }
            if Task.isCancelled { return }
            let finding = Finding(at: WallClock.now(), latency: timeline.now - start, failure: failure)
            found.withLock { found in
                let before = found?.lastSuccess
                found = finding
                found?.lastSuccess = failure == nil ? finding.at : before
            }
            try? await timeline.sleep(for: interval)
        }
    }
}
