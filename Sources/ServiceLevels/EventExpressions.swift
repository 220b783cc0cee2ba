import PlimsollAPI
import PrometheusModel
package import Values

/// The only expressions that touch raw series: events of one evaluation interval, in total and failed.
struct EventExpressions {
    let identity: SeriesIdentity
    let indicator: IndicatorSelectors
    let groupBy: [String]
    let targetLabels: [String]
    let settings: RuleSettings

    /// Events in total.
    var total: String { counted(indicator.total) }

    /// Failed events. Reads the recorded total, so it belongs behind it in the same group.
    var errors: String {
        let total = "sum by (\(by)) (\(identity.selector(SeriesNames.events, .total).description))"
        switch indicator.outcome {
        case .errors(let selector):
            // `or` on equal label sets, and no plain 0: a group without an error series has no errors, and one without a total has no data.
            return "\(counted(selector))\nor\n0 * \(total)"
        case .good(let selector):
            return "clamp_min(\(total) - (\(counted(selector))\nor\n0 * \(total)), 0)"
        case .fastEnough(let selector):
            // Only where the bucket is: a target without it (an older version, in a rollout that adds the bucket) knows of no slow request, and where none
            // has it the threshold is wrong, and no figure is better than a false one.
            return "clamp_min(\(counted(indicator.total, having: selector)) - \(counted(selector)), 0)"
        }
    }

    /// Events of one evaluation interval from a counter.
    ///
    /// `rate` sees only differences, so it loses what a new series was born with (the first error of a target is mostly the birth of its error series),
    /// and it sees an eighth less of what follows a zero. A series that was absent or zero `span` ago therefore counts with its whole value, provided
    /// that its target was there and that another series of the target lived through the span: otherwise the target is new to Prometheus or was
    /// relabelled, and its counters hold the past. `rate` over the base window spreads each increase over the same `span`, the window less one scrape,
    /// so an event counts once however the two take turns.
    /// NaN, and nothing else, fails `>= 0`: it must not get into sums that live for the whole period.
    /// - Parameter bucket: where given, only series beside which there is one of this selector are counted.
    private func counted(_ selector: VectorSelector, having bucket: VectorSelector? = nil) -> String {
        let window = settings.baseWindow
        let span = window - settings.scrapeInterval
        let raw = selector.description
        let lived = indicator.total.description
        return """
            \(number(settings.evaluationInterval)) * sum by (\(by)) ((
                \(raw) / \(number(span)) unless \(raw) offset \(span) != 0
                  and on (\(targetLabels.joined(separator: ", "))) (\(lived) offset \(span) and \(lived))
              or
                rate(\(raw)[\(window)])
            ) >= 0\(bucket.map { "\n  and ignoring (le) \($0)" } ?? ""))
            """
    }

    private var by: String { groupBy.joined(separator: ", ") }

    /// Seconds, as a PromQL number.
    private func number(_ duration: PromDuration) -> String { PromQL.seconds(duration) }
}

/// The counters of an indicator.
struct IndicatorSelectors {
    enum Outcome {
        case errors(VectorSelector)
        case good(VectorSelector)
        /// The histogram's bucket of requests that were fast enough.
        case fastEnough(VectorSelector)
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
        } else if let latency = indicator.latency, let histogram = latency.selector {
            total = histogram.renamed(histogram.metricName + "_count")
            outcome = .fastEnough(histogram.renamed(histogram.metricName + "_bucket").adding(Self.bucket(latency.threshold)))
        } else {
            return nil
        }
    }

    /// A bucket's `le` as clients spell it: whole numbers with and without `.0` (Prometheus 3 always adds it, 2 keeps what the client wrote).
    private static func bucket(_ threshold: PromDuration) -> LabelMatcher {
        let text = PromQL.seconds(threshold)
        return text.contains(".") ? LabelMatcher("le", .equal, text) : LabelMatcher("le", .matches, "\(text)|\(text)\\.0")
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
