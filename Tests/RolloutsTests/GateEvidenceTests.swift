import Testing
import Values

@testable import Rollouts

@Suite struct GateEvidenceTests {
    private static func folded(_ samples: [CounterSample], _ pods: [PodLife], _ horizons: [Double], settings: EvidenceSettings) -> GateEvidence {
        var evidence = GateEvidence(settings, origin: RolloutFixtures.start)
        for horizon in horizons { evidence.fold(samples, pods: pods, through: RolloutFixtures.at(horizon), settings: settings) }
        return evidence
    }

    @Test(arguments: 1...12) func anyPortionsGiveTheWhole(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var world = ScrapedPods(canary: 3, stable: 5, perTick: 6) { $0 == .canary ? 0.03 : 0.01 }
        let samples = world.samples(seconds: 600, faults: 0.03, &random)
        let pods = world.pods.map(\.life)
        let settings = RolloutFixtures.settings()
        let whole = Self.folded(samples, pods, [600], settings: settings)
        #expect(whole.outcomes[0].totals.canary.requests > 100 && whole.outcomes[0].badness.ticks > 50)
        for _ in 0..<6 {
            var evidence = GateEvidence(settings, origin: RolloutFixtures.start)
            var horizon = 0.0
            while horizon < 600 {
                let next = min(600, horizon + Double.random(in: 0.1...60, using: &random))
                // What was folded before may come again, in any order, and what is to come may be there already.
                let portion = samples.filter { $0.at > RolloutFixtures.at(horizon - 20) && $0.at <= RolloutFixtures.at(next + 7) }
                evidence.fold(portion.shuffled(using: &random), pods: pods, through: RolloutFixtures.at(next), settings: settings)
                horizon = next
                if Bool.random(using: &random) {
                    // Killed, and started again from the checkpoint.
                    let text = evidence.checkpoint.text()
                    let read = try #require(GateEvidence(checkpoint: try JSON(parsing: text), settings: settings))
                    #expect(read == evidence)
                    evidence = read
                }
            }
            #expect(evidence == whole)
        }
    }

    @Test func aCheckpointOfSomethingElseIsNone() {
        let settings = RolloutFixtures.settings()
        let good = GateEvidence(settings, origin: RolloutFixtures.start).checkpoint
        #expect(GateEvidence(checkpoint: good, settings: settings) != nil)
        #expect(GateEvidence(checkpoint: good, settings: RolloutFixtures.settings(outcomes: 2)) == nil)
        for key in ["version", "through", "origin", "outcomes", "lives", "pods"] {
            var broken = good
            broken[key] = "x"
            #expect(GateEvidence(checkpoint: broken, settings: settings) == nil, "\(key)")
            broken[key] = nil
            #expect(GateEvidence(checkpoint: broken, settings: settings) == nil, "\(key)")
        }
        #expect(GateEvidence(checkpoint: "nonsense", settings: settings) == nil)
    }

    @Test func historyBeforeTheRolloutTellsTheDispersion() {
        var random = SeededGenerator(seed: 2)
        var world = ScrapedPods(canary: 0, stable: 6, perTick: 20) { _ in 0.05 }
        let samples = world.samples(seconds: 900, &random)
        let settings = RolloutFixtures.settings()
        let evidence = Self.folded(samples, world.pods.map(\.life), [900], settings: settings)
        #expect(evidence.outcomes[0].badness == BadnessProcess())
        #expect(evidence.outcomes[0].dispersion.dispersion < 1.3)
        #expect(evidence.outcomes[0].totals == ComparedCounts())
    }

    /// A pod on a bad node must not look like a bad version, where there are others to tell.
    @Test func theWorstPodIsLeftOut() {
        var settings = RolloutFixtures.settings()
        settings.logTickCap = 2.3
        func run(bad: Set<Int>, seed: UInt64) -> OutcomeEvidence {
            var random = SeededGenerator(seed: seed)
            var outcome = OutcomeEvidence()
            for _ in 0..<120 {
                var cells: [String: PodTick] = [:]
                for pod in 0..<9 { cells["s\(pod)"] = PodTick(arm: .stable, requests: 10, bad: [RolloutFixtures.poisson(0.02, &random)]) }
                for pod in 0..<3 {
                    cells["c\(pod)"] = PodTick(arm: .canary, requests: 10, bad: [RolloutFixtures.poisson(bad.contains(pod) ? 1 : 0.02, &random)])
                }
                outcome.observe(cells, outcome: 0, settings: settings)
            }
            return outcome
        }
        for seed in 1...20 as ClosedRange<UInt64> {
            #expect(run(bad: [1], seed: seed).badness.peak < 100)
            #expect(run(bad: [0, 1, 2], seed: seed).badness.peak >= 100)
        }
    }

    // MARK: Verdicts

    private func member(_ name: String, bad: Double, seconds: Int, seed: UInt64, settings: EvidenceSettings) -> EvidenceFamily.Member {
        var random = SeededGenerator(seed: seed)
        var world = ScrapedPods(canary: 2, stable: 8, perTick: 10) { $0 == .canary ? bad : 0.001 }
        let samples = world.samples(seconds: seconds, &random)
        let evidence = Self.folded(samples, world.pods.map(\.life), [Double(seconds)], settings: settings)
        return .init(name: name, evidence: evidence, settings: settings, expectedPods: ["canary-0", "canary-1"])
    }

    private func judge(_ members: [EvidenceFamily.Member], at seconds: Double) -> [GateVerdict] {
        EvidenceFamily.judge(members, risk: Risk(), now: RolloutFixtures.at(seconds)).map(\.verdict)
    }

    @Test func verdicts() throws {
        let settings = RolloutFixtures.settings(gates: 2)
        let bad = member("errors", bad: 0.3, seconds: 120, seed: 1, settings: settings)
        let good = member("latency", bad: 0.001, seconds: 120, seed: 2, settings: settings)
        #expect(judge([bad, good], at: 121)[0] == .bad)
        #expect(judge([bad, good], at: 1000)[0] == .bad, "what is proved stays so")
        let judgements = EvidenceFamily.judge([bad, good], risk: Risk(), now: RolloutFixtures.at(121))
        #expect(judgements[0].figures.badness >= 100 && judgements[0].figures.canaryPods == 2 && judgements[0].figures.counts.canary.bad > 10)
        // 480 requests: not enough to prove that it is good.
        guard case .notEnoughEvidence(let missing) = judge([good], at: 121)[0] else {
            Issue.record("\(judge([good], at: 121))")
            return
        }
        #expect(missing.reason == .tooFewRequests)
        let requests = try #require(missing.canaryRequests)
        let wait = try #require(missing.wait)
        #expect(requests > 50 && requests < 2000 && wait > .seconds(10) && wait < .minutes(10), "\(missing)")
        #expect(missing.description.contains("more requests of the canary"))
        #expect(judge([member("errors", bad: 0.0005, seconds: 900, seed: 3, settings: settings)], at: 901) == [.safe])
        guard case .blind = judge([good], at: 200)[0] else {
            Issue.record("stale samples are no sight")
            return
        }
    }

    /// Three times the errors, and still within what the safe bound can stand.
    @Test func signsOfBadnessAreNotSafe() {
        let settings = RolloutFixtures.settings()
        var outcome = OutcomeEvidence()
        let cells = [
            "c": PodTick(arm: .canary, requests: 500, bad: [1.5]), "s": PodTick(arm: .stable, requests: 2250, bad: [2.25]),
            "t": PodTick(arm: .stable, requests: 2250, bad: [2.25]),
        ]
        for _ in 0..<4 { outcome.observe(cells, outcome: 0, settings: settings) }
        #expect(outcome.safety.logValue > 3 && outcome.badness.peak < 100 && !outcome.isSafe(Risk()))
        var evidence = GateEvidence(settings, origin: RolloutFixtures.start)
        evidence.outcomes = [outcome]
        #expect(
            judge([.init(name: "x", evidence: evidence, settings: settings, expectedPods: [])], at: 16)
                == [.notEnoughEvidence(MissingEvidence(.signsOfBadness))])
    }

    @Test func aCanaryThatNobodyScrapesIsNotJudged() {
        let settings = RolloutFixtures.settings()
        var member = member("errors", bad: 0, seconds: 900, seed: 4, settings: settings)
        member.expectedPods += ["canary-2", "canary-3"]
        #expect(judge([member], at: 901) == [.notEnoughEvidence(MissingEvidence(.notScraped(["canary-2", "canary-3"])))])
        var random = SeededGenerator(seed: 4)
        var world = ScrapedPods(canary: 0, stable: 4, perTick: 5) { _ in 0 }
        let idle = Self.folded(world.samples(seconds: 60, &random), world.pods.map(\.life), [60], settings: settings)
        #expect(
            judge([.init(name: "x", evidence: idle, settings: settings, expectedPods: [])], at: 61)
                == [.notEnoughEvidence(MissingEvidence(.noCanaryRequests))])
    }

    /// Weak evidence of several gates adds up, where each alone would not do.
    @Test func gatesTogether() {
        let settings = RolloutFixtures.settings(gates: 2)
        var process = BadnessProcess()
        while process.value < 110 {
            let counts = ComparedCounts(canary: ArmCounts(requests: 20, bad: 0.3), stable: ArmCounts(requests: 180, bad: 0))
            process.observe(counts, settings.bad, dispersion: 1, logCap: settings.logTickCap)
        }
        #expect(process.peak < 200)
        var evidence = GateEvidence(settings, origin: RolloutFixtures.start)
        evidence.outcomes[0].badness = process
        let weak = EvidenceFamily.Member(name: "a", evidence: evidence, settings: settings, expectedPods: [])
        let none = EvidenceFamily.Member(
            name: "b", evidence: GateEvidence(settings, origin: RolloutFixtures.start), settings: settings, expectedPods: [])
        #expect(judge([weak], at: 1) == [.bad])
        #expect(judge([weak, none], at: 1)[0] != .bad)
        #expect(judge([weak, weak], at: 1) == [.bad, .bad])
    }
}
