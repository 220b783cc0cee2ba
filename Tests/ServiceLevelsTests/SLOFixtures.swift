import KubeModel
import PlimsollAPI
import ServiceLevels
import Values

/// SLOs as users write them.
enum SLOFixtures {
    /// Decodes a spec as the API server would deliver it.
    static func spec(_ yaml: String) throws -> SLOSpec {
        let json = try YAML.parse(yaml).first?.json ?? .null
        let slo = SLO(json: ["metadata": ["name": "x", "namespace": "y"], "spec": json])
        guard let spec = slo.spec, slo.problems.isEmpty else { throw RuleProblems(slo.problems) }
        return spec
    }

    static let checkout = """
        service: checkout
        description: Requests to checkout succeed.
        objective: 99.9%
        window: {rolling: 30d}
        indicator:
          ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
        alerting:
          page: {labels: {team: shop}, annotations: {runbook_url: "https://runbooks.example.com/checkout"}}
        """

    static let goodForm = """
        service: checkout
        objective: 99.5%
        window: {rolling: 7d}
        indicator:
          ratio: {good: 'http_requests_total{job="checkout",code!~"5.."}', total: 'http_requests_total{job="checkout"}'}
        """

    static let latency = """
        service: checkout
        objective: 99%
        window: {rolling: 28d}
        indicator:
          latency: {histogram: 'http_request_duration_seconds{job="checkout"}', threshold: 500ms}
        """

    static let classicLatency = latency.replacing("500ms", with: "500ms, type: Classic")
    static let nativeLatency = latency.replacing("500ms", with: "300ms, type: Native")

    static let grouped = """
        service: checkout
        objective: 99%
        window: {rolling: 30d}
        identity: {pod: pod}
        groupBy: [region, service]
        indicator:
          ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
        alerting: {lowTraffic: "Off"}
        """

    static let queried = """
        service: checkout
        objective: 99%
        window: {rolling: 30d}
        groupBy: [region]
        indicator:
          ratio: {good: 'sum by (region) (rate(ok_total[$window]))', total: 'sum by (region) (rate(all_total[$window]))'}
        """

    static let gauge = """
        service: checkout
        objective: 99%
        window: {rolling: 30d}
        indicator: {gauge: {metric: 'probe_success{job="blackbox"}'}}
        """

    static let slices = """
        service: cockpit
        objective: 95%
        window: {rolling: 30d}
        groupBy: [page]
        indicator: {slices: {query: 'web_vitals_lcp_seconds_p75', comparison: AtMost, threshold: "2.5", length: 5m}}
        alerting: {shadow: true}
        """

    static let calendar = checkout.replacing("{rolling: 30d}", with: "{calendar: {unit: Month, timeZone: Europe/Oslo}}")

    static let composite = """
        service: shop
        description: People can shop.
        objective: 99.5%
        window: {rolling: 30d}
        indicator:
          composite:
            method: Worst
            members: [{name: checkout}, {name: front.end}, {name: search, namespace: ai}]
        """

    static let groupedComposite = composite.replacing("window:", with: "groupBy: [region]\nwindow:")

    static func rules(
        _ yaml: String, name: String = "checkout-availability", settings: RuleSettings = RuleSettings(), now: Instant = .epoch
    ) throws -> GeneratedRules {
        try RuleGenerator.generate(instance: "main", key: ObjectKey(namespace: "shop", name: name), spec: spec(yaml), settings: settings, now: now)
    }
}
