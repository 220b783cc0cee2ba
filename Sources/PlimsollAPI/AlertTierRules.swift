import Values

extension SLOSpec {
    /// No tier asks for more than a total outage burns.
    static let tiersCanFire = FieldRule<SLOSpec>(
        ["objective", "alerting"],
        // Doubles serve: objective and factor together have at most nine digits after the point, so a product below 100 is below by 1e-9 or more,
        // and their error is below 1e-10.
        cel: "!has(self.alerting) || !has(self.alerting.tiers) || self.alerting.tiers.all(t, "
            + "double(t.burnRate.replace('x', '')) * (100.0 - double(self.objective.replace('%', ''))) < 100.0 - 1e-10)",
        message: "a tier of alerting.tiers can never fire: even if every event failed, the budget would burn more slowly than its burnRate"
    ) { spec, path in
        spec.alerting.tiers.enumerated().compactMap { index, tier -> Problem? in
            if tier.canFire(errorBudget: spec.errorBudget) { return nil }
            let greatest = greatestBurnRate(errorBudget: spec.errorBudget)
            return Problem(
                path.appending("alerting").appending("tiers").appending(index).appending("burnRate"),
                "can never fire at an objective of \(spec.objective), where the budget burns more slowly even if every event fails; "
                    + "at most \(greatest) would do",
                got: .string(tier.burnRate.text))
        }
    }

    /// No tier looks back further than the SLO's window.
    static let tiersFitWindow = FieldRule<SLOSpec>(
        ["window", "alerting"],
        cel: "!has(self.alerting) || !has(self.alerting.tiers) || !has(self.window.rolling) || self.alerting.tiers.all(t, "
            + "\(CEL.milliseconds("t.long")) <= \(CEL.milliseconds("self.window.rolling")))",
        message: "the long window of a tier of alerting.tiers must not exceed window.rolling"
    ) { spec, path in
        guard let length = spec.window.length else { return [] }
        return spec.alerting.tiers.enumerated().compactMap { index, tier -> Problem? in
            if tier.long <= length { return nil }
            return Problem(
                path.appending("alerting").appending("tiers").appending(index).appending("long"),
                "must not exceed the SLO's own window, \(length)", got: .string(tier.long.description))
        }
    }

    /// The greatest factor, to a thousandth, that a total outage exceeds.
    static func greatestBurnRate(errorBudget: ExactDecimal) -> Factor {
        let thousandth = ExactDecimal(1).divided(by: ExactDecimal(1000), digits: 3) ?? .zero
        var factor = ExactDecimal(1).divided(by: errorBudget, digits: 3) ?? .zero
        if factor * errorBudget >= ExactDecimal(1) { factor = factor - thousandth }
        return Factor(factor)
    }
}
