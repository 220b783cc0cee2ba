package import Values

/// Whose word counts where Argo Rollouts passes in silence.
package enum ClassicSemantics: Sendable, Hashable {
    /// Argo Rollouts as it is (its `analysis/analysis.go`), to say what it would have done.
    case argo
    /// The same, except that nothing passes for want of a measurement:
    ///
    /// | Argo says Successful where | here |
    /// |---|---|
    /// | there is no condition | refused (`problems`), and Inconclusive |
    /// | only a failure condition, and NaN compares false | Inconclusive, unless it asks `isNaN` |
    /// | an infinity passes a comparison | Inconclusive, unless it asks `isInf` |
    /// | a condition passes without any series | no measurement, unless `noData` says otherwise |
    /// | failureLimit is not below count: no failure could ever count | refused |
    /// | failureLimit is -1, without consecutiveSuccessLimit | refused |
    /// | a metric is ended before its count, also by a sibling's failure | Inconclusive; without a count Successful if all was good |
    /// | a run is ended before anything was measured | Inconclusive |
    /// | all metrics are dry runs | refused, and Inconclusive |
    ///
    /// And errors hold for as long as they last, where Argo ends the metric and aborts: who is blind neither promotes nor aborts.
    case cautious
}

/// How one measurement, one metric or a whole run stands.
package enum ClassicPhase: String, Sendable, Hashable, CaseIterable {
    case pending = "Pending"
    case running = "Running"
    case successful = "Successful"
    case failed = "Failed"
    case error = "Error"
    case inconclusive = "Inconclusive"

    package var isCompleted: Bool { self != .pending && self != .running }

    /// Argo's order of badness.
    private var badness: Int {
        switch self {
        case .successful: 0
        case .running: 1
        case .pending: 2
        case .inconclusive: 3
        case .error: 4
        case .failed: 5
        }
    }

    func isWorse(than other: ClassicPhase) -> Bool { badness > other.badness }
}

/// What an answer without any value means.
package enum NoData: String, Sendable, Hashable, CaseIterable {
    /// It is no measurement: asked again after the interval.
    case wait = "Wait"
    case pass = "Pass"
    case fail = "Fail"
    case inconclusive = "Inconclusive"
    /// The conditions say, as with Argo Rollouts: `result[0]` of nothing is an error.
    case evaluate = "Evaluate"
}

/// A gate by conditions and limits, as Argo Rollouts' metrics have them.
package struct ClassicMetric: Sendable, Hashable {
    package var name: String
    package var success: Expression?
    package var failure: Expression?
    /// Between the end of one measurement and the beginning of the next; needed for more than one.
    package var interval: PromDuration?
    package var initialDelay = PromDuration.zero
    /// How many measurements; nil or 0: one without an interval, else as many as time gives.
    package var count: Int?
    /// More failed measurements than this fail the metric; -1: any number is borne.
    package var failureLimit = 0
    package var inconclusiveLimit = 0
    package var consecutiveErrorLimit = 4
    /// So many successful measurements in a row are enough; 0: that rule is off.
    package var consecutiveSuccessLimit = 0
    /// Measured, and without a say.
    package var isDryRun = false
    package var noData = NoData.wait

    package init(name: String, success: Expression? = nil, failure: Expression? = nil) {
        self.name = name
        self.success = success
        self.failure = failure
    }

    /// Nil where there is no end to it.
    package var effectiveCount: Int? {
        if let count, count > 0 { return count }
        return interval == nil ? 1 : nil
    }

    /// What makes it useless: nothing it could measure would fail it, or pass it.
    package var problems: [Problem] {
        var problems: [Problem] = []
        func add(_ path: FieldPath, _ message: String) { problems.append(Problem(path, message)) }
        if success == nil, failure == nil { add("success", "is missing, and so is failure: the gate could never fail; give one of them") }
        if (count ?? 0) < 0 { add("count", "is below 0") }
        if let count, count > 1, interval == nil { add("interval", "is missing; more than one measurement needs one") }
        if failureLimit < -1 { add("failureLimit", "is below 0; -1 alone means that failures never fail the gate") }
        if failureLimit == -1, consecutiveSuccessLimit <= 0 {
            add("failureLimit", "of -1 means that failures never fail the gate; only with consecutiveSuccessLimit it could ever end other than well")
        }
        for (path, limit) in [
            ("inconclusiveLimit", inconclusiveLimit), ("consecutiveErrorLimit", consecutiveErrorLimit),
            ("consecutiveSuccessLimit", consecutiveSuccessLimit),
        ] as [(FieldPath, Int)] where limit < 0 { add(path, "is below 0") }
        guard let total = effectiveCount else { return problems }
        if failureLimit >= total {
            add("failureLimit", "of \(failureLimit) can't be exceeded by \(total) measurements: the gate could never fail; give at most \(total - 1)")
        }
        if inconclusiveLimit > total { add("inconclusiveLimit", "of \(inconclusiveLimit) is more than the \(total) measurements there are") }
        if max(failureLimit, 0) + consecutiveSuccessLimit > total, consecutiveSuccessLimit > 0 {
            add("consecutiveSuccessLimit", "and failureLimit are together more than the \(total) measurements there are")
        }
        return problems
    }

    /// What an answer amounts to; nil where it is no measurement.
    package func judge(_ value: ExpressionValue, _ semantics: ClassicSemantics) -> (phase: ClassicPhase, message: String)? {
        if value.isEmpty, semantics == .cautious {
            switch noData {
            case .wait: return nil
            case .pass: return (.successful, "no data")
            case .fail: return (.failed, "no data")
            case .inconclusive: return (.inconclusive, "no data")
            case .evaluate: break
            }
        }
        do {
            let successful = try success?.evaluate(value)
            let failed = try failure?.evaluate(value)
            let phase: ClassicPhase =
                switch (successful?.isTrue, failed?.isTrue) {
                case (nil, nil): .successful
                case (let success?, nil): success ? .successful : .failed
                case (nil, let failure?): failure ? .failed : .successful
                case (_?, true?): .failed
                case (let success?, false?): success ? .successful : .inconclusive
                }
            let restsOnNoNumber = (successful?.restsOnNoNumber ?? false) || (failed?.restsOnNoNumber ?? false)
            if semantics == .cautious, phase == .successful {
                if success == nil, failure == nil { return (.inconclusive, "there is no condition") }
                if restsOnNoNumber {
                    return (.inconclusive, "it would pass by NaN or an infinity; ask isNaN or isInf in the condition if that is meant")
                }
            }
            return (phase, "")
        } catch {
            return (.error, error.message)
        }
    }
}
