/// One bet on the canary's rate of bad events against the stable version's, in one tick: the factor by which evidence grows or shrinks.
///
/// With n and x the requests and bad events of a tick, p the rates, r0 the tolerated ratio and d the tolerated excess:
///
///     L = a^x_c  b^x_s  e^(-d (a - 1) n_c),   where n_s (b - 1) = -n_c r0 (a - 1)
///
/// Given n, whatever p_s is in this tick, E[L] <= exp(n_c (a - 1) (p_c - r0 p_s - d)), because 1 + u <= e^u; equal for Poisson counts. So for a > 1
/// E[L] <= 1 as long as p_c <= r0 p_s + d, and for a < 1 as long as p_c >= r0 p_s + d: L is an e-value, and products of it over ticks are
/// supermartingales (Ville 1939; Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", 2024). As n and p_s may be anything
/// in each tick, neither a change of weight nor a swing in traffic or in the base rate can make evidence out of nothing.
///
/// For d = 0 it is the likelihood ratio of the conditional binomial split of x_c + x_s (Lindon and Malek, "Anytime-valid inference for multinomial count
/// data", 2022). With r0 = 0 the stable version does not matter, and d is an absolute ceiling.
///
/// Bad events that come in clumps of f (retries, one client's burst) count as x / f causes: L^(1/f) is exact for clumps of f, and an e-value for any
/// f >= 1 (Jensen).
struct RateBet: Sendable, Hashable {
    private let logCanary: Double
    private let logStable: Double
    private let perRequest: Double

    /// - Parameters:
    ///   - multiple: how many times r0 the canary's ratio is betted to be: above 1 against a worse canary, below 1 for a better one.
    ///   - share: the canary's part of the tick's requests, 0 to 1.
    ///   - tolerance: r0.
    ///   - excess: d, a share of requests.
    init(multiple: Double, share: Double, tolerance: Double, excess: Double) {
        let rest = 1 - share
        let a: Double
        if rest > 0 {
            // The split's likelihood ratio between ratios of r0 * multiple and of r0.
            let stable = (rest + share * tolerance) / (rest + share * tolerance * multiple)
            a = multiple * stable
            logStable = ElementaryFunctions.ln(stable)
        } else {
            // Nothing is known of p_s. A better canary than d is still one; a worse one may be no worse than the stable version.
            a = multiple < 1 || tolerance == 0 ? multiple : 1
            logStable = 0
        }
        logCanary = ElementaryFunctions.ln(a)
        perRequest = -excess * (a - 1)
    }

    /// ln L; minus infinity where a bet on no bad event at all is lost.
    func logFactor(_ counts: ComparedCounts, dispersion: Double) -> Double {
        // 0 times minus infinity would be NaN.
        let canary = counts.canary.bad > 0 ? counts.canary.bad * logCanary : 0
        return (canary + counts.stable.bad * logStable + perRequest * counts.canary.requests) / dispersion
    }
}
