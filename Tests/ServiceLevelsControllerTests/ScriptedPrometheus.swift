import KubeRuntime
import PrometheusClient
import PrometheusModel
import ServiceLevels
import Synchronization
import Values

/// A Prometheus that answers as a test says, and counts what it was asked.
final class ScriptedPrometheus: PrometheusQuerying {
    private struct State {
        var answers: [String: QueryResult] = [:]
        var groups: [LoadedRuleGroup] = []
        var failure: PrometheusError?
        var queries: [String] = []
        var ruleRequests = 0
        var pastQueries = 0
        var atOnce = 0
    }

    let name = "scripted"
    private let state = Mutex(State())

    /// What the fleet query of an instance answers; an empty vector without.
    func answer(_ question: FleetQueries.Question, instance: String, _ result: QueryResult) {
        let promql = FleetQueries(instance: instance).promql(question)
        state.withLock { $0.answers[promql] = result }
    }

    func load(_ groups: [LoadedRuleGroup]) { state.withLock { $0.groups = groups } }

    /// Every request fails until told otherwise.
    func fail(_ kind: PrometheusError.Kind?) { state.withLock { $0.failure = kind.map { PrometheusError(source: name, kind: $0) } } }

    /// While it is there and closed, queries wait for it.
    let gate = Mutex<Latch?>(nil)
    /// Queries under way now.
    var atOnce: Int { state.withLock(\.atOnce) }

    var queries: [String] { state.withLock(\.queries) }
    /// Those as of another time than now.
    var pastQueries: Int { state.withLock(\.pastQueries) }
    var ruleRequests: Int { state.withLock(\.ruleRequests) }

    private func throwIfFailing() throws(PrometheusError) {
        if let failure = state.withLock(\.failure) { throw failure }
    }

    func query(_ promql: String, at time: Instant?) async throws(PrometheusError) -> PrometheusAnswer<QueryResult> {
        // Past days are asked for once, by the dozen; what is counted is what is asked again and again.
        state.withLock { state in
            if time == nil { state.queries.append(promql) } else { state.pastQueries += 1 }
        }
        state.withLock { $0.atOnce += 1 }
        defer { state.withLock { $0.atOnce -= 1 } }
        await gate.withLock(\.self)?.wait()
        try throwIfFailing()
        return PrometheusAnswer(state.withLock { $0.answers[promql] } ?? .vector([]))
    }

    func rules(keeping isWanted: @escaping @Sendable (String) -> Bool) async throws(PrometheusError) -> PrometheusAnswer<RulesResult> {
        state.withLock { $0.ruleRequests += 1 }
        try throwIfFailing()
        return PrometheusAnswer(RulesResult(groups: state.withLock(\.groups).filter { isWanted($0.name) }))
    }

    func queryRange(
        _ promql: String, from start: Instant, to end: Instant, step: PromDuration
    ) async throws(PrometheusError) -> PrometheusAnswer<QueryResult> {
        try refuse()
    }

    func setup() async throws(PrometheusError) -> PrometheusSetup {
        try throwIfFailing()
        return PrometheusSetup(retention: .days(90))
    }
    func isReady() async throws(PrometheusError) -> Bool { try refuse() }
    func reload(_ url: String) async throws(PrometheusError) { try throwIfFailing() }

    func shutdown() async {}

    /// The controller has no business asking this.
    private func refuse<Value>() throws(PrometheusError) -> Value {
        throw PrometheusError(source: name, kind: .misconfigured("no test scripts this"))
    }
}

extension ScriptedPrometheus {
    /// Samples of one SLO, as its rules would have recorded them: `errors` of `total` events in each window, taken at `sampled`.
    static func events(_ identity: SeriesIdentity, windows: [String], total: Double, errors: Double) -> [VectorSample] {
        windows.flatMap { window in
            [("total", total), ("errors", errors)].map { kind, value in
                VectorSample(
                    metric: identity.labels.merging(["__name__": "plimsoll:sli:events_\(window)", LabelNames.events: kind]) { $1 }, timestamp: 0,
                    value: value)
            }
        }
    }

    static func freshness(_ identity: SeriesIdentity, sampled: Double) -> VectorSample {
        VectorSample(metric: identity.labels.merging([LabelNames.events: "total"]) { $1 }, timestamp: 0, value: sampled)
    }

    /// The groups as Prometheus shows them once it has loaded and evaluated the rules.
    static func loaded(_ rules: GeneratedRules, at time: Instant) -> [LoadedRuleGroup] {
        rules.groups.map { group in
            LoadedRuleGroup(
                name: group.name, lastEvaluation: time,
                rules: group.rules.map { rule in
                    var isAlert = false
                    if case .alerting = rule { isAlert = true }
                    return LoadedRule(name: rule.name, isAlert: isAlert, labels: rule.labels, lastEvaluation: time)
                })
        }
    }
}
