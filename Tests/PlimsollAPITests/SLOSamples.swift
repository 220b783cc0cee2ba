import KubeModel
import PlimsollAPI
import Values

/// The objects of the specification, and changes of them.
enum SLOSamples {
    /// Everything that is supported.
    static let whole = """
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata: {name: checkout-availability, namespace: shop, generation: 3}
        spec:
          service: checkout
          description: Requests to checkout succeed.
          objective: 99.9%
          window: {rolling: 30d}
          indicator:
            ratio: {errors: 'http_requests_total{job="checkout",code=~"5.."}', total: 'http_requests_total{job="checkout"}'}
          identity: {pod: pod}
          groupBy: [region]
          alerting:
            tiers:
              - {name: fast, severity: page, long: 1h, short: 5m, burnRate: 14.4x}
              - {name: slow, severity: ticket, long: 3d, short: 6h, burnRate: 1x}
            page: {labels: {team: shop}, annotations: {runbook_url: "https://runbooks.example.com/checkout"}}
            ticket: {labels: {team: shop}}
            lowTraffic: Guarded
            shadow: false
          exclusions: []
          source: default
        """

    static let minimal = """
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata: {name: latency, namespace: shop}
        spec:
          service: checkout
          objective: 99%
          window: {rolling: 28d}
          indicator:
            latency: {histogram: 'http_request_duration_seconds{job="checkout"}', threshold: 500ms}
        """

    static func json(_ yaml: String) throws -> JSON {
        try YAML.parse(yaml).first?.json ?? .null
    }

    /// The whole sample's spec with the value at a path replaced, or removed by nil.
    static func spec(_ path: FieldPath, _ value: JSON?) throws -> JSON {
        func set(_ json: JSON, _ path: ArraySlice<FieldPath.Element>) -> JSON {
            guard let first = path.first else { return value ?? .null }
            let rest = path.dropFirst()
            switch first {
            case .key(let key):
                var json = json
                json[key] = rest.isEmpty ? value : set(json[key] ?? [:], rest)
                return json
            case .index(let index):
                var elements = json.arrayValue ?? []
                if elements.indices.contains(index) { elements[index] = set(elements[index], rest) }
                return .array(elements)
            }
        }
        return set(try json(whole)["spec"] ?? [:], path.elements[...])
    }

    static func problems(_ spec: JSON) -> [String] {
        SLO(json: ["metadata": ["name": "a"], "spec": spec]).problems.map(\.description)
    }
}
