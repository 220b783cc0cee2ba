package import Values

/// What a service promises, how it is measured, and who is told when its error budget burns.
package struct SLOSpec: Fielded, Hashable {
    /// The service the promise is about.
    package var service = ""
    package var description = ""
    /// The share of good events promised, such as 99.9 %.
    package var objective = Percentage(percent: ExactDecimal(99))
    package var window = SLOWindow()
    package var indicator = SLOIndicator()
    package var identity = SLOIdentity()
    /// Labels by which the budget is split; empty is one budget.
    package var groupBy: [String] = []
    package var alerting = SLOAlerting()
    package var exclusions: [SLOExclusion] = []
    package var policy: [SLOPolicyStep] = []
    /// The Prometheus of the daemon's configuration.
    package var source = "default"
    /// Namespaces whose objects may refer to this one.
    package var sharedWith: [String] = []

    package init() {}

    /// The share of events that may fail: 0.001 for an objective of 99.9 %.
    package var errorBudget: ExactDecimal { ExactDecimal(1) - objective.fraction }

    package static let fields: [Field<SLOSpec>] = [
        .required(
            "service", \.service, "The service that the objective is about; a label of its alerts.",
            .text(min: 1, max: 63, .labelValue, example: "checkout")),
        .optional(
            "description", \.description, "What is promised, in a sentence that helps whoever is paged.",
            .text(max: 1024, example: "Requests to checkout succeed.")),
        .required(
            "objective", \.objective, "The share of events that must be good, above 0% and below 100%, such as 99.9%.",
            .percentage(.properPercentage, max: 12, example: "99.9%")),
        .required("window", \.window, "The time over which the error budget is counted; exactly one of its fields.", .object()),
        .required("indicator", \.indicator, "What is counted as good and bad; exactly one of its fields.", .object()),
        .optional("identity", \.identity, "Labels of the series that name where they come from.", .object()),
        .optional(
            "groupBy", \.groupBy, "Labels by which the budget is split: one budget for each combination of their values, of which there may be 1000.",
            .set(of: .groupLabel, max: 8)),
        .defaulted("alerting", \.alerting, "When alerts fire, and what they say.", .object()),
        .optional(
            "exclusions", \.exclusions, "Recurring times that count neither for the budget nor for alerts, such as maintenance.",
            .named(SLOExclusion.self, \.name, max: 16)),
        .optional(
            "policy", \.policy, "What happens as the budget shrinks.", .named(SLOPolicyStep.self, \.name, max: 16)),
        .defaulted(
            "source", \.source, "The Prometheus, by its name in the daemon's configuration.", .text(min: 1, max: 63, .dnsLabel, example: "default")),
        .optional(
            "sharedWith", \.sharedWith, "Namespaces whose objects may refer to this one, such as a composite that has it for a member.",
            .set(of: .text(min: 1, max: 63, .dnsLabel, example: "shop"), max: 64)),
    ]

    package static let rules: [FieldRule<SLOSpec>] = [tiersCanFire, tiersFitWindow]
}
