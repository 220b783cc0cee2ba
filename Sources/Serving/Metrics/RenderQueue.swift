import Dispatch
import NIOCore
import Synchronization

/// Makes the metrics' text on a thread of its own: with many objects it takes a good part of a second, and probes must not wait for that.
///
/// Scrapes that come while one is being made share the next one, whatever their number: at most two texts are in the making, and all who get
/// one get the same memory.
final class RenderQueue: Sendable {
    private let queue = DispatchQueue(label: "plimsoll.metrics")
    private let registry: PrometheusRegistry
    /// Who waits for the next text. Not empty: it is scheduled.
    private let waiting = Mutex<[CheckedContinuation<ByteBuffer, Never>]>([])

    init(_ registry: PrometheusRegistry) { self.registry = registry }

    /// A text that was begun after the call.
    func exposition() async -> ByteBuffer {
        await withCheckedContinuation { continuation in
            let isFirst = waiting.withLock { waiting in
                waiting.append(continuation)
                return waiting.count == 1
            }
            if isFirst { queue.async { self.render() } }
        }
    }

    private func render() {
        let waiting = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        let text = ByteBuffer(bytes: registry.exposition())
        for continuation in waiting { continuation.resume(returning: text) }
    }
}
