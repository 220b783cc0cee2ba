import PlimsollAPI
import PrometheusModel
import Values

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
        let total = "sum by (\(by)) (\(identity.selector(SeriesNames.events, .total).text))"
        switch indicator.outcome {
        case .errors(let selector):
            // `or` on equal label sets, and no plain 0: a group without an error series has no errors, and one without a total has no data.
            return "\(counted(selector))\nor\n0 * \(total)"
        case .good(let selector):
            return "clamp_min(\(total) - (\(counted(selector))\nor\n0 * \(total)), 0)"
        case .fastEnough(let selector):
            // Every target that has the count has the bucket: without it the threshold is wrong, and no figure is better than a false one.
            return "clamp_min(\(total) - \(counted(selector)), 0)"
        }
    }

    /// Events of one evaluation interval from a counter.
    ///
    /// `rate` sees only differences, so it loses what a new series was born with: the first error of a target is mostly the birth of its error series.
    /// A series that was not there one base window ago therefore counts with its whole value, provided that its target was there and that another
    /// series of the target lived through the window (otherwise the target is new to Prometheus or was relabelled, and its counters hold the past).
    /// NaN, and nothing else, fails `>= 0`: it must not get into sums that live for the whole period.
    private func counted(_ selector: MetricSelector) -> String {
        let window = settings.baseWindow
        let raw = selector.text
        let lived = indicator.total.text
        return """
            \(number(settings.evaluationInterval)) * sum by (\(by)) ((
                \(raw) / \(number(window)) unless \(raw) offset \(window)
                  and on (\(targetLabels.joined(separator: ", "))) (\(lived) offset \(window) and \(lived))
              or
                rate(\(raw)[\(window)])
            ) >= 0)
            """
    }

    private var by: String { groupBy.joined(separator: ", ") }

    /// Seconds, as a PromQL number.
    private func number(_ duration: PromDuration) -> String { PromQL.seconds(duration) }
}

/// The counters of an indicator, parsed.
struct IndicatorSelectors {
    enum Outcome {
        case errors(MetricSelector)
        case good(MetricSelector)
        /// The histogram's bucket of requests that were fast enough.
        case fastEnough(MetricSelector)
    }

    var total: MetricSelector
    var outcome: Outcome

    /// Reads the indicator of a spec; throws every problem that Prometheus would have with it.
    init(_ indicator: SLOIndicator, at path: FieldPath) throws(RuleProblems) {
        if let ratio = indicator.ratio {
            try self.init(ratio, at: path.appending("ratio"))
        } else if let latency = indicator.latency {
            try self.init(latency, at: path.appending("latency"))
        } else {
            throw RuleProblems([Problem(path, "give one of ratio and latency")])
        }
    }

    private init(_ ratio: RatioIndicator, at path: FieldPath) throws(RuleProblems) {
        var problems: [Problem] = []
        let total = Self.selector(ratio.total, at: path.appending("total"), &problems)
        let errors = ratio.errors.map { Self.selector($0, at: path.appending("errors"), &problems) }
        let good = ratio.good.map { Self.selector($0, at: path.appending("good"), &problems) }
        if (errors == nil) == (good == nil) { problems.append(Problem(path, "give exactly one of errors and good")) }
        guard problems.isEmpty else { throw RuleProblems(problems) }
        self.total = total
        outcome = errors.map { .errors($0) } ?? .good(good ?? total)
    }

    private init(_ latency: LatencyIndicator, at path: FieldPath) throws(RuleProblems) {
        var problems: [Problem] = []
        let histogram = Self.selector(latency.histogram, at: path.appending("histogram"), &problems)
        let metric = histogram.metric ?? ""
        let at = path.appending("histogram")
        if problems.isEmpty, metric.isEmpty {
            problems.append(Problem(at, "name the histogram before the braces, like http_request_duration_seconds{job=\"checkout\"}", got: .string(latency.histogram)))
        }
        if let suffix = ["_bucket", "_count", "_sum"].first(where: metric.hasSuffix) {
            problems.append(Problem(at, "give the histogram's base name, without \(suffix)", got: .string(latency.histogram)))
        }
        if histogram.matchers.contains(where: { $0.label == "le" }) {
            problems.append(Problem(at, "leave out the label le: the threshold decides it", got: .string(latency.histogram)))
        }
        if latency.threshold.milliseconds <= 0 {
            problems.append(Problem(path.appending("threshold"), "expected a duration above 0", got: .string(latency.threshold.description)))
        }
        guard problems.isEmpty else { throw RuleProblems(problems) }
        total = histogram.renamed(metric + "_count")
        outcome = .fastEnough(histogram.renamed(metric + "_bucket").matching(Self.bucket(latency.threshold)))
    }

    /// A bucket's `le` as clients spell it: whole numbers with and without `.0` (Prometheus 3 always adds it, 2 keeps what the client wrote).
    private static func bucket(_ threshold: PromDuration) -> MetricSelector.Matcher {
        let text = PromQL.seconds(threshold)
        guard !text.contains(".") else { return .init("le", .equal, text) }
        return .init("le", .matches, "\(text)|\(text)\\.0")
    }

    private static func selector(_ text: String, at path: FieldPath, _ problems: inout [Problem]) -> MetricSelector {
        do {
            return try MetricSelector(parsing: text)
        } catch {
            problems.append(Problem(path, "\(error)", got: .string(text)))
            return MetricSelector(metric: "")
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
