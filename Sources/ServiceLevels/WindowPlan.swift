import PlimsollAPI
import Values

/// What an SLO's rules must count, and by which tiers they alert.
struct WindowPlan {
    /// Pages before tickets, of each the highest burn rate first; an alert's rank is its place. What inhibits goes by it, and a ticket must never
    /// silence a page.
    let tiers: [AlertTier]
    /// Windows of which events are counted, shortest first: the tiers', and the hour that people are shown.
    let windows: [PromDuration]
    /// Default tiers that were left out, and why.
    let notes: [String]

    init(_ spec: SLOSpec) {
        let effective = spec.effectiveTiers
        notes = effective.notes
        func urgency(_ tier: AlertTier) -> Int { tier.severity == .page ? 0 : 1 }
        tiers = effective.tiers.enumerated()
            .sorted { a, b in
                (urgency(a.element), b.element.burnRate, a.offset) < (urgency(b.element), a.element.burnRate, b.offset)
            }
            .map(\.element)
        windows = Set(tiers.flatMap { [$0.long, $0.short] } + [.hours(1)]).sorted()
    }
}
