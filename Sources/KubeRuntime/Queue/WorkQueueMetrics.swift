import CoreMetrics
import KubeModel

/// client-go's metrics of a work queue, under their known names; `depth` has controller-runtime's priority label.
struct WorkQueueMetrics: Sendable {
    let adds: Counter
    let retries: Counter
    private let depths: [QueuePriority: Gauge]
    private let queued: Timer
    private let work: Timer
    private let unfinishedWork: Gauge
    private let longestRunning: Gauge

    init(name: String) {
        let labels = [("name", name)]
        adds = Counter(label: "workqueue_adds_total", dimensions: labels)
        retries = Counter(label: "workqueue_retries_total", dimensions: labels)
        depths = Dictionary(
            uniqueKeysWithValues: QueuePriority.allCases.map {
                ($0, Gauge(label: "workqueue_depth", dimensions: labels + [("priority", "\($0)")]))
            })
        queued = Timer(label: "workqueue_queue_duration_seconds", dimensions: labels)
        work = Timer(label: "workqueue_work_duration_seconds", dimensions: labels)
        unfinishedWork = Gauge(label: "workqueue_unfinished_work_seconds", dimensions: labels)
        longestRunning = Gauge(label: "workqueue_longest_running_processor_seconds", dimensions: labels)
        // Series exist from the start, so that a rate over them sees the first event.
        adds.increment(by: 0)
        retries.increment(by: 0)
        for gauge in depths.values { gauge.record(0) }
        unfinished([])
    }

    func popped(_ popped: WorkQueue.Popped) { queued.recordNanoseconds(popped.waited.wholeNanoseconds) }

    func worked(_ took: Swift.Duration) { work.recordNanoseconds(took.wholeNanoseconds) }

    func depth(_ lengths: WorkQueueMachine<ObjectKey>.Lengths) {
        for (priority, count) in lengths.ready { depths[priority]?.record(count) }
    }

    func unfinished(_ running: [Swift.Duration]) {
        unfinishedWork.record(running.reduce(Swift.Duration.zero, +) / .seconds(1))
        longestRunning.record((running.max() ?? .zero) / .seconds(1))
    }
}

extension Swift.Duration {
    /// Nanoseconds, held at Int64's bounds.
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }
}
