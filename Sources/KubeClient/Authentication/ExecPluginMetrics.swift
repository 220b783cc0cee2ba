import CoreMetrics

/// client-go's metrics of exec plug-ins.
struct ExecPluginMetrics: Sendable {
    private let good: Counter
    private let bad: Counter

    init() {
        func calls(_ code: String, _ status: String) -> Counter {
            let counter = Counter(label: "rest_client_exec_plugin_call_total", dimensions: [("code", code), ("call_status", status)])
            counter.increment(by: 0)
            return counter
        }
        good = calls("0", "no_error")
        bad = calls("1", "plugin_execution_error")
    }

    func ran(well: Bool) { (well ? good : bad).increment() }
}
