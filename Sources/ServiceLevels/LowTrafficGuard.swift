import Values

/// The lower bound of an error count that is no chance, which must burn the budget too fast for an alert.
///
/// Byar's approximation of the exact Poisson limit, k (1 - 1/(9k) - z/(3 sqrt k))^3 (Breslow and Day, "Statistical Methods in Cancer Research", vol. 2,
/// 1987, section 2.3). The simpler score interval is far too high at one and two errors: at ten requests an hour a single one would page.
enum LowTrafficGuard {
    /// A third of z: 2.58, one-sided 99.5 %. At 99.9 % and 50 requests an hour the paging tiers then need about 5 errors in an hour or 7 in six.
    /// `bench.sh slo` has the months.
    private static let thirdOfZ = ExactDecimal("0.86") ?? ExactDecimal(1)
    private static let factor = thirdOfZ.doubleValue

    /// NaN at zero, which is above nothing.
    static func lowerBound(_ count: Double) -> Double {
        let root = 1 - 1 / (9 * count) - factor / count.squareRoot()
        return count * root * root * root
    }

    /// The same in PromQL.
    static func promql(_ count: String) -> String { "\(count) * (1 - 1 / (9 * \(count)) - \(thirdOfZ) / sqrt(\(count))) ^ 3" }
}
