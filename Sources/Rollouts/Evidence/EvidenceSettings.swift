package import Values

/// What is tolerated, and at what risk.
package struct Risk: Sendable, Hashable {
    /// alpha: the chance that a release within tolerance is ever called bad, over all its gates, as a share.
    package var falseAlarm: Double
    /// 1.2 for 1.2x.
    package var tolerance: Double
    /// beta: the chance that a gate calls a release safe which is worse than its safe bound.
    package var falseSafe: Double

    package init(falseAlarm: Double = 0.01, tolerance: Double = 1.2, falseSafe: Double = 0.05) {
        self.falseAlarm = falseAlarm
        self.tolerance = tolerance
        self.falseSafe = falseSafe
    }
}

/// How one gate's counts are judged. The same settings must be given to every fold of one evidence.
package struct EvidenceSettings: Sendable, Hashable {
    /// Of how many outcomes: one for errors; for latency one for each bound.
    package var outcomes: Int
    /// At least the spacing of scrapes.
    package var tick: PromDuration
    /// Pods that began later count from zero.
    package var since: Instant
    package var warmUp: PromDuration
    /// Two scrapes further apart are no comparison.
    package var maximumGap: PromDuration
    /// Beyond this the canary is bad. The excess keeps a huge service from being rolled back for three errors in a million requests: a twentieth of what an
    /// objective of 99.9 % allows.
    package var bad: ComparedBound
    /// Below this it is safe.
    package var safe: ComparedBound
    /// ln of the most evidence that one tick may give.
    package var logTickCap: Double

    /// - Parameters:
    ///   - gates: how many share the risk.
    ///   - negligible: an excess that nobody minds, as a share of requests.
    ///   - acceptable: an excess that can be stood while a step lasts; with an SLO, 14.4 times what it allows is a common choice.
    package init(
        risk: Risk, gates: Int = 1, outcomes: Int = 1, since: Instant, tick: PromDuration = .seconds(5), warmUp: PromDuration = .zero,
        negligible: Double = 0.00005, acceptable: Double = 0.01
    ) {
        self.outcomes = max(1, outcomes)
        self.tick = tick
        self.since = since
        self.warmUp = warmUp
        maximumGap = tick * 4
        bad = ComparedBound(tolerance: risk.tolerance, excess: negligible)
        safe = ComparedBound(tolerance: risk.tolerance, excess: acceptable)
        // Two ticks at least, and more where the weights of starts and ratios count.
        logTickCap = ElementaryFunctions.ln(Double(max(1, gates)) / risk.falseAlarm) * 2 / 3
    }
}
