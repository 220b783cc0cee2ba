import CoreMetrics
import PrometheusClient
import PrometheusModel
import Values

/// A Prometheus whose requests are counted, by what they are for: how much the daemon asks of it must not depend on how many SLOs there are.
struct CountedPrometheus: PrometheusQuerying {
    enum Purpose: String {
        case figures, rules, days, preflight
    }

    private let base: any PrometheusQuerying
    private let counter: Counter

    init(_ base: any PrometheusQuerying, for purpose: Purpose) {
        self.base = base
        counter = Counter(label: "plimsoll_source_requests_total", dimensions: [("source", base.name), ("purpose", purpose.rawValue)])
    }

    var name: String { base.name }

    func query(_ promql: String, at time: Instant?) async throws(PrometheusError) -> PrometheusAnswer<QueryResult> {
        counter.increment()
        return try await base.query(promql, at: time)
    }

    func queryRange(
        _ promql: String, from start: Instant, to end: Instant, step: PromDuration
    ) async throws(PrometheusError) -> PrometheusAnswer<QueryResult> {
        counter.increment()
        return try await base.queryRange(promql, from: start, to: end, step: step)
    }

    func rules(keeping isWanted: @escaping @Sendable (_ group: String) -> Bool) async throws(PrometheusError) -> PrometheusAnswer<RulesResult> {
        counter.increment()
        return try await base.rules(keeping: isWanted)
    }

    func setup() async throws(PrometheusError) -> PrometheusSetup {
        counter.increment()
        return try await base.setup()
    }

    func isReady() async throws(PrometheusError) -> Bool {
        counter.increment()
        return try await base.isReady()
    }

    func reload(_ url: String) async throws(PrometheusError) {
        counter.increment()
        try await base.reload(url)
    }

    func shutdown() async { await base.shutdown() }
}
