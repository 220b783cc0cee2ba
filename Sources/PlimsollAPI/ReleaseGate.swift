package import KubeModel
package import Values

/// "May I release?", answered from an SLO's status: the one answer that the gate gives over HTTP and that rollouts, jobs and drills go by.
package struct GateAnswer: Sendable, Hashable {
    /// Why, in a word.
    package enum Reason: String, Sendable, CaseIterable {
        /// Budget is left, as far as the policy asks for it.
        case withinBudget = "WithinBudget"
        /// A step of the policy with FreezeRollouts holds.
        case frozen = "Frozen"
        /// A person lets it through for a time.
        case overridden = "Overridden"
        /// Nothing is known, so that the asker's own word for that counts.
        case unknown = "Unknown"
    }

    package let allowed: Bool
    package let reason: Reason
    /// A sentence for people.
    package let message: String
    /// Such as 72%; empty while unknown.
    package let remaining: String

    package var json: JSON {
        [
            "allowed": .bool(allowed), "reason": .string(reason.rawValue), "message": .string(message),
            "remaining": remaining.isEmpty ? .null : .string(remaining),
        ]
    }
}

/// How not knowing counts.
package enum WhenUnknown: String, Sendable, CaseIterable {
    case allow = "Allow"
    case deny = "Deny"
}

package enum ReleaseGate {
    /// Judges an SLO as it is in the cache. Pure.
    ///
    /// A frozen budget stays frozen when Prometheus falls silent: who does not know whether it has recovered has no reason to think so.
    /// - Parameter doubt: why what is cached may be old, where it may.
    package static func answer(_ slo: SLO, doubt: String? = nil, whenUnknown: WhenUnknown, now: Instant) -> GateAnswer {
        let remaining = slo.status.errorBudget?.remaining ?? ""
        func answer(_ allowed: Bool, _ reason: GateAnswer.Reason, _ message: String) -> GateAnswer {
            GateAnswer(allowed: allowed, reason: reason, message: message, remaining: remaining)
        }
        let override = Override(slo.metadata.annotations)
        if case .until(let end, let why) = override, now < end {
            return answer(true, .overridden, "overridden until \(end.secondsText): \(why)")
        }
        if slo.status.frozen {
            let hint = if case .malformed(let problem) = override { "; its annotation \(Override.annotation) does not count: \(problem)" } else { "" }
            let left = remaining.isEmpty ? "not enough" : remaining
            return answer(false, .frozen, "the error budget is frozen: \(left) of it is left\(loss(slo.status))\(hint)")
        }
        if let doubt = doubt ?? Self.doubt(slo) { return answer(whenUnknown == .allow, .unknown, doubt) }
        return answer(true, .withinBudget, "\(remaining) of the error budget is left")
    }

    /// Why it may be frozen with much of it left.
    private static func loss(_ status: SLOStatus) -> String {
        guard let known = Percentage(status.heldCoverage), let now = Percentage(status.coverage.isEmpty ? "0%" : status.coverage),
            known.percent - now.percent > ExactDecimal(10)
        else { return "" }
        return " by what is known, but of the window \(now.text) is measured, and \(known.text) was while it froze"
    }

    /// Why the status says nothing about the spec as it is now.
    private static func doubt(_ slo: SLO) -> String? {
        if !slo.problems.isEmpty || slo.spec == nil { return "the SLO's spec is invalid" }
        if slo.status.observedGeneration != slo.metadata.generation { return "the daemon has not looked at this version of the SLO yet" }
        guard slo.status.errorBudget != nil, let budget = slo.status.conditions["BudgetHealthy"] else { return "the error budget is not known yet" }
        return budget.status == .unknown ? "the error budget is not known: \(budget.message)" : nil
    }
}

/// `plimsoll.dev/override: <until> <reason>`: lets a fix through a frozen budget for a time.
package enum Override: Sendable, Hashable {
    case none
    case until(Instant, reason: String)
    case malformed(String)

    package static let annotation = "plimsoll.dev/override"

    package init(_ annotations: StringPairs) {
        guard let text = annotations[Self.annotation] else {
            self = .none
            return
        }
        let parts = text.split(maxSplits: 1, whereSeparator: \.isWhitespace)
        guard let end = parts.first.flatMap({ Instant(rfc3339: String($0)) }) else {
            self = .malformed("it begins with no time; write \"2026-01-31T12:00:00Z because ...\"")
            return
        }
        let reason = parts.count == 2 ? parts[1].trimmed : ""
        guard !reason.isEmpty else {
            self = .malformed("it gives no reason; write \"\(end.secondsText) because ...\"")
            return
        }
        self = .until(end, reason: reason)
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
