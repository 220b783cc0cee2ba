package import KubeModel
package import Values

/// What the daemon found, in round figures. It may be lost without harm: it is written anew.
package struct SLOStatus: Fielded, Hashable {
    /// The generation of the spec that this is about.
    package var observedGeneration: Int64 = 0
    package var conditions: [Condition] = []
    /// Over what the budget is counted: `30d`, or `month`.
    package var window = ""
    package var errorBudget: SLOErrorBudget?
    package var burnRates: [SLOBurnRate] = []
    /// When the budget will be gone at the present pace, or when it went.
    package var exhaustedAt: Instant?
    /// Between when and when that will be, as far as chance leaves it open.
    package var forecast: SLOForecast?
    /// What the budget gains on the days when bad ones leave the window.
    package var regains: [SLORegain] = []
    package var alerts: [SLOAlertState] = []
    /// The share of the window that was measured, such as 97.2%; empty while unknown.
    package var coverage = ""
    /// The ten worst groups, the worst first.
    package var groups: [SLOGroup] = []
    /// Whether rollouts are held back for want of budget.
    package var frozen = false
    /// The share of the window that was measured while a step of the policy holds; empty when none does. With much less of it measured none lets go.
    package var heldCoverage = ""
    /// Who is told of which step of the policy, by both names.
    package var notifications: [SLONotification] = []
    /// When the figures were read from Prometheus.
    package var lastSampled: Instant?

    package init() {}

    /// Reads what an earlier run wrote; what makes no sense is left out.
    package init(lenient json: JSON) {
        self.init()
        var ignored: [Problem] = []
        for field in Self.fields {
            guard let value = json[field.name], !value.isNull else { continue }
            _ = field.read(value, .root, &self, &ignored)
        }
    }

    package static let maximumGroups = 10
    package static let maximumRegains = 3
    /// Steps of a policy times notifiers of a configuration.
    package static let maximumNotifications = 256

    package static let fields: [Field<SLOStatus>] = [
        .optional("observedGeneration", \.observedGeneration, "The generation of the spec that this is about.", .generation),
        .optional(
            "conditions", \.conditions, "Ready, Reconciling, Stalled, and what is particular to SLOs.",
            .named(Condition.self, by: "type", \.type, max: 16)),
        .optional("window", \.window, "Over what the budget is counted, such as 30d or month.", .figure),
        .optional("errorBudget", \.errorBudget, "The error budget of the window.", .object()),
        .optional(
            "burnRates", \.burnRates, "How fast the budget burns, over several windows.", .named(SLOBurnRate.self, by: "window", \.window, max: 16)),
        .optional("exhaustedAt", \.exhaustedAt, "When the budget will be gone at the present pace, or when it went.", .instant),
        .optional("forecast", \.forecast, "Between when and when the budget will be gone, as far as chance leaves it open.", .object()),
        .optional(
            "regains", \.regains, "The greatest gains that the budget has to come, when bad days leave the window.",
            .list(of: .object(), max: maximumRegains)),
        .optional("alerts", \.alerts, "The state of each tier's alert in Prometheus.", .named(SLOAlertState.self, by: "tier", \.tier, max: 8)),
        .optional("coverage", \.coverage, "The share of the window that was measured.", .figure),
        .optional("groups", \.groups, "The ten worst groups, the worst first.", .list(of: .object(), max: maximumGroups)),
        .optional("frozen", \.frozen, "Whether rollouts are held back for want of budget.", .boolean),
        .optional("heldCoverage", \.heldCoverage, "The share of the window that was measured while a step of the policy holds.", .figure),
        .optional(
            "notifications", \.notifications, "Who has been told, or is about to be, that a step of the policy holds.",
            .list(of: .object(), max: maximumNotifications)),
        .optional("lastSampled", \.lastSampled, "When the figures were read from Prometheus.", .instant),
    ]
}

package struct SLOErrorBudget: Fielded, Hashable {
    /// Such as 72%; below zero once it is overspent.
    package var remaining = ""
    package var consumed = ""

    package init() {}
    package init(remaining: String, consumed: String) {
        self.remaining = remaining
        self.consumed = consumed
    }

    package static let fields: [Field<SLOErrorBudget>] = [
        .optional("remaining", \.remaining, "The share that is left, below zero once it is overspent.", .figure),
        .optional("consumed", \.consumed, "The share that is spent.", .figure),
    ]
}

package struct SLOForecast: Fielded, Hashable {
    package var earliest: Instant?
    /// Nil where the budget may last.
    package var latest: Instant?

    package init() {}
    package init(earliest: Instant?, latest: Instant?) {
        self.earliest = earliest
        self.latest = latest
    }

    package static let fields: [Field<SLOForecast>] = [
        .optional("earliest", \.earliest, "When it may be gone at the earliest.", .instant),
        .optional("latest", \.latest, "When it will be gone at the latest; left out where it may last.", .instant),
    ]
}

package struct SLORegain: Fielded, Hashable {
    /// Days of UTC.
    package var from = ""
    package var on = ""
    /// Such as 12%.
    package var budget = ""

    package init() {}
    package init(from: String, on: String, budget: String) {
        self.from = from
        self.on = on
        self.budget = budget
    }

    package static let fields: [Field<SLORegain>] = [
        .required("from", \.from, "The bad day, of UTC, such as 2026-10-03.", .figure),
        .required("on", \.on, "The day in whose course it leaves the window.", .figure),
        .required("budget", \.budget, "The share of the whole budget that comes back with it.", .figure),
    ]
}

package struct SLOBurnRate: Fielded, Hashable {
    package var window = ""
    /// Such as 14x.
    package var rate = ""

    package init() {}
    package init(window: String, rate: String) {
        self.window = window
        self.rate = rate
    }

    package static let fields: [Field<SLOBurnRate>] = [
        .required("window", \.window, "Over how long.", .figure),
        .required("rate", \.rate, "How many times faster than evenly over the SLO's window.", .figure),
    ]
}

package enum AlertState: String, Sendable, CaseIterable {
    case inactive
    case pending
    case firing
    case unknown
}

package struct SLOAlertState: Fielded, Hashable {
    package var tier = ""
    package var state = AlertState.unknown

    package init() {}
    package init(tier: String, state: AlertState) {
        self.tier = tier
        self.state = state
    }

    package static let fields: [Field<SLOAlertState>] = [
        .required("tier", \.tier, "The tier's name.", .figure),
        .required("state", \.state, "As Prometheus says; unknown where it says nothing.", .word()),
    ]
}

package struct SLOGroup: Fielded, Hashable {
    package var labels: [String: String] = [:]
    package var remaining = ""
    package var burnRate = ""

    package init() {}
    package init(labels: [String: String], remaining: String, burnRate: String) {
        self.labels = labels
        self.remaining = remaining
        self.burnRate = burnRate
    }

    package static let fields: [Field<SLOGroup>] = [
        .optional("labels", \.labels, "The labels of groupBy and their values.", .observedLabels),
        .optional("remaining", \.remaining, "The share of the group's budget that is left.", .figure),
        .optional("burnRate", \.burnRate, "How fast the group's budget burns over the last hour.", .figure),
    ]
}

extension FieldType where Value == String {
    /// A short text for people, or a name.
    fileprivate static var figure: FieldType { .text(max: 63, example: "72%") }
}

extension FieldType where Value == [String: String] {
    /// Labels as they came out of Prometheus, so that no value is refused but for its length.
    fileprivate static var observedLabels: FieldType {
        .map(of: .text(max: 2048, example: "eu"), max: 8, keyMax: 63, key: nil)
    }
}
