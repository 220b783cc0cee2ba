/// The smallest regression that evidence can prove in some time at some traffic: what a person should know before a rollout leans on it.
package struct DetectableRegression: Sendable, Hashable {
    /// Requests a second of both arms together.
    package var requestsPerSecond: Double
    /// The canary's part of them, 0 to 1.
    package var share: Double
    /// Of the stable version's requests, the part that is bad.
    package var baseRate: Double
    /// How many bad events one cause makes.
    package var dispersion: Double

    package init(requestsPerSecond: Double, share: Double, baseRate: Double, dispersion: Double = 1) {
        self.requestsPerSecond = requestsPerSecond
        self.share = share
        self.baseRate = baseRate
        self.dispersion = dispersion
    }

    /// One-sided 90 %.
    private static let z = 1.2816

    /// The least rate of the canary, as a share of its requests, that is found in about nine of ten cases; nil where not even a canary that fails every
    /// request would be.
    ///
    /// By the evidence of expected counts, with the canary's bad events at their lower decile (the normal curve of a Poisson count) and one start.
    /// - Parameters:
    ///   - seconds: of the canary's traffic, judged.
    ///   - gates: how many share the risk.
    package func smallest(within seconds: Double, _ bound: ComparedBound, risk: Risk, gates: Int = 1) -> Double? {
        guard requestsPerSecond > 0, share > 0, share < 1 else { return nil }
        let needed = ElementaryFunctions.ln(Double(max(1, gates)) / risk.falseAlarm)
        guard evidence(1, seconds, bound) >= needed else { return nil }
        var (low, high) = (baseRate, 1.0)
        while high - low > 1e-3 * high {
            let middle = (low + high) / 2
            if evidence(middle, seconds, bound) >= needed { high = middle } else { low = middle }
        }
        return high
    }

    /// ln W.
    private func evidence(_ rate: Double, _ seconds: Double, _ bound: ComparedBound) -> Double {
        let requests = requestsPerSecond * seconds
        let mean = requests * share * rate
        let counts = ComparedCounts(
            canary: ArmCounts(requests: requests * share, bad: max(0, mean - Self.z * (dispersion * mean).squareRoot())),
            stable: ArmCounts(requests: requests * (1 - share), bad: requests * (1 - share) * baseRate))
        var process = BadnessProcess()
        process.observe(counts, bound, dispersion: dispersion, logCap: .greatestFiniteMagnitude)
        return ElementaryFunctions.ln(process.value)
    }
}
