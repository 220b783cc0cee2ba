import Testing
import Values

@testable import Rollouts

@Suite struct ReplayTests {
    /// A run with a journal, and the verdicts that it came to while it ran: judged at the end of each tick.
    private static func run(
        canaryBad: Double, seconds: Int = 300, seed: UInt64 = 1, risk: Risk = Risk()
    ) -> (evidence: GateEvidence, settings: EvidenceSettings, badAt: Instant?) {
        var random = SeededGenerator(seed: seed)
        var world = ScrapedPods(canary: 2, stable: 6, perTick: 8) { $0 == .canary ? canaryBad : 0.001 }
        let samples = world.samples(seconds: seconds, &random)
        let settings = RolloutFixtures.settings(risk: risk)
        var evidence = GateEvidence(settings, origin: RolloutFixtures.start)
        evidence.journal = TickJournal(origin: RolloutFixtures.start, settings: settings, risk: risk, gates: 1)
        var badAt: Instant?
        for second in stride(from: 5, through: seconds, by: 5) {
            let now = RolloutFixtures.at(Double(second))
            evidence.fold(samples, pods: world.pods.map(\.life), through: now, settings: settings)
            let member = EvidenceFamily.Member(name: "errors", evidence: evidence, settings: settings, expectedPods: [])
            if badAt == nil, EvidenceFamily.judge([member], risk: risk, now: now)[0].verdict == .bad { badAt = now }
        }
        return (evidence, settings, badAt)
    }

    private static func stored(_ evidence: GateEvidence) throws -> JSON {
        let run: JSON = ["kind": "RolloutRun", "status": ["checkpoint": ["evidence": ["errors": evidence.checkpoint]]]]
        return try JSON(parsing: run.text())
    }

    private static func badAt(_ changes: [RunReplay.Change]) -> Instant? { changes.first { $0.verdict == .bad }?.at }

    @Test(arguments: 1...6) func theSameSettingsComeToTheSame(seed: UInt64) throws {
        for bad in [0.001, 0.05, 0.5] {
            let live = Self.run(canaryBad: bad, seed: seed)
            let replay = try RunReplay(run: try Self.stored(live.evidence))
            #expect(replay.isExact)
            let changes = replay.judge()
            #expect(Self.badAt(changes) == live.badAt, "\(bad) \(changes)")
            // To the last bit.
            let last = try #require(replay.gates.first)
            var again = GateEvidence(live.settings, origin: RolloutFixtures.start)
            for entry in last.journal.entries { again.observe(last.journal.tick(entry), live.settings) }
            #expect(again.outcomes == live.evidence.outcomes)
        }
        #expect(Self.run(canaryBad: 0.5, seed: seed).badAt != nil)
    }

    @Test func otherSettingsComeToOthers() throws {
        let replay = try RunReplay(run: try Self.stored(Self.run(canaryBad: 0.3).evidence))
        let asItWas = try #require(Self.badAt(replay.judge()))
        let careful = Self.badAt(replay.judge(ReplaySettings(falseAlarm: 1e-9)))
        #expect(careful.map { $0 > asItWas } ?? true)
        #expect(Self.badAt(replay.judge(ReplaySettings(tolerance: 1e6))) == nil)
        let good = try RunReplay(run: try Self.stored(Self.run(canaryBad: 0, seconds: 900).evidence))
        #expect(good.judge().last?.verdict == .safe)
        #expect(good.judge(ReplaySettings(falseSafe: 1e-12)).last?.verdict != .safe)
    }

    @Test func aCheckpointKeepsTheJournal() throws {
        let live = Self.run(canaryBad: 0.05)
        let read = try #require(GateEvidence(checkpoint: try JSON(parsing: live.evidence.checkpoint.text()), settings: live.settings))
        #expect(read == live.evidence)
        #expect(try #require(read.journal).entries.count > 50)
    }

    @Test func aLongRunIsKeptSmall() throws {
        var journal = TickJournal(origin: RolloutFixtures.start, settings: RolloutFixtures.settings(), risk: Risk(), gates: 1)
        var requests = 0.0
        for index in 0..<3000 as Range<Int64> {
            var tick = TickGrid.Tick(index: index)
            for pod in 0..<10 {
                tick.cells["pod-\(pod)"] = PodTick(arm: pod < 2 ? .canary : .stable, requests: 3, bad: [pod == 0 ? 1 : 0])
                requests += 3
            }
            journal.append(tick)
        }
        let cells = journal.entries.flatMap(\.cells)
        #expect(cells.count <= TickJournal.mostCells && journal.resolution == 8)
        #expect(cells.reduce(0) { $0 + $1.requests } == requests, "nothing is lost")
        #expect(cells.reduce(0) { $0 + $1.bad[0] } == 3000)
        #expect(journal.json.text().utf8.count < 100_000)
        let read = try #require(TickJournal(json: try JSON(parsing: journal.json.text())))
        #expect(read == journal)
        #expect(!RunReplay(["errors": read]).isExact)
        #expect(RunReplay(["errors": read]).judge().contains { $0.verdict == .bad })
    }

    @Test func whatIsNoJournalIsRefused() throws {
        let journal = try #require(Self.run(canaryBad: 0.05, seconds: 30).evidence.journal)
        for key in ["version", "origin", "resolution", "gates", "risk", "settings", "pods", "ticks"] {
            var broken = journal.json
            broken[key] = "x"
            #expect(TickJournal(json: broken) == nil, "\(key)")
        }
        for ticks in [[[1, 99, 1, 0]], [[1, 0, 1]], [[1, 0, -1, 0]], [[2, 0, 1, 0], [1, 0, 1, 0]]] as [JSON] {
            var broken = journal.json
            broken["ticks"] = ticks
            #expect(TickJournal(json: broken) == nil, "\(ticks)")
        }
        #expect(throws: RunReplay.Failure.self) { try RunReplay(run: ["status": [:]]) }
        #expect(throws: RunReplay.Failure.self) { try RunReplay(run: ["evidence": ["errors": [:]]]) }
        #expect(throws: RunReplay.Failure.self) { try RunReplay(run: ["evidence": ["errors": ["journal": "x"]]]) }
    }
}

@Suite struct PreflightTests {
    private static func traffic(_ rps: Double = 20, bad: Double = 0.001, seen: Int = 4, pods: Int = 4, spacing: PromDuration = .seconds(5))
        -> GatePreflight.Traffic
    { .init(requestsPerSecond: rps, badRate: bad, podsSeen: seen, pods: pods, scrapeSpacing: spacing) }

    private static func preflight(_ traffic: GatePreflight.Traffic, share: Double = 0.1) -> GatePreflight {
        GatePreflight.evidence("errors", traffic, share: share, settings: RolloutFixtures.settings(), risk: Risk(), gates: 1)
    }

    @Test func theSmallestRegressionIsTold() throws {
        let usual = try #require(Self.preflight(Self.traffic()).smallestRate)
        #expect(usual > 0.005 && usual < 0.08, "the spec's 5 % at 20 requests a second: \(usual)")
        let busy = try #require(Self.preflight(Self.traffic(500)).smallestRate)
        let sparse = try #require(Self.preflight(Self.traffic(spacing: .seconds(30))).smallestRate)
        #expect(busy < usual && sparse > usual)
        #expect(!Self.preflight(Self.traffic()).isUseless)
    }

    @Test func whatCanNotBeJudgedIsSaid() {
        for (traffic, share) in [
            (Self.traffic(seen: 0), 0.1), (Self.traffic(0), 0.1), (Self.traffic(spacing: .minutes(1)), 0.1), (Self.traffic(0.1), 0.01),
        ] {
            let preflight = Self.preflight(traffic, share: share)
            #expect(preflight.isUseless && preflight.smallestRate == nil, "\(preflight)")
        }
        let partly = Self.preflight(Self.traffic(seen: 3, spacing: .seconds(20)))
        #expect(!partly.isUseless && partly.findings.count == 3)
    }

    @Test func conditionsAreTried() throws {
        var metric = ClassicMetric(name: "custom", success: try Expression("result[0] < 1"))
        #expect(GatePreflight.classic(metric, answer: .array([.float(0)])).findings.isEmpty)
        #expect(GatePreflight.classic(metric, answer: .array([.float(2)])).isUseless)
        #expect(GatePreflight.classic(metric, answer: .array([])).findings.count == 1)
        #expect(GatePreflight.classic(metric, answer: nil).findings.count == 1)
        metric.failureLimit = 1
        #expect(GatePreflight.classic(metric, answer: .array([.float(0)])).isUseless, "it could never fail")
    }

    private static func samples(seed: UInt64, hours: Int, oddPod: Bool = false) -> (samples: [CounterSample], pods: [String]) {
        var random = SeededGenerator(seed: seed)
        var world = ScrapedPods(canary: oddPod ? 1 : 0, stable: oddPod ? 5 : 6, perTick: 10) { $0 == .canary ? 0.2 : 0.01 }
        return (world.samples(seconds: hours * 3600, &random), world.pods.map(\.life.name))
    }

    private static func replay(_ past: (samples: [CounterSample], pods: [String]), hours: Double) -> FalseAlarmReplay {
        FalseAlarmReplay(
            past.samples, pods: past.pods, canaries: 1, from: RolloutFixtures.start, to: RolloutFixtures.at(hours * 3600),
            settings: RolloutFixtures.settings(), risk: Risk(), gates: 1)
    }

    @Test func aHealthyPastHasNoAlarm() {
        let replay = Self.replay(Self.samples(seed: 3, hours: 2), hours: 2)
        #expect(replay.windows == 5 && replay.alarms == 0, "\(replay)")
        #expect(replay.safe > 0, "\(replay)")
    }

    /// One pod on a bad node: releases that it is part of would have been stopped, and that is worth knowing before.
    @Test func anOddPodIsAnAlarm() {
        let replay = Self.replay(Self.samples(seed: 3, hours: 2, oddPod: true), hours: 2)
        #expect(replay.windows == 5 && replay.alarms == 1, "\(replay)")
    }

    @Test func nothingIsNoTest() {
        #expect(Self.replay(([], ["a", "b"]), hours: 4).windows == 0)
        #expect(Self.replay(([], ["a"]), hours: 4).windows == 0)
    }
}
