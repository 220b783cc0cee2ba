import Glibc
import Testing
import Values

@testable import Rollouts

@Suite struct RateBetTests {
    @Test func logarithmAndExponentialAgreeWithTheCLibrary() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<20_000 {
            let x = Double.random(in: -700...700, using: &random)
            let y = Glibc.exp(x / 3)
            #expect(abs(ElementaryFunctions.exp(x) / Glibc.exp(x) - 1) < 1e-15)
            #expect(abs(ElementaryFunctions.ln(y) - Glibc.log(y)) <= 2e-16 * max(1, abs(Glibc.log(y))))
        }
        #expect(ElementaryFunctions.ln(1) == 0 && ElementaryFunctions.exp(0) == 1)
        #expect(ElementaryFunctions.ln(0) == -.infinity && ElementaryFunctions.ln(-1).isNaN && ElementaryFunctions.ln(.infinity) == .infinity)
        #expect(ElementaryFunctions.exp(800) == .infinity && ElementaryFunctions.exp(-.infinity) == 0 && ElementaryFunctions.exp(.nan).isNaN)
        #expect(ElementaryFunctions.exp(-740) > 0 && ElementaryFunctions.ln(.leastNonzeroMagnitude) < -744)
    }

    /// The expectation itself, summed over all that may come: at most 1 wherever the null hypothesis holds, whatever the stable version's rate.
    @Test(arguments: [(3, 30), (20, 20), (40, 5), (7, 0)])
    func isAnEValueUnderTheNull(requests: (canary: Int, stable: Int)) {
        let share = Double(requests.canary) / Double(requests.canary + requests.stable)
        for (tolerance, excess) in [(1.2, 0.0), (1.2, 0.01), (1, 0.001), (0, 0.05), (2, 0)] {
            for stableRate in [0, 0.001, 0.02, 0.2, 0.45] {
                let bound = min(1, tolerance * stableRate + excess)
                for (multiples, rates) in [
                    (BadnessProcess.multiples, [bound, bound / 2, 0]), (SafetyProcess.multiples, [bound, (bound + 1) / 2, 1]),
                ] {
                    for multiple in multiples {
                        for dispersion in [1, 2.5] {
                            let bet = RateBet(multiple: multiple, share: share, tolerance: tolerance, excess: excess)
                            for rate in rates {
                                let mean = Self.expectation(bet, requests, (rate, stableRate), dispersion)
                                #expect(mean <= 1 + 1e-9, "x\(multiple) r0 \(tolerance) d \(excess) p \(rate) against \(stableRate): \(mean)")
                            }
                        }
                    }
                }
            }
        }
    }

    /// With clumps of `dispersion` bad events each, Poisson many, it is exactly 1 at the bound.
    @Test func isExactForClumps() {
        let bet = RateBet(multiple: 5, share: 0.25, tolerance: 1.2, excess: 0.002)
        // 100 and 300 requests, a base rate of 1 %, clumps of 4.
        let causes = (canary: 100 * (0.01 * 1.2 + 0.002) / 4, stable: 300 * 0.01 / 4)
        var mean = 0.0
        for canary in 0..<40 {
            for stable in 0..<60 {
                let counts = ComparedCounts(
                    canary: ArmCounts(requests: 100, bad: Double(canary * 4)), stable: ArmCounts(requests: 300, bad: Double(stable * 4)))
                mean += Self.poisson(canary, causes.canary) * Self.poisson(stable, causes.stable) * exp(bet.logFactor(counts, dispersion: 4))
            }
        }
        #expect(abs(mean - 1) < 1e-9)
    }

    private static func poisson(_ count: Int, _ mean: Double) -> Double { exp(Double(count) * log(mean) - mean - lgamma(Double(count) + 1)) }

    private static func binomial(_ count: Int, of n: Int, _ p: Double) -> Double {
        if p <= 0 { return count == 0 ? 1 : 0 }
        if p >= 1 { return count == n ? 1 : 0 }
        let ways = lgamma(Double(n) + 1) - lgamma(Double(count) + 1) - lgamma(Double(n - count) + 1)
        return exp(ways + Double(count) * log(p) + Double(n - count) * log(1 - p))
    }

    private static func expectation(
        _ bet: RateBet, _ requests: (canary: Int, stable: Int), _ rates: (canary: Double, stable: Double), _ dispersion: Double
    ) -> Double {
        var mean = 0.0
        for canary in 0...requests.canary {
            for stable in 0...requests.stable {
                let counts = ComparedCounts(
                    canary: ArmCounts(requests: Double(requests.canary), bad: Double(canary)),
                    stable: ArmCounts(requests: Double(requests.stable), bad: Double(stable)))
                mean +=
                    binomial(canary, of: requests.canary, rates.canary) * binomial(stable, of: requests.stable, rates.stable)
                    * exp(bet.logFactor(counts, dispersion: dispersion))
            }
        }
        return mean
    }
}
