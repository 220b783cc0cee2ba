/// At which of a histogram's bounds requests are counted as slow.
package enum LatencyBounds {
    /// Shares of the stable version's requests beyond which a bound says nothing new.
    private static let quantiles = [0.5, 0.95, 0.99]

    /// The bound that was asked for, and those nearest above the stable version's median, 95th and 99th percentile: a shift shows at one of them. Frozen
    /// when the run begins, for what is chosen by the canary's data would be no fair bet.
    /// - Parameters:
    ///   - slowerThan: in seconds; the least bound that is not below it counts.
    ///   - buckets: cumulative counts of the stable version by bound in seconds, without the infinite one.
    ///   - total: all of its requests.
    /// - Returns: ascending, at most four; empty where the histogram has no finite bound.
    package static func choose(slowerThan: Double?, buckets: [Double: Double], total: Double) -> [Double] {
        let bounds = buckets.keys.filter(\.isFinite).sorted()
        guard let last = bounds.last else { return [] }
        var chosen: Set<Double> = []
        if let slowerThan { chosen.insert(bounds.first { $0 >= slowerThan - 1e-9 } ?? last) }
        if total > 0 {
            for quantile in quantiles {
                chosen.insert(bounds.first { (buckets[$0] ?? 0) >= quantile * total } ?? last)
            }
        }
        return chosen.sorted()
    }
}
