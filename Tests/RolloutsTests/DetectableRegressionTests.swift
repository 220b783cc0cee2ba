import Testing
import Values

@testable import Rollouts

@Suite struct DetectableRegressionTests {
    private static let bound = ComparedBound(tolerance: 1.2, excess: 0.00005)

    /// What it promises is found about so often.
    @Test(arguments: [(20.0, 0.1, 0.001), (100, 0.1, 0.001), (100, 0.5, 0.01), (5, 0.3, 0.0001)])
    func nineOfTen(rps: Double, share: Double, base: Double) throws {
        let traffic = DetectableRegression(requestsPerSecond: rps, share: share, baseRate: base)
        let rate = try #require(traffic.smallest(within: 120, Self.bound, risk: Risk()))
        #expect(rate > base * 1.2)
        var random = SeededGenerator(seed: 11)
        var found = 0
        for _ in 0..<300 {
            var process = BadnessProcess()
            for _ in 0..<24 {
                let counts = ComparedCounts(
                    canary: ArmCounts(requests: rps * 5 * share, bad: RolloutFixtures.poisson(rps * 5 * share * rate, &random)),
                    stable: ArmCounts(requests: rps * 5 * (1 - share), bad: RolloutFixtures.poisson(rps * 5 * (1 - share) * base, &random)))
                process.observe(counts, Self.bound, dispersion: 1, logCap: 3)
            }
            if process.peak >= 100 { found += 1 }
        }
        #expect(found > 300 * 78 / 100 && found < 300 * 99 / 100, "\(rate): \(found) of 300")
    }

    @Test func moreTrafficFindsLess() throws {
        func rate(_ rps: Double, dispersion: Double = 1, gates: Int = 1) -> Double? {
            DetectableRegression(requestsPerSecond: rps, share: 0.1, baseRate: 0.001, dispersion: dispersion)
                .smallest(within: 120, Self.bound, risk: Risk(), gates: gates)
        }
        let (slow, fast) = (try #require(rate(10)), try #require(rate(1000)))
        #expect(fast < slow / 5)
        #expect(try #require(rate(10, dispersion: 3)) > slow && #require(rate(10, gates: 5)) > slow)
        #expect(rate(0.1) == nil && rate(0) == nil, "twelve requests can't prove anything")
    }
}
