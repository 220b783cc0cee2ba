package import Values

/// When alerts fire, and what they say.
package struct SLOAlerting: Fielded, Hashable {
    /// Empty means the defaults for the window: `SLOSpec.effectiveTiers`.
    package var tiers: [AlertTier] = []
    package var page = AlertRouting()
    package var ticket = AlertRouting()
    package var lowTraffic = LowTraffic.guarded
    /// Tiers are recorded and alert nobody.
    package var shadow = false

    package init() {}

    package static let maximumTiers = 8

    package static let fields: [Field<SLOAlerting>] = [
        .optional(
            "tiers", \.tiers,
            "How fast the budget must burn, over how long, to alert. Without it four tiers that suit the window: for 30d 1h/5m at 14.4x and 6h/30m at "
                + "6x page, 1d/2h at 3x and 3d/6h at 1x make a ticket.",
            .named(AlertTier.self, \.name, max: maximumTiers)),
        .optional("page", \.page, "What alerts that page bear besides.", .object()),
        .optional("ticket", \.ticket, "What alerts that make a ticket bear besides.", .object()),
        .defaulted(
            "lowTraffic", \.lowTraffic,
            "Guarded holds an alert back until the errors can't be chance, so that one failure among few events pages nobody; Off doesn't. Slices "
                + "of time are never guarded.", .word()),
        .optional(
            "shadow", \.shadow,
            "Record when alerts would fire, as plimsoll:shadow_alerts, and fire none: to see what an objective would have paged for.", .boolean),
    ]
}

package enum LowTraffic: String, Sendable, CaseIterable {
    case guarded = "Guarded"
    case off = "Off"
}

package enum AlertSeverity: String, Sendable, CaseIterable {
    case page
    case ticket
}

/// What the alerts of one severity bear besides what is always there.
package struct AlertRouting: Fielded, Hashable {
    package var labels: [String: String] = [:]
    package var annotations: [String: String] = [:]

    package init() {}
    package init(labels: [String: String] = [:], annotations: [String: String] = [:]) {
        self.labels = labels
        self.annotations = annotations
    }

    package static let fields: [Field<AlertRouting>] = [
        .optional("labels", \.labels, "Labels for Alertmanager's routes.", .alertLabels(max: 16, valueMax: 256)),
        .optional("annotations", \.annotations, "Texts for whoever is told, such as runbook_url.", .alertAnnotations(max: 16, valueMax: 1024)),
    ]
}
