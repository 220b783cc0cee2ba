package import Values

/// What happens as the budget shrinks.
package enum SLOPolicyAction: String, Sendable, CaseIterable {
    case notify = "Notify"
    case freezeRollouts = "FreezeRollouts"
}

/// One step of an SLO's policy: what holds while less than a share of the budget is left.
package struct SLOPolicyStep: Fielded, Hashable {
    package var name = ""
    /// Holds while less is left; at 0 % once nothing is.
    package var remainingBelow = Percentage(percent: .zero)
    package var actions: [SLOPolicyAction] = []
    /// Of the daemon's configuration; empty: all that are open to the namespace.
    package var notifiers: [String] = []

    package init() {}
    package init(name: String, remainingBelow: Percentage, actions: [SLOPolicyAction], notifiers: [String] = []) {
        self.name = name
        self.remainingBelow = remainingBelow
        self.actions = actions
        self.notifiers = notifiers
    }

    package static let fields: [Field<SLOPolicyStep>] = [
        .required("name", \.name, "The step's name.", .text(min: 1, max: 63, .dnsLabel, example: "freeze")),
        .required(
            "remainingBelow", \.remainingBelow, "The share of the budget under which it holds, from 0% (nothing is left) to 100%.",
            .percentage(.share, max: 12, example: "25%")),
        .required(
            "actions", \.actions,
            "FreezeRollouts: the gate, and all that asks it, refuses what is not urgent. Notify: people are told when the step begins and ends to hold.",
            .list(of: .word(SLOPolicyAction.self), max: 8).checked { actions, path in
                actions.isEmpty ? [Problem(path, "must not be empty; give FreezeRollouts, Notify or both")] : []
            }),
        .optional(
            "notifiers", \.notifiers, "Who is told, by the names of the daemon's configuration; without it all that are open to the namespace.",
            .set(of: .text(min: 1, max: 63, .dnsLabel, example: "oncall"), max: maximumNotifiers)),
    ]

    package static let rules: [FieldRule<SLOPolicyStep>] = [
        FieldRule(
            ["notifiers", "actions"], cel: "!has(self.notifiers) || self.notifiers.size() == 0 || 'Notify' in self.actions",
            "belongs to the action Notify; add it to actions, or remove notifiers"
        ) { $0.notifiers.isEmpty || $0.actions.contains(.notify) }
    ]

    /// As many as a configuration may have.
    package static let maximumNotifiers = 16
}
