import Rollouts
import Testing
import Values

/// Slow requests as bad ones, at two bounds of a histogram.
@Suite struct LatencyGateTests {
    /// - Parameter slow: shares of the canary's requests beyond the bounds; the stable version has 5 % and 1 %.
    private func judge(slow: (Double, Double), seconds: Int) -> EvidenceFamily.Judgement? {
        var random = SeededGenerator(seed: 21)
        let settings = RolloutFixtures.settings(outcomes: 2)
        var evidence = GateEvidence(settings, origin: RolloutFixtures.start)
        let pods =
            (0..<6).map { PodLife(name: "s\($0)", arm: .stable, startedAt: RolloutFixtures.at(-900)) }
            + (0..<2).map { PodLife(name: "c\($0)", arm: .canary, startedAt: RolloutFixtures.at(2)) }
        var counters: [String: [Double]] = [:]
        for second in stride(from: 5, through: seconds, by: 5) {
            var samples: [CounterSample] = []
            for pod in pods {
                let shares = pod.arm == .canary ? slow : (0.05, 0.01)
                var values = counters[pod.name] ?? [0, 0, 0]
                for _ in 0..<Int(RolloutFixtures.poisson(20, &random)) {
                    let luck = Double.random(in: 0..<1, using: &random)
                    values[0] += 1
                    if luck >= shares.0 { values[1] += 1 }
                    if luck >= shares.1 { values[2] += 1 }
                }
                counters[pod.name] = values
                for (role, value) in zip([CounterRole.total, .good(0), .good(1)], values) {
                    samples.append(CounterSample(pod: pod.name, role: role, at: RolloutFixtures.at(Double(second) - 1), value: value))
                }
            }
            evidence.fold(samples, pods: pods, through: RolloutFixtures.at(Double(second)), settings: settings)
        }
        let member = EvidenceFamily.Member(name: "latency", evidence: evidence, settings: settings, expectedPods: ["c0", "c1"])
        return EvidenceFamily.judge([member], risk: Risk(), now: RolloutFixtures.at(Double(seconds))).first
    }

    @Test func aShiftIsFound() {
        #expect(judge(slow: (0.9, 0.01), seconds: 60)?.verdict == .bad, "at the lower bound")
        #expect(judge(slow: (0.05, 0.05), seconds: 150)?.verdict == .bad, "in the tail alone")
    }

    @Test func noShiftIsSafe() throws {
        let judgement = try #require(judge(slow: (0.05, 0.01), seconds: 1800))
        #expect(judgement.verdict == .safe, "\(judgement)")
    }
}
