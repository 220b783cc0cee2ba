import PlimsollAPI
import PrometheusModel
package import Values

/// Grafana dashboards over what the rules record, as JSON that Grafana imports or its sidecar loads. Pure: equal input gives equal bytes.
package enum Dashboard {
    /// All SLOs of an instance: the worst first.
    package static func fleet(instance: String) -> JSON {
        let queries = DashboardQueries(instance: instance, service: nil)
        return document(
            uid: "plimsoll-fleet-\(Digest.hex(Array(instance.utf8)))", title: "Plimsoll: error budgets (\(instance))",
            panels: [
                Panel(
                    "Budgets", .table, width: 24, height: 12, unit: "percentunit",
                    [(queries.remaining, "remaining"), (queries.burnRate(SeriesNames.windowPrefix + "1h"), "burn 1h")]),
                Panel(
                    "Burning fastest", .lines, width: 12, height: 9, unit: "none",
                    [("topk(10, \(queries.burnRate(SeriesNames.windowPrefix + "1h")))", queries.legend)]),
                Panel(
                    "Least budget left", .lines, width: 12, height: 9, unit: "percentunit", [("bottomk(10, \(queries.remaining))", queries.legend)]),
                Panel("Firing alerts", .lines, width: 12, height: 8, unit: "none", [(queries.firing, queries.legend)]),
                Panel("Measured share of the window", .lines, width: 12, height: 8, unit: "percentunit", [(queries.coverage, queries.legend)]),
            ])
    }

    /// The SLOs of one service.
    package static func service(_ service: String, instance: String) -> JSON {
        let queries = DashboardQueries(instance: instance, service: service)
        return document(
            uid: "plimsoll-\(Digest.hex(Array("\(instance)/\(service)".utf8)))", title: "Plimsoll: \(service)",
            panels: [
                Panel("Budget left", .stat, width: 8, height: 6, unit: "percentunit", [(queries.remaining, queries.legend)]),
                Panel("Objective", .stat, width: 8, height: 6, unit: "percentunit", [(queries.objective, queries.legend)]),
                Panel(
                    "Burn rate, 1h", .stat, width: 8, height: 6, unit: "none", [(queries.burnRate(SeriesNames.windowPrefix + "1h"), queries.legend)]),
                Panel("Budget left over time", .lines, width: 24, height: 9, unit: "percentunit", [(queries.remaining, queries.legend)]),
                Panel(
                    "Burn rate", .lines, width: 12, height: 9, unit: "none",
                    [
                        (queries.burnRate(SeriesNames.slowEvents), "{{plimsoll_namespace}}/{{plimsoll_slo}} 5m"),
                        (queries.burnRate(SeriesNames.windowPrefix + "1h"), "{{plimsoll_namespace}}/{{plimsoll_slo}} 1h"),
                    ]),
                Panel("Share of errors, 1h", .lines, width: 12, height: 9, unit: "percentunit", [(queries.errorRatio("1h"), queries.legend)]),
                Panel(
                    "Events a second", .lines, width: 12, height: 8, unit: "short",
                    [
                        (queries.events(.total), "{{plimsoll_namespace}}/{{plimsoll_slo}} all"),
                        (queries.events(.errors), "{{plimsoll_namespace}}/{{plimsoll_slo}} bad"),
                    ]),
                Panel("Firing alerts", .lines, width: 12, height: 8, unit: "none", [(queries.firing, queries.legend)]),
            ])
    }

    private enum Kind: String {
        case lines = "timeseries"
        case stat
        case table
    }

    private struct Panel {
        var title: String
        var kind: Kind
        var width: Int
        var height: Int
        var unit: String
        var queries: [(expr: String, legend: String)]

        init(_ title: String, _ kind: Kind, width: Int, height: Int, unit: String, _ queries: [(String, String)]) {
            (self.title, self.kind, self.width, self.height, self.unit) = (title, kind, width, height, unit)
            self.queries = queries.map { (expr: $0.0, legend: $0.1) }
        }
    }

    private static let source: JSON = ["type": "prometheus", "uid": "${datasource}"]

    private static func document(uid: String, title: String, panels: [Panel]) -> JSON {
        var (x, y, row) = (0, 0, 0)
        let placed = panels.enumerated().map { index, panel in
            if x + panel.width > 24 { (x, y, row) = (0, y + row, 0) }
            defer { (x, row) = (x + panel.width, max(row, panel.height)) }
            return json(panel, id: index + 1, x: x, y: y)
        }
        return [
            "uid": .string(String(uid.prefix(40))), "title": .string(title), "tags": ["plimsoll"], "schemaVersion": 39, "editable": true,
            "time": ["from": "now-24h", "to": "now"], "refresh": "1m",
            "templating": ["list": [["name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"]]],
            "panels": .array(placed),
        ]
    }

    private static func json(_ panel: Panel, id: Int, x: Int, y: Int) -> JSON {
        let targets = panel.queries.enumerated().map { index, query -> JSON in
            [
                "refId": .string(String(UnicodeScalar(UInt8(ascii: "A") + UInt8(index)))), "expr": .string(query.expr),
                "legendFormat": .string(query.legend), "datasource": source, "instant": .bool(panel.kind != .lines),
                "range": .bool(panel.kind == .lines), "format": panel.kind == .table ? "table" : "time_series",
            ]
        }
        var json: JSON = [
            "id": .int(Int64(id)), "title": .string(panel.title), "type": .string(panel.kind.rawValue), "datasource": source,
            "gridPos": ["h": .int(Int64(panel.height)), "w": .int(Int64(panel.width)), "x": .int(Int64(x)), "y": .int(Int64(y))],
            "fieldConfig": ["defaults": ["unit": .string(panel.unit)], "overrides": []], "targets": .array(targets),
        ]
        if panel.kind == .table {
            json["transformations"] = [["id": "merge", "options": [:]], ["id": "organize", "options": ["excludeByName": ["Time": true]]]]
        }
        return json
    }
}

/// The queries of the dashboards: an SLO's series joined with what its info series says of it.
private struct DashboardQueries {
    let instance: String
    let service: String?

    /// All labels by which the series of a panel differ, an SLO's groups among them.
    let legend = "__auto"

    private static let identity = "\(LabelNames.instance), \(LabelNames.namespace), \(LabelNames.slo)"

    private var ours: String { LabelMatcher(LabelNames.instance, .equal, instance).description }

    /// Only the service's SLOs. A federating server may have a series twice, hence `max`.
    private func chosen(_ expression: String) -> String {
        guard let service else { return expression }
        let info = "plimsoll_slo_info{\(ours),\(LabelMatcher("service", .equal, service))}"
        return "(\(expression)) * on (\(Self.identity)) group_left () max by (\(Self.identity)) (\(info))"
    }

    private func series(_ name: String, _ kind: SeriesNames.Events? = nil) -> String {
        let kind = kind.map { "," + LabelMatcher(LabelNames.events, .equal, $0.rawValue).description } ?? ""
        return "last_over_time(\(name){\(ours)\(kind)}[11m])"
    }

    private func ratio(_ name: String) -> String {
        "\(series(name, .errors)) / ignoring (\(LabelNames.events)) (\(series(name, .total)) > 0)"
    }

    private func perBudget(_ ratio: String) -> String {
        "(\(ratio)) / on (\(Self.identity)) group_left () max by (\(Self.identity)) (\(SeriesNames.errorBudget){\(ours)})"
    }

    var remaining: String { chosen("1 - (\(perBudget(ratio(SeriesNames.periodEvents))))") }
    func burnRate(_ name: String) -> String { chosen(perBudget(ratio(name))) }
    func errorRatio(_ window: String) -> String { chosen(ratio(SeriesNames.windowPrefix + window)) }
    var objective: String { chosen("\(SeriesNames.objective){\(ours)}") }
    var coverage: String { chosen(series(SeriesNames.periodCoverage)) }

    func events(_ kind: SeriesNames.Events) -> String {
        chosen("\(series(SeriesNames.slowEvents, kind)) / \(PromQL.seconds(RuleSettings.slowInterval))")
    }

    /// How many alerts of each SLO fire; none is 0.
    var firing: String {
        let alerts = "count by (\(Self.identity)) (ALERTS{alertname=\"\(SeriesNames.alert)\",alertstate=\"firing\",\(ours)})"
        return chosen("\(alerts) or 0 * max by (\(Self.identity)) (\(SeriesNames.objective){\(ours)})")
    }
}
