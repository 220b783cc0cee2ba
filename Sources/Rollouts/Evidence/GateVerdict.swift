package import Values

/// What a gate says of a release.
package enum GateVerdict: Sendable, Hashable {
    /// Worse than tolerated.
    case bad
    /// Proved to be within tolerance.
    case safe
    case notEnoughEvidence(MissingEvidence)
    /// It says nothing that could be judged by it, such as NaN.
    case inconclusive(String)
    /// What it looks at can't be seen now: hold, neither promote nor roll back.
    case blind(String)
}

/// What is missing for a verdict.
package struct MissingEvidence: Sendable, Hashable {
    package enum Reason: Sendable, Hashable {
        /// No sample of these pods of the canary has been seen.
        case notScraped([String])
        case noCanaryRequests
        /// The canary's requests so far are too few.
        case tooFewRequests
        /// At its present rate of bad events no number of requests would prove it safe; nor is it proved bad.
        case tooCloseToCall
        /// It is within its safe bound, and there are signs that it is worse than tolerated: they pass, or become proof.
        case signsOfBadness
        case other(String)
    }

    package var reason: Reason
    /// More requests of the canary that prove it safe if it goes on as now.
    package var canaryRequests: Double?
    /// How long these take at its present traffic.
    package var wait: PromDuration?

    package init(_ reason: Reason, canaryRequests: Double? = nil, wait: PromDuration? = nil) {
        self.reason = reason
        self.canaryRequests = canaryRequests
        self.wait = wait
    }
}

extension MissingEvidence: CustomStringConvertible {
    package var description: String {
        switch reason {
        case .notScraped(let pods):
            let named = pods.prefix(3).joined(separator: ", ")
            return "no sample of the canary's \(pods.count == 1 ? "pod" : "pods") \(named)\(pods.count > 3 ? " and \(pods.count - 3) more" : "")"
        case .noCanaryRequests: return "the canary has had no requests"
        case .tooCloseToCall: return "the canary's rate of bad events is too near the bound to prove it safe, and not proved to be beyond it"
        case .signsOfBadness: return "the canary is within its safe bound, but there are signs that it is worse than the stable version"
        case .other(let text): return text
        case .tooFewRequests:
            guard let canaryRequests else { return "too few requests of the canary" }
            return "about \(Int(min(canaryRequests, 1e12))) more requests of the canary\(wait.map { ", \($0) at its present traffic" } ?? "")"
        }
    }
}
