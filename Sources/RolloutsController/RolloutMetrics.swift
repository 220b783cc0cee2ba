import CoreMetrics
import Rollouts
import Values

/// How often releases end in which way, and how long rollbacks take.
final class RolloutMetrics: Sendable {
    private let patched = Timer(label: "plimsoll_rollback_patched_seconds")
    private let stable = Timer(label: "plimsoll_rollback_stable_seconds")
    private let ended: [RolloutPhase: Counter]

    init() {
        ended = Dictionary(
            uniqueKeysWithValues: [RolloutPhase.promoted, .rolledBack, .failed].map {
                ($0, Counter(label: "plimsoll_rollouts_total", dimensions: [("outcome", $0.rawValue)]))
            })
        for counter in ended.values { counter.increment(by: 0) }
    }

    func moved(from old: RolloutState, to new: RolloutState) {
        if new.phase != old.phase { ended[new.phase]?.increment() }
        guard let rollback = new.rollback else { return }
        if let at = rollback.patchedAt, old.rollback?.patchedAt == nil { patched.recordMilliseconds(at.since(rollback.decidedAt).milliseconds) }
        if let at = rollback.stableAt, old.rollback?.stableAt == nil { stable.recordMilliseconds(at.since(rollback.decidedAt).milliseconds) }
    }
}
