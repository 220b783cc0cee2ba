import CoreMetrics
import Synchronization

/// controller-runtime's metrics of a controller under their known names, and the gate's.
final class ControllerMetrics: Sendable {
    enum Result: String, CaseIterable {
        case success, error, requeue
        case requeueAfter = "requeue_after"
    }

    let errors: Counter
    let terminalErrors: Counter
    let timeouts: Counter
    let gateTimeouts: Counter
    private let results: [Result: Counter]
    private let time: Timer
    private let gateTime: Timer
    private let active: Gauge
    private let activeCount = Mutex(0)

    init(name: String, workers: Int) {
        let labels = [("controller", name)]
        errors = Counter(label: "controller_runtime_reconcile_errors_total", dimensions: labels)
        terminalErrors = Counter(label: "controller_runtime_terminal_reconcile_errors_total", dimensions: labels)
        timeouts = Counter(label: "controller_runtime_reconcile_timeouts_total", dimensions: labels)
        gateTimeouts = Counter(label: "plimsoll_consistency_gate_timeouts_total", dimensions: labels)
        results = Dictionary(
            uniqueKeysWithValues: Result.allCases.map {
                ($0, Counter(label: "controller_runtime_reconcile_total", dimensions: labels + [("result", $0.rawValue)]))
            })
        time = Timer(label: "controller_runtime_reconcile_time_seconds", dimensions: labels)
        gateTime = Timer(label: "plimsoll_consistency_gate_wait_seconds", dimensions: labels)
        active = Gauge(label: "controller_runtime_active_workers", dimensions: labels)
        Gauge(label: "controller_runtime_max_concurrent_reconciles", dimensions: labels).record(workers)
        // A crash ends the process, and the next one begins at zero again: dashboards still find the series.
        Counter(label: "controller_runtime_reconcile_panics_total", dimensions: labels).increment(by: 0)
        for counter in [errors, terminalErrors, timeouts, gateTimeouts] + Array(results.values) { counter.increment(by: 0) }
        active.record(0)
    }

    func result(_ result: Result) { results[result]?.increment() }
    func reconciled(_ took: Swift.Duration) { time.recordNanoseconds(took.wholeNanoseconds) }
    func gateWaited(_ took: Swift.Duration) { gateTime.recordNanoseconds(took.wholeNanoseconds) }

    func activeWorkers(_ difference: Int) {
        activeCount.withLock { count in
            count += difference
            active.record(count)
        }
    }
}
