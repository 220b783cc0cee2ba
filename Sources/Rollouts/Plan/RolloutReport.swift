import KubeModel
package import PlimsollAPI
package import Values

/// What stands in the way of working on an analysis, or of acting for it.
package struct RolloutTrouble: Sendable, Hashable {
    /// CamelCase.
    package var reason: String
    package var message: String
    /// Whether only a change of somebody's can help.
    package var isFinal: Bool

    package init(_ reason: String, _ message: String, isFinal: Bool = false) {
        self.reason = reason
        self.message = message
        self.isFinal = isFinal
    }
}

/// The status of an analysis, written from what is known. Pure.
package struct RolloutReport: Sendable {
    package var state: RolloutState
    package var candidate: RevisionReference?
    package var stable: RevisionReference?
    package var weight: Int?
    package var stepName = ""
    package var gates: [GateOutcome] = []
    package var runs: [String] = []
    /// What keeps it from being worked on at all.
    package var trouble: RolloutTrouble?
    /// What the check beforehand found.
    package var preflight: [RolloutTrouble] = []
    /// Whether there was such a check.
    package var isPreflighted = false

    package init(state: RolloutState) { self.state = state }

    package func status(_ analysis: RolloutAnalysis, now: Instant) -> RolloutAnalysisStatus {
        var status = analysis.status
        let generation = analysis.metadata.generation
        status.observedGeneration = generation
        func set(_ type: String, _ value: ConditionStatus, _ reason: String, _ message: String) {
            status.conditions = status.conditions.setting(
                Condition(
                    type: type, status: value, reason: reason, message: String(message.prefix(4096)), observedGeneration: generation,
                    lastTransitionTime: now))
        }
        if let trouble {
            set(ConditionType.ready, .false, trouble.reason, trouble.message)
            set(ConditionType.stalled, trouble.isFinal ? .true : .false, trouble.reason, trouble.message)
            set(ConditionType.reconciling, .false, trouble.reason, trouble.message)
            return status
        }
        let moves = state.isActive || state.phase == .rollingBack
        let word = state.message.isEmpty ? Self.sentence(state.phase) : state.message
        let hasFailed = state.phase == .failed
        set(ConditionType.ready, hasFailed ? .false : moves ? .unknown : .true, state.phase.rawValue, word)
        set(ConditionType.reconciling, moves ? .true : .false, state.phase.rawValue, word)
        set(ConditionType.stalled, hasFailed ? .true : .false, state.phase.rawValue, word)
        if let first = preflight.first {
            set(ConditionType.preflight, .false, first.reason, preflight.map(\.message).joined(separator: "; "))
        } else if isPreflighted {
            set(ConditionType.preflight, .true, "Passed", "Nothing in the live world speaks against it.")
        }
        status.phase = state.phase.rawValue
        status.message = String(state.message.prefix(1000))
        status.candidate = candidate
        status.stable = stable
        status.step = state.isActive ? stepName : ""
        status.weight = state.isActive ? weight.map { "\($0)%" } ?? "" : ""
        status.gates = gates.isEmpty && !state.isActive ? status.gates : gates.map(\.status)
        status.runs = Array(runs.suffix(RolloutAnalysisStatus.maximumRuns))
        if let rollback = state.rollback {
            var record = RollbackRecord()
            record.reason = String(rollback.reason.prefix(1000))
            (record.from, record.to) = (rollback.from, rollback.to)
            (record.decidedAt, record.patchedAt, record.stableAt) = (rollback.decidedAt, rollback.patchedAt, rollback.stableAt)
            status.lastRollback = record
        }
        return status
    }

    private static func sentence(_ phase: RolloutPhase) -> String {
        switch phase {
        case .idle: "There is no release under way."
        case .waiting: "The release waits to begin."
        case .progressing: "The release is under way."
        case .holding: "The release is held."
        case .promoted: "The last release was proved safe."
        case .rollingBack: "The release is rolled back."
        case .rolledBack: "The last release was rolled back."
        case .failed: "The release failed and could not be rolled back."
        }
    }
}
