import KubeModel
import PlimsollAPI
import PrometheusModel
package import Values

/// The only expressions that touch raw series: events of one evaluation interval, in total and failed.
struct EventExpressions {
    let identity: SeriesIdentity
    let indicator: IndicatorEvents
    let groupBy: [String]
    let targetLabels: [String]
    let settings: RuleSettings

    /// What slices are judged by; recorded before events. NaN is no value.
    var value: String? {
        guard case .slices(let slices) = indicator else { return nil }
        return "\(slices.comparison == .atMost ? "max" : "min") by (\(by)) (\n\(slices.query)\n) >= -Inf"
    }

    /// Events in total.
    var total: String {
        switch indicator {
        case .counters(let selectors): counted(selectors.total, lived: selectors.total)
        case .latency(let histogram): latency(histogram).total
        case .queries(let queries): queried(queries.total)
        case .gauge(let gauge): scrapes("(\(samples("count", gauge)) and \(samples("sum", gauge)) >= 0)")
        case .slices(let slices): share(slices, "clamp_max(\(overSlice("count", slices)), 1)")
        case .worst(let members): worst(members).total
        }
    }

    /// Failed events. Reads the recorded total, so it belongs behind it in the same group.
    var errors: String {
        switch indicator {
        case .counters(let selectors):
            switch selectors.outcome {
            case .errors(let selector): orNone(counted(selector, lived: selectors.total))
            case .good(let selector): allBut(counted(selector, lived: selectors.total))
            }
        case .latency(let histogram): latency(histogram).errors
        case .queries(let queries):
            switch queries.outcome {
            case .errors(let text): orNone(queried(text))
            case .good(let text): allBut(queried(text))
            }
        case .gauge(let gauge): scrapes("clamp_min(\(samples("count", gauge)) - (\(samples("sum", gauge)) >= 0), 0)")
        case .slices(let slices):
            share(slices, "(\(overSlice("avg", slices)) \(slices.comparison == .atMost ? ">" : "<") bool \(slices.threshold))")
        case .worst(let members): orNone(worst(members).errors)
        }
    }

    private func worst(_ members: [ObjectKey]) -> WorstMember {
        WorstMember(instance: identity.instance, members: members, groupBy: groupBy, settings: settings)
    }

    /// The same for a query over the past, where nothing is recorded to fall back on: what is missing beside a total is zero. Nil for a composite, whose
    /// members have a past.
    var past: BacktestQueries? {
        switch indicator {
        case .counters(let selectors):
            switch selectors.outcome {
            case .errors(let selector): return BacktestQueries(total: total, outcome: counted(selector, lived: selectors.total), isGood: false)
            case .good(let selector): return BacktestQueries(total: total, outcome: counted(selector, lived: selectors.total), isGood: true)
            }
        case .latency: return BacktestQueries(total: total, outcome: errors, isGood: false, missingIsZero: false)
        case .queries(let queries):
            switch queries.outcome {
            case .errors(let text): return BacktestQueries(total: total, outcome: queried(text), isGood: false)
            case .good(let text): return BacktestQueries(total: total, outcome: queried(text), isGood: true)
            }
        case .gauge: return BacktestQueries(total: total, outcome: errors, isGood: false, missingIsZero: false)
        case .slices(let slices):
            let values = "(\n\(value ?? "")\n)[\(RuleSettings.range(slices.length)):\(settings.evaluationInterval)]"
            return BacktestQueries(
                total: share(slices, "clamp_max(count_over_time(\(values)), 1)"),
                outcome: share(slices, "(avg_over_time(\(values)) \(slices.comparison == .atMost ? ">" : "<") bool \(slices.threshold))"),
                isGood: false, missingIsZero: false)
        case .worst: return nil
        }
    }

    private var recordedTotal: String { "sum by (\(by)) (\(identity.selector(SeriesNames.events, .total).description))" }

    /// `or` on equal label sets, and no plain 0: a group without an error series has no errors, and one without a total has no data.
    private func orNone(_ events: String) -> String { "\(events)\nor\n0 * \(recordedTotal)" }

    private func allBut(_ good: String) -> String { "clamp_min(\(recordedTotal) - (\(orNone(good))), 0)" }

    /// A person's PromQL, which gives events a second.
    private func queried(_ text: String) -> String {
        "\(number(settings.evaluationInterval)) * sum by (\(by)) ((\n\(PromQLText.filled(text, window: settings.baseWindow))\n) >= 0)"
    }

    /// Each scrape within the base window, spread over it as `rate` spreads an increase.
    private func scrapes(_ events: String) -> String {
        "\(number(settings.evaluationInterval)) / \(number(settings.baseWindow)) * sum by (\(by)) (\(events))"
    }

    private func samples(_ function: String, _ gauge: VectorSelector) -> String {
        "\(function)_over_time(\(gauge)[\(RuleSettings.range(settings.baseWindow))])"
    }

    /// The slice that ends now, as far as this evaluation stands for it.
    private func share(_ slices: SlicesIndicator, _ events: String) -> String {
        "\(number(settings.evaluationInterval)) / \(number(slices.length)) * \(events)"
    }

    private func overSlice(_ function: String, _ slices: SlicesIndicator) -> String {
        "\(function)_over_time(\(identity.selector(SeriesNames.value))[\(RuleSettings.range(slices.length))])"
    }

    /// Events of one evaluation interval from a counter.
    private func counted(_ selector: VectorSelector, lived: VectorSelector) -> String {
        "\(number(settings.evaluationInterval)) * sum by (\(by)) (\(increase.counter(selector, lived: lived)))"
    }

    private var increase: Increase { Increase(settings: settings, targetLabels: targetLabels) }

    private func latency(_ histogram: LatencyHistogram) -> LatencyEvents { LatencyEvents(histogram: histogram, increase: increase, by: by) }

    private var by: String { groupBy.joined(separator: ", ") }

    /// Seconds, as a PromQL number.
    private func number(_ duration: PromDuration) -> String { PromQL.seconds(duration) }
}

/// What an indicator's events are counted from.
enum IndicatorEvents {
    case counters(IndicatorSelectors)
    case latency(LatencyHistogram)
    case queries(IndicatorQueries)
    case gauge(VectorSelector)
    case slices(SlicesIndicator)
    /// The worst of other SLOs.
    case worst([ObjectKey])

    /// `nil` for an indicator that validation refuses. Members of a composite are to have their namespaces.
    init?(_ indicator: SLOIndicator) {
        if let ratio = indicator.ratio, ratio.isPromQL {
            guard let queries = IndicatorQueries(ratio) else { return nil }
            self = .queries(queries)
        } else if let selectors = IndicatorSelectors(indicator) {
            self = .counters(selectors)
        } else if let histogram = indicator.latency.flatMap(LatencyHistogram.init) {
            self = .latency(histogram)
        } else if let gauge = indicator.gauge?.selector {
            self = .gauge(gauge)
        } else if let slices = indicator.slices {
            self = .slices(slices)
        } else if let composite = indicator.composite {
            self = .worst(composite.members.map { $0.key(in: "") })
        } else {
            return nil
        }
    }

    /// What must give series, for people.
    var source: String {
        switch self {
        case .counters(let selectors): selectors.total.description
        case .latency(let histogram): histogram.source
        case .queries(let queries): queries.total
        case .gauge(let gauge): gauge.description
        case .slices(let slices): slices.query
        case .worst(let members): "the events of \(members.map(\.description).joined(separator: ", "))"
        }
    }
}

/// A person's own PromQL for events a second.
struct IndicatorQueries {
    enum Outcome {
        case errors(String)
        case good(String)
    }

    let total: String
    let outcome: Outcome

    init?(_ ratio: RatioIndicator) {
        total = ratio.total
        if let errors = ratio.errors {
            outcome = .errors(errors)
        } else if let good = ratio.good {
            outcome = .good(good)
        } else {
            return nil
        }
    }
}

/// The counters of an indicator.
struct IndicatorSelectors {
    enum Outcome {
        case errors(VectorSelector)
        case good(VectorSelector)
    }

    let total: VectorSelector
    let outcome: Outcome

    /// `nil` for an indicator that validation refuses.
    init?(_ indicator: SLOIndicator) {
        if let ratio = indicator.ratio, let total = ratio.totalSelector {
            self.total = total
            if let errors = ratio.errorsSelector {
                outcome = .errors(errors)
            } else if let good = ratio.goodSelector {
                outcome = .good(good)
            } else {
                return nil
            }
        } else {
            return nil
        }
    }
}

/// Everything that keeps an SLO's rules from being written.
package struct RuleProblems: Error, Sendable, Hashable, CustomStringConvertible {
    package let problems: [Problem]

    package init(_ problems: [Problem]) {
        self.problems = problems
    }

    package var description: String { problems.summary() }
}
