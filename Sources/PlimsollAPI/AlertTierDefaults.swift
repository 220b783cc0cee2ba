package import Values

extension AlertTier {
    /// What the default tiers are made of: the share of the budget that is gone when one fires, and its shape for a window of 30 days.
    private struct Pattern {
        let name: String
        let severity: AlertSeverity
        let percent: Int
        let long: PromDuration
        /// Below this too few samples are seen, however short the SLO's window.
        let least: PromDuration
    }

    /// The pairs of Google's SRE Workbook, chapter 5, and the community's fourth.
    private static let patterns = [
        Pattern(name: "fast", severity: .page, percent: 2, long: .hours(1), least: .minutes(15)),
        Pattern(name: "medium", severity: .page, percent: 5, long: .hours(6), least: .minutes(30)),
        Pattern(name: "slow", severity: .ticket, percent: 10, long: .days(1), least: .hours(1)),
        Pattern(name: "very-slow", severity: .ticket, percent: 10, long: .days(3), least: .hours(2)),
    ]

    /// Long windows that people read easily and that SLOs share.
    private static let ladder: [PromDuration] = [
        .minutes(15), .minutes(30), .hours(1), .hours(2), .hours(3), .hours(6), .hours(12), .days(1), .days(2), .days(3),
    ]

    /// The tiers of an SLO that names none, for its window.
    ///
    /// Each fires when the same share of the budget is gone, whatever the window: `burnRate = share * window / long` (2, 5, 10 and 10 %). From 28 days on
    /// the long windows are those of 30 days (1h, 6h, 1d, 3d) and only the burn rate changes. For shorter ones they shrink in proportion, down to a
    /// rung of a ladder of usual lengths, since the burn rate would else fall below one; and where that would see too few samples (under 15m, 30m,
    /// 1h, 2h) that least length stands with the burn rate of 30 days, and a greater share. The short window is a twelfth, at least 5m. No long
    /// window exceeds the SLO's own.
    package static func defaults(window: PromDuration) -> [AlertTier] {
        patterns.compactMap { pattern in
            let (long, burnRate) = shape(pattern, window: window)
            guard long <= window, let burnRate else { return nil }
            let short = max(PromDuration(milliseconds: long.milliseconds / 12), .minutes(5))
            return AlertTier(name: pattern.name, severity: pattern.severity, long: long, short: short, burnRate: Factor(burnRate))
        }
    }

    private static func shape(_ pattern: Pattern, window: PromDuration) -> (long: PromDuration, burnRate: ExactDecimal?) {
        let month = PromDuration.days(30)
        if window >= .days(28) { return (pattern.long, rate(pattern, long: pattern.long, window: window)) }
        // A tenth more than in proportion is near enough: 6h for 5.6h.
        let most = PromDuration(milliseconds: pattern.long.milliseconds * window.milliseconds / month.milliseconds * 11 / 10)
        if let long = ladder.last(where: { $0 >= pattern.least && $0 <= most }) {
            return (long, rate(pattern, long: long, window: window))
        }
        return (pattern.least, rate(pattern, long: pattern.long, window: month))
    }

    private static func rate(_ pattern: Pattern, long: PromDuration, window: PromDuration) -> ExactDecimal? {
        ExactDecimal(pattern.percent * Int(window.milliseconds)).divided(by: ExactDecimal(100 * Int(long.milliseconds)), digits: 3)
    }
}

extension SLOSpec {
    /// The tiers that count: those given, or the window's defaults.
    ///
    /// Defaults that can't fire at the objective are left out, with a sentence about each.
    package var effectiveTiers: (tiers: [AlertTier], notes: [String]) {
        guard alerting.tiers.isEmpty, let length = window.length else { return (alerting.tiers, []) }
        var notes: [String] = []
        let tiers = AlertTier.defaults(window: length).filter { tier in
            if tier.canFire(errorBudget: errorBudget) { return true }
            let shape = "\(tier.long)/\(tier.short) at \(tier.burnRate)"
            notes.append(
                "The default tier \(tier.name) (\(shape)) is left out: even a total outage burns more slowly at an objective of \(objective).")
            return false
        }
        return (tiers, notes)
    }
}
