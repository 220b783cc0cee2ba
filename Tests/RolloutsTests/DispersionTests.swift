import Rollouts
import Testing
import Values

@Suite struct DispersionTests {
    /// Ticks of ten pods with about so many causes, each of which makes `clump` bad events in one pod.
    private func estimate(causes: Double, clump: (inout SeededGenerator) -> Double, ticks: Int, seed: UInt64) -> DispersionEstimate {
        var random = SeededGenerator(seed: seed)
        var estimate = DispersionEstimate()
        for _ in 0..<ticks {
            var pods = [ArmCounts](repeating: ArmCounts(requests: 50), count: 10)
            for _ in 0..<Int(RolloutFixtures.poisson(causes, &random)) { pods[Int.random(in: 0..<10, using: &random)].bad += clump(&random) }
            estimate.add(pods)
        }
        return estimate
    }

    @Test func singleEventsHaveNone() {
        for causes in [0.1, 3, 30.0] {
            let upper = estimate(causes: causes, clump: { _ in 1 }, ticks: 2000, seed: 1).upper
            #expect(upper >= 1 && upper < 1.15, "\(causes): \(upper)")
        }
    }

    @Test func clumpsCountAsOneCause() {
        for causes in [0.1, 3.0] {
            let upper = estimate(causes: causes, clump: { _ in 5 }, ticks: 2000, seed: 2).upper
            #expect(upper > 4.95 && upper < 5.6, "\(causes): \(upper)")
        }
        // Nine of ten causes make one, the tenth twenty: as a bad event sees it, (9 + 400) / 29.
        let mixed = estimate(causes: 0.5, clump: { Int.random(in: 0..<10, using: &$0) == 0 ? 20 : 1 }, ticks: 8000, seed: 3).upper
        #expect(mixed > 14 && mixed < 18, "\(mixed)")
    }

    @Test func aSwingOfTheBaseRateIsNone() {
        var random = SeededGenerator(seed: 4)
        var estimate = DispersionEstimate()
        for tick in 0..<2000 {
            let mean = tick % 200 < 20 ? 5.0 : 0.1
            estimate.add(
                (0..<8).map { pod in ArmCounts(requests: Double(10 + pod), bad: RolloutFixtures.poisson(mean * Double(10 + pod) / 14, &random)) })
        }
        #expect(estimate.upper < 1.15)
    }

    @Test func whileLittleIsKnownItIsTakenToBeGreat() {
        #expect(DispersionEstimate().upper == 3)
        var one = DispersionEstimate()
        one.add([ArmCounts(requests: 10, bad: 1), ArmCounts(requests: 10)])
        #expect(one.upper == 2)
        // One pod alone says nothing.
        var alone = DispersionEstimate()
        alone.add([ArmCounts(requests: 10, bad: 9), ArmCounts()])
        #expect(alone == DispersionEstimate())
    }

    @Test func podsThatDifferForLongerShowInTheLongWindow() {
        var random = SeededGenerator(seed: 7)
        var fold = DispersionFold()
        for _ in 0..<1200 {
            fold.add(
                tick: Dictionary(
                    uniqueKeysWithValues: (0..<10).map { pod in
                        ("pod-\(pod)", ArmCounts(requests: 10, bad: RolloutFixtures.poisson(pod == 0 ? 0.2 : 0.01, &random)))
                    }))
        }
        #expect(fold.short.upper < fold.dispersion)
        #expect(fold.dispersion > 5, "\(fold.dispersion)")
    }
}
