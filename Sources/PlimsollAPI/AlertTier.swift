package import Values

/// A pair of windows and the burn rate that both must exceed to fire.
package struct AlertTier: Fielded, Hashable {
    package var name = ""
    package var severity = AlertSeverity.page
    /// Long enough that what it sees matters.
    package var long = PromDuration.hours(1)
    /// Short enough that the alert ends soon after the trouble.
    package var short = PromDuration.minutes(5)
    /// How many times faster than evenly over the window the budget burns.
    package var burnRate = Factor(ExactDecimal(1))

    package init() {}
    package init(name: String, severity: AlertSeverity, long: PromDuration, short: PromDuration, burnRate: Factor) {
        self.name = name
        self.severity = severity
        self.long = long
        self.short = short
        self.burnRate = burnRate
    }

    private static let windows = PromDuration.minutes(1)...PromDuration.days(400)

    package static let fields: [Field<AlertTier>] = [
        .required("name", \.name, "The tier's name, a label of its alert.", .text(min: 1, max: 32, .dnsLabel, example: "fast")),
        .required("severity", \.severity, "page wakes somebody, ticket waits for the morning.", .word()),
        .required("long", \.long, "The long window, at most the SLO's own.", .duration(windows, example: "1h")),
        .required("short", \.short, "The short window, shorter than the long one.", .duration(windows, example: "5m")),
        .required(
            "burnRate", \.burnRate, "How many times faster than evenly over the SLO's window the budget must burn, such as 14.4x.",
            .factor(.positiveFactor, max: 12, example: "14.4x")),
    ]

    package static let rules: [FieldRule<AlertTier>] = [
        FieldRule(
            ["short", "long"], cel: "\(CEL.milliseconds("self.short")) < \(CEL.milliseconds("self.long"))", "must be shorter than long",
            holds: { $0.short < $0.long })
    ]

    /// Whether the tier fires when every event fails.
    package func canFire(errorBudget: ExactDecimal) -> Bool { burnRate.value * errorBudget < ExactDecimal(1) }
}
