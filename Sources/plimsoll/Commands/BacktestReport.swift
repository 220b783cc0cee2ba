import KubeModel
import PlimsollAPI
import ServiceLevels
import Values

/// What a backtest found, for people and for programs.
struct BacktestReport {
    let key: ObjectKey
    let spec: SLOSpec
    let replay: BacktestReplay.Result

    /// Of what was measured.
    private var weeks: Double { replay.end.since(replay.start).seconds / 604_800 * replay.measured }

    /// Pages of a group that overlap are one: of two tiers that fire together Alertmanager sends the faster.
    private var pages: Int {
        var ends: [[String: String]: Instant] = [:]
        var count = 0
        for alert in replay.alerts where alert.severity == .page {
            if ends[alert.labels].map({ alert.start > $0 }) ?? true { count += 1 }
            ends[alert.labels] = max(ends[alert.labels] ?? alert.end, alert.end)
        }
        return count
    }

    private var pagesPerWeek: String { weeks > 0 ? Self.rounded(Double(pages) / weeks, 2) : "no" }

    private func length(_ alert: Backtest.Alert) -> String {
        alert.end >= replay.end ? "firing still" : "for \(alert.end.since(alert.start) + replay.interval)"
    }

    private static func rounded(_ value: Double, _ digits: Int) -> String { ExactDecimal(value)?.rounded(digits: digits).description ?? "\(value)" }
    private static func percent(_ share: Double) -> String { "\(rounded(share * 100, 1))%" }

    private func name(_ labels: [String: String]) -> String {
        labels.isEmpty ? "" : " {" + labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",") + "}"
    }

    var text: String {
        var lines = ["SLO \(key): \(spec.objective) of \(spec.service), \(replay.start.secondsText) to \(replay.end.secondsText)"]
        if replay.measured == 0 { return lines[0] + "\n  nothing was measured: no series matches, or none did then\n" }
        for alert in replay.alerts {
            lines.append(
                "  \(alert.start.secondsText)  \(alert.severity.rawValue)  \(alert.tier), \(length(alert))\(name(alert.labels))")
        }
        lines.append(
            "  \(Count.of(replay.alerts.count, "alert")), \(pagesPerWeek) pages a week; \(Self.percent(replay.measured)) of the time was measured")
        for (trace, budget) in zip(replay.traces, replay.budgets) {
            guard let last = budget.last, let least = budget.min(by: { $0.remaining < $1.remaining }) else { continue }
            lines.append(
                "  budget\(name(trace.labels)): \(Self.percent(last.remaining)) left in the end, \(Self.percent(least.remaining)) at the least, on "
                    + least.at.secondsText)
        }
        if let supported = Backtest.supported(replay.traces) { lines.append("  this past supports an objective of \(supported)") }
        return lines.joined(separator: "\n") + "\n"
    }

    var json: JSON {
        [
            "namespace": .string(key.namespace), "name": .string(key.name), "objective": .string(spec.objective.text),
            "from": .string(replay.start.secondsText), "to": .string(replay.end.secondsText),
            "alerts": .array(
                replay.alerts.map { alert in
                    [
                        "tier": .string(alert.tier), "severity": .string(alert.severity.rawValue), "labels": Self.object(alert.labels),
                        "start": .string(alert.start.secondsText), "end": .string(alert.end.secondsText),
                    ]
                }),
            "pagesPerWeek": .string(pagesPerWeek), "measured": .string(Self.percent(replay.measured)),
            "supportedObjective": Backtest.supported(replay.traces).map { .string($0.text) } ?? .null,
            "budgets": .array(
                zip(replay.traces, replay.budgets).map { trace, budget in
                    [
                        "labels": Self.object(trace.labels),
                        "points": .array(budget.map { ["at": .string($0.at.secondsText), "remaining": .string(Self.percent($0.remaining))] }),
                    ]
                }),
        ]
    }

    private static func object(_ labels: [String: String]) -> JSON {
        .object(JSONObject(labels.sorted { $0.key < $1.key }.map { (key: $0.key, value: .string($0.value)) }))
    }
}
