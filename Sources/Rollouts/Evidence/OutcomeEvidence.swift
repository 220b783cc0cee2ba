/// The evidence on one outcome of a gate: bad events of one kind.
package struct OutcomeEvidence: Sendable, Hashable {
    package internal(set) var badness = BadnessProcess()
    package internal(set) var safety = SafetyProcess()
    package internal(set) var dispersion = DispersionFold()
    /// Of both arms, as long as the canary has requests.
    package internal(set) var totals = ComparedCounts()
    /// By pod of the canary.
    package internal(set) var canaryPods: [String: ArmCounts] = [:]
    /// How many ticks had requests of the canary.
    package internal(set) var canaryTicks = 0
    var pending: PendingTicks?

    /// With so many pods the worst of them so far is left out: one bad node shall not look like a bad version.
    package static let leastPodsToTrim = 3

    /// - Parameter dispersion: what is known of it before the rollout.
    package init(dispersion: DispersionFold = DispersionFold()) { self.dispersion = dispersion }

    /// - Parameters:
    ///   - cells: a tick that is over, by pod.
    ///   - outcome: the number of this one in the cells.
    package mutating func observe(_ cells: [String: PodTick], outcome: Int, settings: EvidenceSettings) {
        // Everything that decides how these ticks are read is known before them: else their product would be no supermartingale.
        var pending = pending ?? PendingTicks(worstPod: worstPod, dispersion: dispersion.dispersion)
        var counts = ComparedCounts()
        var stable: [String: ArmCounts] = [:]
        for (pod, cell) in cells.sorted(by: { $0.key < $1.key }) {
            let one = ArmCounts(requests: cell.requests, bad: cell.bad[outcome])
            switch cell.arm {
            case .stable:
                counts.stable += one
                stable[pod] = one
            case .canary:
                counts.canary += one
                canaryPods[pod, default: ArmCounts()] += one
                if pod == pending.worstPod { pending.left += one }
            }
        }
        dispersion.add(tick: stable)
        pending.counts += counts
        pending.ticks += 1
        if counts.canary.requests > 0 {
            totals += counts
            canaryTicks += 1
        }
        guard pending.isOver else {
            self.pending = pending
            return
        }
        self.pending = nil
        var trimmed = pending.counts
        trimmed.canary = trimmed.canary - pending.left
        badness.observe(trimmed, settings.bad, dispersion: pending.dispersion, logCap: settings.logTickCap)
        safety.observe(pending.counts, settings.safe, dispersion: pending.dispersion)
    }

    /// Whether the canary is proved to be within its safe bound, and nothing points to its being worse than tolerated. Where traffic is great the safe
    /// bound is proved in seconds, while a slight regression within it takes longer to see; so long as there are signs of one the canary is not safe.
    package func isSafe(_ risk: Risk) -> Bool {
        safety.logValue >= -ElementaryFunctions.ln(risk.falseSafe) && !hasSigns
    }

    /// More evidence of badness than before the first request.
    var hasSigns: Bool { badness.value > 1 }

    /// The canary's pod with the most bad events beyond its share, so far; nil where there are too few pods, or no bad event.
    private var worstPod: String? {
        guard canaryPods.count >= Self.leastPodsToTrim else { return nil }
        let rate = totals.canary.rate
        var worst: (name: String, excess: Double)?
        for (name, counts) in canaryPods.sorted(by: { $0.key < $1.key }) {
            let excess = counts.bad - rate * counts.requests
            if excess > worst?.excess ?? 0 { worst = (name, excess) }
        }
        return worst?.name
    }
}

/// Ticks taken together, for a tick in which the canary had a request or two shows too great a share of traffic, and one without shows none. When they end
/// depends on requests alone, never on bad events.
struct PendingTicks: Sendable, Hashable {
    /// Known before them.
    var worstPod: String?
    var dispersion: Double
    var counts = ComparedCounts()
    /// Of the worst pod.
    var left = ArmCounts()
    var ticks = 0

    private static let enoughRequests = 5.0
    /// Not so long that the base rate would change much.
    private static let mostTicks = 4

    init(worstPod: String?, dispersion: Double) {
        self.worstPod = worstPod
        self.dispersion = dispersion
    }

    var isOver: Bool { counts.canary.requests - left.requests >= Self.enoughRequests || ticks >= Self.mostTicks }
}
