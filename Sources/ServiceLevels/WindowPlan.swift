import PlimsollAPI
import Values

/// What an SLO's rules must count, and by which tiers they alert.
struct WindowPlan {
    /// Highest burn rate first; an alert's rank is its place.
    let tiers: [AlertTier]
    /// Windows of which events are counted, shortest first: the tiers', and the hour that people are shown.
    let windows: [PromDuration]
    /// Default tiers that were left out, and why.
    let notes: [String]

    init(_ spec: SLOSpec) {
        let effective = spec.effectiveTiers
        notes = effective.notes
        tiers = effective.tiers.enumerated()
            .sorted { ($1.element.burnRate, $0.offset) < ($0.element.burnRate, $1.offset) }
            .map(\.element)
        windows = Set(tiers.flatMap { [$0.long, $0.short] } + [.hours(1)]).sorted()
    }
}
