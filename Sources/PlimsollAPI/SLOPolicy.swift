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

    package init() {}
    package init(name: String, remainingBelow: Percentage, actions: [SLOPolicyAction]) {
        self.name = name
        self.remainingBelow = remainingBelow
        self.actions = actions
    }

    package static let fields: [Field<SLOPolicyStep>] = [
        .required("name", \.name, "The step's name.", .text(min: 1, max: 63, .dnsLabel, example: "freeze")),
        .required(
            "remainingBelow", \.remainingBelow, "The share of the budget under which it holds, from 0% (nothing is left) to 100%.",
            .percentage(.share, max: 12, example: "25%")),
        .required(
            "actions", \.actions,
            "FreezeRollouts: the gate, and all that asks it, refuses what is not urgent. Notify is not supported by this version.",
            .list(of: .word(SLOPolicyAction.self), max: 8).checked { actions, path in
                if actions.isEmpty { return [Problem(path, "must not be empty; give FreezeRollouts")] }
                guard let index = actions.firstIndex(of: .notify) else { return [] }
                return [
                    Problem(
                        path.appending(index), "is not supported by this version of Plimsoll, which has no notifiers; use FreezeRollouts",
                        got: .string(SLOPolicyAction.notify.rawValue))
                ]
            }),
    ]
}
