import Values

/// One look at the world, and where the machine goes from there.
struct RolloutCourse {
    let plan: RolloutPlan
    private(set) var state: RolloutState
    let observation: RolloutObservation
    let now: Instant
    private(set) var events: [RolloutEvent] = []
    private(set) var requeueAfter: PromDuration?

    init(plan: RolloutPlan, state: RolloutState, observation: RolloutObservation, now: Instant) {
        self.plan = plan
        self.state = state
        self.observation = observation
        self.now = now
    }

    mutating func advance() {
        followTemplate()
        obey()
        switch state.phase {
        case .idle, .promoted: break
        case .waiting: wait()
        case .progressing, .holding: progress()
        case .rollingBack: rollBack()
        case .rolledBack:
            guard observation.template == state.rollback?.from else { break }
            enter(.rollingBack, "\(state.rollback?.from ?? "") was put there again", isWarning: true)
            rollBack()
        case .failed:
            // What stood in the way may have gone, or a person has put the good one back.
            guard let rollback = state.rollback else { break }
            guard observation.template == rollback.to || (observation.obstacle == nil && !isSpent(rollback)) else { break }
            enter(.rollingBack, rollback.reason)
            rollBack()
        }
    }

    private mutating func enter(_ phase: RolloutPhase, _ message: String, isWarning: Bool = false) {
        if state.phase != phase { events.append(RolloutEvent(isWarning: isWarning, reason: phase.rawValue, message: message)) }
        state.phase = phase
        state.message = message
    }

    // MARK: What the target asks for

    private mutating func followTemplate() {
        let template = observation.template
        if state.stable.isEmpty {
            // Nothing was known to be good: what runs in full and Ready when first seen is.
            guard observation.weight == 100, observation.isReady else { return }
            state.stable = template
            return
        }
        if template == state.stable {
            if state.isActive {
                forget()
                enter(.idle, "the target was put back to what it was")
            }
            return
        }
        if state.rollback?.from == template, !state.isActive { return }
        if state.isActive, template == state.candidate { return }
        begin(template)
    }

    private mutating func begin(_ template: String) {
        forget()
        state.rejected = []
        state.rollback = nil
        state.candidate = template
        state.attempt += 1
        state.startedAt = now
        enter(.waiting, "")
    }

    /// Of a run.
    private mutating func forget() {
        state.step = 0
        state.reachedAt = nil
        state.pausedBy = ""
        state.promotedBy = ""
    }

    // MARK: By hand

    private mutating func obey() {
        guard let command = observation.command, command.id != state.handledCommand else { return }
        state.handledCommand = command.id
        switch command.verb {
        case .promote where state.isActive:
            state.promotedBy = command.author
            state.pausedBy = ""
        case .abort where state.isActive: breach("aborted by \(command.author)")
        case .retry where !state.isActive && state.rollback?.from == observation.template: begin(observation.template)
        case .pause where state.isActive: state.pausedBy = command.author
        case .resume where state.isActive: state.pausedBy = ""
        default:
            events.append(
                RolloutEvent(
                    isWarning: true, reason: "CommandIgnored", message: "\(command.verb.rawValue) means nothing in phase \(state.phase.rawValue)"))
        }
    }

    // MARK: Forward

    private mutating func wait() {
        if !state.pausedBy.isEmpty {
            state.message = "paused by \(state.pausedBy)"
        } else if case .frozen(let why) = observation.budget, plan.isGuarded, state.promotedBy.isEmpty {
            state.message = why
        } else {
            enter(.progressing, "")
            progress()
        }
    }

    private mutating func progress() {
        // A person who promotes overrules the gates; that is recorded with the name.
        guard state.promotedBy.isEmpty else {
            enter(.progressing, "promoted by \(state.promotedBy)")
            if observation.weight == 100, observation.isReady { promote() }
            return
        }
        if let bad = breached(.rollback) {
            breach("gate \(bad) called it bad")
            return
        }
        if let reason = reasonToHold {
            enter(.holding, reason, isWarning: true)
            return
        }
        enter(.progressing, "")
        guard plan.steps.indices.contains(state.step) else { return }
        let step = plan.steps[state.step]
        guard observation.weight >= step.weight, observation.isReady else {
            // Pods that were Ready and no longer are begin the step anew.
            state.reachedAt = nil
            state.message = "step \(step.name): \(observation.weight)% of \(step.weight)%, \(observation.isReady ? "Ready" : "not Ready")"
            return
        }
        let reachedAt = state.reachedAt ?? now
        state.reachedAt = reachedAt
        let soaked = now.since(reachedAt)
        if soaked < step.soak {
            requeueAfter = step.soak - soaked
            state.message = "step \(step.name) soaks"
        } else if let unproven {
            state.message = "step \(step.name): \(unproven)"
        } else if state.step + 1 < plan.steps.count {
            state.step += 1
            state.reachedAt = nil
            events.append(RolloutEvent(isWarning: false, reason: "StepPassed", message: "step \(step.name) is proved safe"))
        } else {
            promote()
        }
    }

    private mutating func promote() {
        state.stable = state.candidate
        state.rejected = []
        enter(.promoted, state.promotedBy.isEmpty ? "every gate is Safe" : "promoted by \(state.promotedBy)")
    }

    private func breached(_ response: OnBreach) -> String? {
        plan.gates.first { $0.onBreach == response && observation.verdicts[$0.name] == .bad }?.name
    }

    private var reasonToHold: String? {
        if !state.pausedBy.isEmpty { return "paused by \(state.pausedBy)" }
        if let bad = breached(.hold) { return "gate \(bad) called it bad" }
        for gate in plan.gates where gate.onBreach != .alert {
            switch observation.verdicts[gate.name] {
            case .blind(let why): return "gate \(gate.name) is blind: \(why)"
            case .inconclusive(let why): return "gate \(gate.name) is inconclusive: \(why)"
            case .bad, .safe, .notEnoughEvidence, nil: continue
            }
        }
        return nil
    }

    /// The first gate that has not said Safe; gates that only alert have no say.
    private var unproven: String? {
        guard plan.gates.contains(where: { $0.onBreach != .alert }) else { return "no gate has a say: promote it by hand" }
        for gate in plan.gates where gate.onBreach != .alert {
            switch observation.verdicts[gate.name] {
            case .safe: continue
            case .notEnoughEvidence(let missing): return "gate \(gate.name) needs \(missing)"
            case .bad, .inconclusive, .blind, nil: return "gate \(gate.name) has not judged yet"
            }
        }
        return nil
    }

    // MARK: Back

    private mutating func breach(_ reason: String) {
        state.rollback = RolloutState.Rollback(reason: reason, from: state.candidate, to: state.stable, decidedAt: now)
        state.rejected = [state.candidate]
        state.reachedAt = nil
        enter(.rollingBack, reason, isWarning: true)
        rollBack()
    }

    private mutating func rollBack() {
        guard var rollback = state.rollback else { return }
        let wasMarked = observation.rollbackMark == state.run || observation.rollbackMark == state.lastRun
        let isBack = observation.template == rollback.to
        if isBack || wasMarked { rollback.patchedAt = rollback.patchedAt ?? now }
        if isBack, observation.rollbackMark == state.lastRun { rollback.restoredAt = rollback.restoredAt ?? now }
        state.rollback = rollback
        if isBack {
            guard observation.isReady, observation.weight == 100 else { return }
            state.rollback?.stableAt = now
            enter(.rolledBack, rollback.reason, isWarning: true)
        } else if isSpent(rollback) {
            enter(.failed, "\(rollback.from) came back though it is kept out", isWarning: true)
        } else if let obstacle = observation.obstacle {
            enter(.failed, "can't be rolled back: \(obstacle)", isWarning: true)
        }
    }

    /// Whether the second rollback has been made, too.
    private func isSpent(_ rollback: RolloutState.Rollback) -> Bool {
        rollback.restoredAt != nil || observation.rollbackMark == state.lastRun
    }
}
