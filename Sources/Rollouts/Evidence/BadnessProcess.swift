/// Evidence that the canary is worse than tolerated: an e-process, which may be looked at after every tick.
///
/// A mixture over effect ratios and over start times, so that it needs to know neither how bad the canary is nor since when (e-detectors: Shin, Ramdas
/// and Rinaldo, 2023):
///
///     S_t(k) = (S_(t-1)(k) + g_(t-1)) L_t(k),   W_t = sum over k of w_k S_t(k) + G_t
///
/// with weights w_k of ratios and g_j of starts after j ticks that are 1 in all, and G_t the weight of starts to come. A canary is most often bad from its
/// first request on: g_0 = 4/5, g_j = 1/(5 j (j + 1)), so that G_t = 1/(5 t). A start after j ticks costs about ln(5 j^2) of evidence.
///
/// W starts at 1 and is a supermartingale while the canary is within tolerance, so that it ever reaches 1/alpha with a chance of at most alpha (Ville).
package struct BadnessProcess: Sendable, Hashable {
    /// Times the tolerated ratio.
    static let multiples = [1.25, 1.5, 2, 3, 5, 10, 40]
    /// Of each. Slight regressions take long to see anyhow, great ones should be seen soon.
    static let weights = [0.03, 0.05, 0.11, 0.18, 0.2, 0.2, 0.23]
    /// Enough for every verdict, and far from overflow.
    private static let greatest = 1e100

    /// S, by multiple.
    private(set) var sums = [Double](repeating: 0, count: multiples.count)
    /// How many ticks had requests of the canary.
    private(set) var ticks = 0
    /// The greatest W there ever was.
    package private(set) var peak = 1.0

    package init() {}

    init?(sums: [Double], ticks: Int, peak: Double) {
        guard sums.count == Self.multiples.count, sums.allSatisfy({ $0 >= 0 }), ticks >= 0, peak >= 1 else { return nil }
        self.sums = sums
        self.ticks = ticks
        self.peak = peak
    }

    /// W.
    package var value: Double { zip(Self.weights, sums).reduce(Self.weight(startsFrom: ticks)) { $0 + $1.0 * $1.1 } }

    /// Of all starts after so many ticks or more.
    private static func weight(startsFrom ticks: Int) -> Double { ticks == 0 ? 1 : 1 / (5 * Double(ticks)) }

    /// - Parameters:
    ///   - dispersion: how many bad events one cause makes, at least 1; known before the tick.
    ///   - logCap: at most so much evidence from one tick, so that no single scrape decides. A capped e-value is one.
    package mutating func observe(_ counts: ComparedCounts, _ bound: ComparedBound, dispersion: Double, logCap: Double) {
        let all = counts.canary.requests + counts.stable.requests
        guard counts.canary.requests > 0, all > 0 else { return }
        let fresh = Self.weight(startsFrom: ticks) - Self.weight(startsFrom: ticks + 1)
        let share = counts.canary.requests / all
        for (k, multiple) in Self.multiples.enumerated() {
            let bet = RateBet(multiple: multiple, share: share, tolerance: bound.tolerance, excess: bound.excess)
            let factor = ElementaryFunctions.exp(min(bet.logFactor(counts, dispersion: dispersion), logCap))
            sums[k] = min((sums[k] + fresh) * factor, Self.greatest)
        }
        ticks += 1
        peak = max(peak, value)
    }
}

/// What a canary is held against: at most `tolerance` times the stable version's rate, and `excess` on top.
package struct ComparedBound: Sendable, Hashable {
    /// 1.2 for 1.2x; 0 where the stable version does not matter.
    package var tolerance: Double
    /// A share of requests.
    package var excess: Double

    package init(tolerance: Double, excess: Double) {
        self.tolerance = tolerance
        self.excess = excess
    }
}
