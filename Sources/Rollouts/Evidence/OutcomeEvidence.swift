/// The evidence on one outcome of a gate: bad events of one kind.
package struct OutcomeEvidence: Sendable, Hashable {
    package internal(set) var badness = BadnessProcess()
    package internal(set) var safety = SafetyProcess()
    package internal(set) var dispersion = DispersionFold()
    /// Of both arms, as long as the canary has requests.
    package internal(set) var totals = ComparedCounts()
    /// By pod of the canary.
    package internal(set) var canaryPods: [String: ArmCounts] = [:]

    /// With so many pods the worst of them so far is left out: one bad node shall not look like a bad version.
    package static let leastPodsToTrim = 3

    /// - Parameter dispersion: what is known of it before the rollout.
    package init(dispersion: DispersionFold = DispersionFold()) { self.dispersion = dispersion }

    /// - Parameters:
    ///   - cells: a tick that is over, by pod.
    ///   - outcome: the number of this one in the cells.
    package mutating func observe(_ cells: [String: PodTick], outcome: Int, settings: EvidenceSettings) {
        var counts = ComparedCounts()
        var trimmed = ComparedCounts()
        var stable: [String: ArmCounts] = [:]
        // Everything that decides how this tick is read is known before it: else its product would be no supermartingale.
        let worst = worstPod
        let dispersion = dispersion.dispersion
        for (pod, cell) in cells.sorted(by: { $0.key < $1.key }) {
            let one = ArmCounts(requests: cell.requests, bad: cell.bad[outcome])
            switch cell.arm {
            case .stable:
                counts.stable += one
                stable[pod] = one
            case .canary:
                counts.canary += one
                canaryPods[pod, default: ArmCounts()] += one
                if pod != worst { trimmed.canary += one }
            }
        }
        trimmed.stable = counts.stable
        self.dispersion.add(tick: stable)
        guard counts.canary.requests > 0 else { return }
        totals += counts
        badness.observe(trimmed, settings.bad, dispersion: dispersion, logCap: settings.logTickCap)
        safety.observe(counts, settings.safe, dispersion: dispersion)
    }

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
