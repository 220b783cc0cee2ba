/// Evidence that the canary is within tolerance: an e-process against "its rate is `tolerance` times the stable version's and `excess` more, or worse".
///
/// A ratio alone would need thousands of bad events to prove; with an excess that somebody can stand, requests without bad events count too: at 1 % about
/// 300 of them for a risk of 5 %. A mixture over how much better the canary is.
package struct SafetyProcess: Sendable, Hashable {
    /// Times the tolerated rate. At 0 the first bad event loses the bet.
    static let multiples = [0, 0.1, 0.25, 0.5, 0.75, 0.9]

    /// ln of the product of factors, by multiple.
    private(set) var logs = [Double](repeating: 0, count: multiples.count)

    package init() {}

    init?(logs: [Double]) {
        guard logs.count == Self.multiples.count, logs.allSatisfy({ !$0.isNaN && $0 < .infinity }) else { return nil }
        self.logs = logs
    }

    /// ln V. Safe is proved at a risk of beta once V reaches 1/beta, at any time.
    package var logValue: Double { Self.logMean(logs) }

    mutating func observe(_ counts: ComparedCounts, _ bound: ComparedBound, dispersion: Double) {
        for (j, factor) in Self.factors(counts, bound, dispersion).enumerated() { logs[j] += factor }
    }

    /// How many more requests the canary needs to be proved safe, if all goes on as in `pace`; nil where no number would do.
    /// - Parameter pace: requests and bad events of both arms in some span.
    func requestsMissing(_ pace: ComparedCounts, _ bound: ComparedBound, dispersion: Double, threshold: Double) -> Double? {
        guard pace.canary.requests > 0 else { return nil }
        if logValue >= threshold { return 0 }
        let gains = Self.factors(pace, bound, dispersion).map { $0 / pace.canary.requests }
        func reached(_ requests: Double) -> Bool {
            Self.logMean(zip(logs, gains).map { $0 == -.infinity ? $0 : $0 + $1 * requests }) >= threshold
        }
        var high = 1.0
        while !reached(high) {
            high *= 2
            if high > 1e12 { return nil }
        }
        var low = high / 2
        while high - low > max(1, low / 1000) {
            let middle = (low + high) / 2
            if reached(middle) { high = middle } else { low = middle }
        }
        return high.rounded(.up)
    }

    private static func factors(_ counts: ComparedCounts, _ bound: ComparedBound, _ dispersion: Double) -> [Double] {
        let all = counts.canary.requests + counts.stable.requests
        guard counts.canary.requests > 0 else { return multiples.map { _ in 0 } }
        let share = counts.canary.requests / all
        return multiples.map { multiple in
            RateBet(multiple: multiple, share: share, tolerance: bound.tolerance, excess: bound.excess).logFactor(counts, dispersion: dispersion)
        }
    }

    private static func logMean(_ logs: [Double]) -> Double {
        guard let greatest = logs.max(), greatest > -.infinity else { return -.infinity }
        let sum = logs.reduce(0) { $0 + ElementaryFunctions.exp($1 - greatest) }
        return greatest + ElementaryFunctions.ln(sum / Double(logs.count))
    }
}
