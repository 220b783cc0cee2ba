/// How a release is undone, as the spec asks for it.
package enum RollbackMethod: String, Sendable, Hashable, CaseIterable {
    case auto = "Auto"
    case undo = "Undo"
    case pauseAndStarve = "PauseAndStarve"
}

/// How a release is undone, as it is done.
package struct RollbackChoice: Sendable, Hashable {
    package enum Way: String, Sendable, Hashable, CaseIterable {
        /// The template is patched back.
        case undo = "Undo"
        /// The Deployment is paused and its bad ReplicaSet scaled to 0, so that the good one takes over: touches nothing that Git says.
        case pauseAndStarve = "PauseAndStarve"
    }

    /// How the bad template is kept from coming back.
    package enum Quarantine: Sendable, Hashable {
        /// An annotation on the workload, which its owner heeds.
        case annotate(key: String, value: String)
        /// Left paused: what is applied again rolls nothing.
        case stayPaused
        /// When it comes back, the good ReplicaSet is still active: the bad one is starved.
        case starveOnReturn
        /// A StatefulSet's partition is kept above its pods: what is applied again rolls nothing.
        case holdPartition
        /// Nothing but to patch it back once more, and then to tell people.
        case restoreOnce
    }

    package var way: Way
    package var quarantine: Quarantine
    /// What a person should know: why it is not what was asked for.
    package var warnings: [String]

    package init(way: Way, quarantine: Quarantine, warnings: [String] = []) {
        self.way = way
        self.quarantine = quarantine
        self.warnings = warnings
    }
}

extension RollbackChoice {
    /// What the choice depends on.
    package struct Situation: Sendable, Hashable {
        package var ownership: Ownership
        package var facts: OwnerFacts
        package var object: OwnedObject
        /// The good version's ReplicaSet still has pods, so that starving the bad one brings it back to full strength.
        package var stableIsActive: Bool

        package init(ownership: Ownership, facts: OwnerFacts = OwnerFacts(), object: OwnedObject, stableIsActive: Bool) {
            self.ownership = ownership
            self.facts = facts
            self.object = object
            self.stableIsActive = stableIsActive
        }

        var isDeployment: Bool { object.kind == "Deployment" }
        var habit: OwnerHabit { ownership.owner.habit(facts, object) }

        /// Why pausing and starving would not do; nil where it would.
        var obstacleToStarving: String? {
            if !isDeployment { return "a \(object.kind) can't be paused" }
            // What its source says about `paused` it says again, and the bad version rolls on.
            if habit != .leaves, object.isOwned(.paused) { return "spec.paused is written by others, who would take the pause away" }
            if !stableIsActive { return "no pod of the good version is left, and a lone ReplicaSet is scaled up again" }
            return nil
        }
    }

    package static func choose(_ method: RollbackMethod, _ situation: Situation) -> RollbackChoice {
        var warnings: [String] = []
        let habit = situation.habit
        let obstacle = situation.obstacleToStarving
        switch method {
        case .pauseAndStarve:
            guard let obstacle else { return RollbackChoice(way: .pauseAndStarve, quarantine: .stayPaused) }
            warnings.append("pause and starve was asked for, but \(obstacle): the template is patched back instead")
        case .auto where habit != .leaves && obstacle == nil: return RollbackChoice(way: .pauseAndStarve, quarantine: .stayPaused)
        case .undo where habit == .putsBack && obstacle == nil:
            warnings.append("\(situation.ownership.owner) puts back what it finds changed; pause and starve would not be undone by it")
        case .auto, .undo: break
        }
        return RollbackChoice(way: .undo, quarantine: quarantine(situation), warnings: warnings)
    }

    private static func quarantine(_ situation: Situation) -> Quarantine {
        if case .fluxKustomization = situation.ownership.owner, situation.habit == .putsBack {
            return .annotate(key: WorkloadOwner.fluxAnnotation, value: WorkloadOwner.fluxDisabled)
        }
        // What comes back finds the good version at full strength, whoever applied it.
        if situation.isDeployment { return situation.object.isOwned(.paused) ? .restoreOnce : .starveOnReturn }
        return situation.object.isOwned(.partition) ? .restoreOnce : .holdPartition
    }
}
