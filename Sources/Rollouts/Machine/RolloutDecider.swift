package import Values

/// All the thinking about a release: pure and total.
package enum RolloutDecider {
    package struct Decision: Sendable, Hashable {
        /// To be stored first, where it differs from the prior one. If that fails, nothing is done.
        package var state: RolloutState
        /// To be done then, in this order. They follow from the state and the observation alone, so that who is killed in between does the same again.
        package var actions: [RolloutAction]
        package var events: [RolloutEvent]
        /// When to look again, though nothing happens.
        package var requeueAfter: PromDuration?
    }

    package static func decide(_ plan: RolloutPlan, prior: RolloutState, observation: RolloutObservation, now: Instant) -> Decision {
        var course = RolloutCourse(plan: plan, state: prior, observation: observation, now: now)
        course.advance()
        return Decision(
            state: course.state, actions: actions(plan, course.state, observation), events: course.events, requeueAfter: course.requeueAfter)
    }

    /// What stands between the state and the world.
    private static func actions(_ plan: RolloutPlan, _ state: RolloutState, _ world: RolloutObservation) -> [RolloutAction] {
        var actions: [RolloutAction] = []
        for template in world.quarantined.sorted() where template != world.template && !state.rejected.contains(template) {
            actions.append(.liftQuarantine(template))
        }
        switch state.phase {
        case .idle, .failed: break
        case .waiting:
            if plan.isGuarded, world.weight > 0 { actions.append(.shift(toWeight: 0)) }
        case .progressing:
            guard plan.isGuarded, plan.steps.indices.contains(state.step) else { break }
            let weight = state.promotedBy.isEmpty ? plan.steps[state.step].weight : 100
            if world.weight < weight { actions.append(.shift(toWeight: weight)) }
        case .holding:
            // As far as it has come, and no further.
            if plan.isGuarded, plan.steps.indices.contains(state.step), world.weight < plan.steps[state.step].weight {
                actions.append(.shift(toWeight: world.weight))
            }
        case .promoted:
            if plan.isGuarded, world.weight < 100 { actions.append(.shift(toWeight: 100)) }
        case .rollingBack, .rolledBack:
            guard let rollback = state.rollback, world.template == rollback.from else { break }
            if rollback.patchedAt == nil, world.rollbackMark != state.run, world.rollbackMark != state.lastRun {
                actions.append(.rollBack(from: rollback.from, to: rollback.to, run: state.run))
            } else if !world.quarantined.contains(rollback.from) {
                // It was rolled back, and somebody put it there again. To do so once more would be a fight, unless it is kept out first.
                actions.append(.quarantine(rollback.from))
            } else if rollback.restoredAt == nil, world.rollbackMark != state.lastRun {
                actions.append(.rollBack(from: rollback.from, to: rollback.to, run: state.lastRun))
            }
        }
        return actions
    }
}
