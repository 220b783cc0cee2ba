package import PlimsollAPI
package import PrometheusModel
package import Values

/// Raw counters of a target's pods: what a gate that weighs counts asks a Prometheus for.
package struct CounterQuestion: Sendable, Hashable {
    package struct Part: Sendable, Hashable {
        package var role: CounterRole
        package var selector: VectorSelector
    }

    /// The Prometheus, by its name in the daemon's configuration.
    package var source: String
    /// The label that names the pod.
    package var pod: String
    package var parts: [Part]

    /// With a range, so that samples carry the times of their scrapes.
    package func promql(_ part: Part, range: PromDuration) -> String { "\(part.selector)[\(range)]" }

    /// The samples in an answer.
    package func samples(_ series: [MatrixSeries], of part: Part) -> [CounterSample] {
        series.flatMap { one -> [CounterSample] in
            guard let name = one.metric[pod], !name.isEmpty else { return [] }
            let labels = one.metric.filter { $0.key != pod }.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
            return one.points.compactMap { point in
                Instant(secondsSinceEpoch: point.timestamp).map {
                    CounterSample(pod: name, series: labels, role: part.role, at: $0, value: point.value)
                }
            }
        }
    }
}

/// A gate that weighs the counts of the new version against the stable one's.
package struct EvidenceGate: Sendable, Hashable {
    /// Why there is no such gate now.
    package struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    package var name: String
    package var question: CounterQuestion
    /// Nil: the analysis's own.
    package var tolerance: Double?
    /// An excess that can be stood while a step lasts; with an SLO what burns its budget 14.4 times too fast.
    package var acceptable: Double
    package var negligible: Double

    private static let fastBurn = 14.4
    /// Without an objective: as one of 99.9 % would have it.
    private static let commonBudget = 0.001

    /// - Parameters:
    ///   - slo: the one that it names; nil where it names none, or there is none of that name.
    ///   - workload: whose pods are meant.
    /// - Returns: nil for a gate of another kind.
    package init?(_ gate: RolloutGate, slo: SLO?, workload: String) throws(Fault) {
        let podMatcher = { (label: String) in LabelMatcher(label, .matches, "\(Self.escaped(workload))-.*") }
        if let reference = gate.slo {
            guard let slo else { throw Fault(description: "there is no SLO \(reference.name) in this namespace") }
            guard let spec = slo.spec else { throw Fault(description: "the SLO \(reference.name) is invalid") }
            guard !spec.identity.pod.isEmpty else {
                throw Fault(description: "the SLO \(reference.name) doesn't say which label names the pod: give identity.pod")
            }
            let matcher = podMatcher(spec.identity.pod)
            let parts = try Self.parts(spec.indicator, reference.name).map { part in
                CounterQuestion.Part(role: part.role, selector: part.selector.adding(matcher))
            }
            question = CounterQuestion(source: spec.source, pod: spec.identity.pod, parts: parts)
            let budget = spec.errorBudget.doubleValue
            acceptable = min(0.5, budget * Self.fastBurn)
            negligible = budget / 20
        } else if let compare = gate.compare {
            let matcher = podMatcher(compare.pod)
            let parts: [CounterQuestion.Part]
            if let errors = compare.errorsSelector, let total = compare.totalSelector {
                parts = [.init(role: .total, selector: total), .init(role: .bad(0), selector: errors)]
            } else if let histogram = compare.histogramSelector, let threshold = compare.slowerThan {
                parts = Self.latency(histogram, threshold)
            } else {
                throw Fault(description: "the gate \(gate.name) has neither errors with total nor histogram with slowerThan")
            }
            question = CounterQuestion(
                source: compare.source, pod: compare.pod,
                parts: parts.map { CounterQuestion.Part(role: $0.role, selector: $0.selector.adding(matcher)) })
            tolerance = compare.tolerance?.value.doubleValue
            acceptable = Self.commonBudget * Self.fastBurn
            negligible = Self.commonBudget / 20
        } else {
            return nil
        }
        name = gate.name
    }

    private static func parts(_ indicator: SLOIndicator, _ name: String) throws(Fault) -> [CounterQuestion.Part] {
        if let ratio = indicator.ratio, !ratio.isPromQL, let total = ratio.totalSelector {
            if let errors = ratio.errorsSelector { return [.init(role: .total, selector: total), .init(role: .bad(0), selector: errors)] }
            if let good = ratio.goodSelector { return [.init(role: .total, selector: total), .init(role: .good(0), selector: good)] }
        }
        if let latency = indicator.latency, latency.type != .native, let histogram = latency.selector {
            return Self.latency(histogram, latency.threshold)
        }
        throw Fault(
            description:
                "the SLO \(name) counts no events of single pods; a release can be compared by an indicator ratio of plain selectors, or latency "
                + "of a classic histogram")
    }

    private static func latency(_ histogram: VectorSelector, _ threshold: PromDuration) -> [CounterQuestion.Part] {
        [
            .init(role: .total, selector: histogram.renamed(histogram.metricName + "_count")),
            .init(
                role: .good(0),
                selector: histogram.renamed(histogram.metricName + "_bucket").adding(LabelMatcher("le", .matches, bound(threshold)))),
        ]
    }

    /// The bound in seconds, however a client writes it: `0.5`, `0.50`, `1`, `1.0`.
    private static func bound(_ threshold: PromDuration) -> String {
        let (seconds, milliseconds) = threshold.milliseconds.quotientAndRemainder(dividingBy: 1000)
        guard milliseconds > 0 else { return "\(seconds)(\\.0+)?" }
        var digits = String(milliseconds)
        digits = String(repeating: "0", count: 3 - digits.count) + digits
        while digits.last == "0" { digits.removeLast() }
        return "\(seconds)\\.\(digits)0*"
    }

    private static func escaped(_ name: String) -> String { name.replacing(".", with: "\\.") }

    package func settings(_ risk: Risk, gates: Int, since: Instant, tick: PromDuration) -> EvidenceSettings {
        var risk = risk
        risk.tolerance = tolerance ?? risk.tolerance
        return EvidenceSettings(risk: risk, gates: gates, since: since, tick: tick, negligible: negligible, acceptable: acceptable)
    }
}

extension Risk {
    package init(_ risk: RolloutRisk) {
        self.init(falseAlarm: risk.falseAlarm.fraction.doubleValue, tolerance: risk.tolerance.value.doubleValue)
    }
}
