package import Values

/// How far somebody has been told that a step of the policy holds.
package enum NotificationState: String, Sendable, CaseIterable {
    /// To be told, and perhaps told already: noted before the first attempt, so that none is forgotten.
    case sending = "Sending"
    /// Told.
    case firing = "Firing"
    /// The step no longer holds, and that is to be told.
    case resolving = "Resolving"

    /// Whether the step holds, as far as is known.
    package var isFiring: Bool { self != .resolving }
}

/// What one notifier knows, or is to know, of one step of the policy.
package struct SLONotification: Fielded, Hashable {
    package var policy = ""
    package var notifier = ""
    package var state = NotificationState.sending
    /// When the step began to hold.
    package var since = Instant.epoch
    /// What the peer calls the matter, such as the key of an issue; empty where it has no name.
    package var reference = ""

    package init() {}
    package init(policy: String, notifier: String, state: NotificationState, since: Instant, reference: String = "") {
        self.policy = policy
        self.notifier = notifier
        self.state = state
        self.since = since
        self.reference = reference
    }

    package static let fields: [Field<SLONotification>] = [
        .required("policy", \.policy, "The step of the policy.", .text(min: 1, max: 63, example: "freeze")),
        .required("notifier", \.notifier, "Who is told, by the name in the daemon's configuration.", .text(min: 1, max: 63, example: "oncall")),
        .required(
            "state", \.state, "Sending: about to be told that the step holds. Firing: told. Resolving: about to be told that it no longer does.",
            .word()),
        .required("since", \.since, "When the step began to hold.", .instant),
        .optional("reference", \.reference, "What the peer calls it, such as the key of an issue.", .text(max: 255, example: "OPS-123")),
    ]
}
