import Serving

/// What the rollouts controller counts itself.
enum RolloutFamilies {
    static let descriptions: [MetricDescription] = [
        .init("plimsoll_rollouts_total", "Releases that ended, by outcome: Promoted, RolledBack, Failed."),
        .init("plimsoll_rollback_patched_seconds", "From the breach to the target's asking for the good version again."),
        .init("plimsoll_rollback_stable_seconds", "From the breach to all pods running the good version, Ready."),
    ]
}
