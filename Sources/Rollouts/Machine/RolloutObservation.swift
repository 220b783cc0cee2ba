/// What the world shows of a release, as far as the machine thinks about it. Templates are named by their hashes.
package struct RolloutObservation: Sendable, Hashable {
    package enum Budget: Sendable, Hashable {
        case allowed
        case frozen(String)
    }

    /// What a person asked for, by `plimsoll.dev/do`.
    package struct Command: Sendable, Hashable {
        package enum Verb: String, Sendable, Hashable, CaseIterable {
            case promote, abort, retry, pause, resume
        }
        /// Each is obeyed once.
        package var id: String
        package var verb: Verb
        package var author: String

        package init(id: String, verb: Verb, author: String) {
            self.id = id
            self.verb = verb
            self.author = author
        }
    }

    /// The template the target asks for now.
    package var template: String
    /// The share of pods that run it, in percent, 100 once all do.
    package var weight: Int
    /// Whether all of these pods are Ready.
    package var isReady: Bool
    /// The run whose rollback patch the target bears the mark of: that patch has been made, whatever came after.
    package var rollbackMark: String?
    /// Templates that are kept from coming back.
    package var quarantined: Set<String> = []
    /// Why the target can't be rolled back now; nil where it can.
    package var obstacle: String?
    /// By the gate's name; what is missing has not judged yet.
    package var verdicts: [String: GateVerdict] = [:]
    package var budget = Budget.allowed
    package var command: Command?

    package init(template: String, weight: Int = 100, isReady: Bool = true) {
        self.template = template
        self.weight = weight
        self.isReady = isReady
    }
}

/// What the shell shall do. Each is idempotent, and guarded by `test` on what it was decided upon.
package enum RolloutAction: Sendable, Hashable {
    /// Let so many percent of the pods run the candidate, and no more.
    case shift(toWeight: Int)
    /// Patch the target's template from one to the other and set the mark of the run.
    case rollBack(from: String, to: String, run: String)
    /// Keep a template from coming back, by what fits its owner (Argo CD, Flux, admission).
    case quarantine(String)
    /// It was asked to go on to another: let it.
    case liftQuarantine(String)
}

/// For the workload's and the object's events.
package struct RolloutEvent: Sendable, Hashable {
    package var isWarning: Bool
    /// CamelCase.
    package var reason: String
    package var message: String

    package init(isWarning: Bool, reason: String, message: String) {
        self.isWarning = isWarning
        self.reason = reason
        self.message = message
    }
}
