package import KubeModel
package import PlimsollAPI
package import PrometheusModel
package import Values

/// The range queries that give a backtest its traces.
package struct BacktestQueries: Sendable, Hashable {
    /// Events of one evaluation interval.
    package let total: String
    /// Those that failed, or those that were good.
    package let outcome: String
    package let isGood: Bool
    /// A counter that nobody has raised yet is not there; other things that are missing were not measured.
    let missingIsZero: Bool

    init(total: String, outcome: String, isGood: Bool, missingIsZero: Bool = true) {
        self.total = total
        self.outcome = outcome
        self.isGood = isGood
        self.missingIsZero = missingIsZero
    }

    /// `nil` for a composite, and for an indicator that validation refuses.
    package init?(_ spec: SLOSpec, settings: RuleSettings) {
        guard let indicator = IndicatorEvents(spec.indicator) else { return nil }
        let identity = SeriesIdentity(instance: "backtest", key: .init(namespace: "backtest", name: "backtest"))
        let targets = ["job", "instance"] + (["", "job", "instance"].contains(spec.identity.pod) ? [] : [spec.identity.pod])
        let expressions = EventExpressions(
            identity: identity, indicator: indicator, groupBy: spec.groupBy, targetLabels: targets, settings: settings)
        guard let past = expressions.past else { return nil }
        self = past
    }

    /// Queries for the last evaluation of each of an SLO's groups, in seconds, for a server that has its rules; nothing comes of them from others.
    package static func turns(instance: String, key: ObjectKey, spec: SLOSpec) -> [RuleSettings.Pace: String] {
        let identity = SeriesIdentity(instance: instance, key: key)
        var records = [RuleSettings.Pace.fast: SeriesNames.events, .slow: SeriesNames.slowEvents]
        records[.medium] = WindowPlan(spec).windows.first { RuleSettings.pace(of: $0) == .medium }.map(SeriesNames.events(over:))
        return records.mapValues { "max(max_over_time(timestamp(\(identity.selector($0, .total)))[1h:1m]))" }
    }

    /// Puts the answers of consecutive stretches of time together, a trace a group.
    /// - Parameters:
    ///   - slots: how many evaluations there are in all, the first at `start`.
    ///   - interval: between two.
    package func traces(
        total: [MatrixSeries], outcome: [MatrixSeries], start: Instant, slots: Int, interval: PromDuration
    ) -> [Backtest.Trace] {
        var traces: [[String: String]: Backtest.Trace] = [:]
        func slot(_ timestamp: Double) -> Int? {
            let slot = Int(exactly: ((timestamp - start.secondsSinceEpoch) / interval.seconds).rounded())
            return slot.flatMap { (0..<slots).contains($0) ? $0 : nil }
        }
        let none = [Double?](repeating: nil, count: slots)
        for series in total {
            var trace = traces[series.metric] ?? Backtest.Trace(labels: series.metric, total: none, errors: none)
            for point in series.points where point.value.isFinite { if let slot = slot(point.timestamp) { trace.total[slot] = point.value } }
            traces[series.metric] = trace
        }
        var outcomes: [[String: String]: [Double?]] = [:]
        for series in outcome {
            var values = outcomes[series.metric] ?? none
            for point in series.points where point.value.isFinite { if let slot = slot(point.timestamp) { values[slot] = point.value } }
            outcomes[series.metric] = values
        }
        for (labels, var trace) in traces {
            for slot in 0..<slots {
                guard let total = trace.total[slot] else { continue }
                guard let value = outcomes[labels]?[slot] ?? (missingIsZero ? 0 : nil) else { continue }
                trace.errors[slot] = isGood ? max(0, total - value) : value
            }
            traces[labels] = trace
        }
        return traces.values.sorted { order($0.labels) < order($1.labels) }
    }

    private func order(_ labels: [String: String]) -> String {
        labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }
}
