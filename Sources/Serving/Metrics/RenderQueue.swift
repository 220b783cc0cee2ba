import Dispatch

/// Makes the metrics' text on a thread of its own, one scrape after the other: with many objects it takes a good part of a second, and
/// probes must not wait for that.
final class RenderQueue: Sendable {
    private let queue = DispatchQueue(label: "plimsoll.metrics")
    private let registry: PrometheusRegistry

    init(_ registry: PrometheusRegistry) { self.registry = registry }

    func exposition() async -> [UInt8] {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.registry.exposition()) }
        }
    }
}
