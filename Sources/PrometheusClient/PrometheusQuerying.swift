package import PrometheusModel
package import Values

/// An answer, with what the server warned of (a partial response of Thanos, a query that mixes histograms).
package struct PrometheusAnswer<Value: Sendable>: Sendable {
    package var value: Value
    package var warnings: [String]

    package init(_ value: Value, warnings: [String] = []) {
        self.value = value
        self.warnings = warnings
    }
}

/// A server's version as it tells itself.
package struct PrometheusBuild: Sendable, Hashable {
    package var version: String
    package var revision: String

    package init(version: String, revision: String = "") {
        self.version = version
        self.revision = revision
    }
}

/// How a server is set up, as far as it tells; nil is unknown. Compatible servers tell less than Prometheus.
package struct PrometheusSetup: Sendable, Hashable {
    /// How far back data goes; nil also where only size bounds it.
    package var retention: PromDuration?

    package init(retention: PromDuration? = nil) { self.retention = retention }
}

/// What the daemon asks of a Prometheus-compatible server. Every request is bounded in time and size.
package protocol PrometheusQuerying: Sendable {
    /// The configured name.
    var name: String { get }

    /// An instant query; nil asks for the server's present.
    func query(_ promql: String, at time: Instant?) async throws(PrometheusError) -> PrometheusAnswer<QueryResult>

    /// Both ends included.
    func queryRange(
        _ promql: String, from start: Instant, to end: Instant, step: PromDuration
    ) async throws(PrometheusError) -> PrometheusAnswer<QueryResult>

    /// The loaded rule groups whose name `isWanted`.
    func rules(
        keeping isWanted: @escaping @Sendable (_ group: String) -> Bool
    ) async throws(PrometheusError) -> PrometheusAnswer<RulesResult>

    /// What the server doesn't tell is nil; only a server that can't be asked at all throws.
    func setup() async throws(PrometheusError) -> PrometheusSetup

    /// Whether it is ready to serve.
    func isReady() async throws(PrometheusError) -> Bool

    /// Makes a server read its configuration and rules again by a POST to `url`; throws with the server's words if it can't.
    func reload(_ url: String) async throws(PrometheusError)

    /// Ends what is open; nothing may be asked afterwards.
    func shutdown() async
}

extension PrometheusQuerying {
    package func rules() async throws(PrometheusError) -> PrometheusAnswer<RulesResult> { try await rules { _ in true } }

    /// An instant query that must give a vector.
    package func vector(_ promql: String, at time: Instant? = nil) async throws(PrometheusError) -> PrometheusAnswer<[VectorSample]> {
        let answer = try await query(promql, at: time)
        guard let samples = answer.value.vector else {
            throw PrometheusError(source: name, kind: .nonsense(why: "a vector was asked for and something else came"))
        }
        return .init(samples, warnings: answer.warnings)
    }
}
