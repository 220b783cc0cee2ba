import KubeClient
import KubeModel
import PlimsollAPI
import TestSupport
import Testing
import Values

/// Releases by steps of a paused Deployment, people who interfere, and inputs that make no sense.
@Suite(
    .serialized,
    .enabled(
        if: TestEnvironment.binary != nil && RolloutFixture.hasNode,
        "needs the cluster with a node, and the binary, of Deploy/test.sh"))
struct RolloutGuardTests {
    private static let guarded: JSON = [
        "start": "Guard",
        "strategy": [
            "canary": ["steps": [["name": "first", "weight": "10%", "soak": "4s"], ["name": "half", "weight": "50%", "soak": "3s"]]]
        ],
        "gates": [["name": "pods", "health": ["readyWithin": "45s"]]],
    ]

    @Test func aGuardedReleaseGoesByStepsAndABadOneNeverGetsFurtherThanTheFirst() async throws {
        try await World.with("guard") { world in
            let fixture = RolloutFixture(world)
            let daemon = try Daemon(world, settings: fixture.settings)
            try await daemon.ready(world)
            try await fixture.begin(RolloutFixture.good("v1"), replicas: 4, Self.guarded)
            try await fixture.wait("the target at rest") { try await fixture.deployment()["spec"]?["paused"] == true }

            try await fixture.deploy(RolloutFixture.good("v2"), replicas: 4)
            var most: [String: Int64] = [:]
            var least = 100
            try await fixture.wait("the second version's promotion", within: .seconds(90)) {
                let status = try await fixture.analysis()["status"]
                let new = try await fixture.pods(RolloutFixture.good("v2"))
                let old = try await fixture.pods(RolloutFixture.good("v1"))
                least = min(least, try await fixture.readyPods())
                if status?["phase"] == "Progressing", let step = status?["step"]?.stringValue, !step.isEmpty {
                    // The object read a moment later may be a step further.
                    let after = try await fixture.analysis()["status"]?["step"]?.stringValue
                    if step == after { most[step] = max(most[step] ?? 0, new.wanted) }
                }
                return status?["phase"] == "Promoted" && new.available == 4 && old.wanted == 0
            }
            #expect(most["first"] == 1, "\(most)")
            #expect((2...3).contains(most["half"] ?? 0), "\(most)")
            #expect(least >= 4, "\(least) pods were Ready at the worst moment")
            #expect(try await fixture.deployment()["spec"]?["paused"] == true)

            try await fixture.deploy(RolloutFixture.crashing, replicas: 4)
            var worst: Int64 = 0
            try await fixture.wait("the rollback", within: .seconds(60)) {
                worst = max(worst, try await fixture.pods(RolloutFixture.crashing).wanted)
                return try await fixture.phase() == "RolledBack"
            }
            #expect(worst == 1)
            #expect(try await fixture.pods(RolloutFixture.good("v2")).available == 4)
            #expect(try await fixture.commandAskedFor() == RolloutFixture.good("v2"))
            try await fixture.wait("the target at rest again") { try await fixture.deployment()["spec"]?["paused"] == true }
            try await daemon.stop()
        }
    }

    @Test func somebodyWhoAppliesTheBadOneAgainAndAgainDoesNotWin() async throws {
        try await World.with("heal") { world in
            let fixture = RolloutFixture(world)
            let daemon = try Daemon(world, settings: fixture.settings)
            try await daemon.ready(world)
            try await fixture.begin(RolloutFixture.good("v1"), RolloutFixture.observing())
            let clock = ContinuousClock()
            let end = clock.now + .seconds(45)
            while clock.now < end {
                try await fixture.deploy(RolloutFixture.crashing)
                try await Task.sleep(for: .seconds(5))
            }
            let phase = try await fixture.phase()
            #expect(["RolledBack", "RollingBack", "Failed"].contains(phase), "\(phase)")
            #expect(try await fixture.pods(RolloutFixture.good("v1")).available == 3)
            #expect(try await fixture.pods(RolloutFixture.crashing).wanted == 0)
            #expect(try await fixture.runs().count == 2, "one attempt, however often it was applied")
            // The fix goes through by itself.
            try await fixture.deploy(RolloutFixture.good("v3"))
            try await fixture.wait("Promoted", within: .seconds(60))
            #expect(try await fixture.pods(RolloutFixture.good("v3")).available == 3)
            #expect(try await fixture.deployment()["spec"]?["paused"]?.boolValue != true)
            try await daemon.stop()
        }
    }

    @Test func peopleAbortAndPromote() async throws {
        try await World.with("hand") { world in
            let fixture = RolloutFixture(world)
            let daemon = try Daemon(world, settings: fixture.settings)
            try await daemon.ready(world)
            try await fixture.begin(RolloutFixture.good("v1"), RolloutFixture.observing(soak: "1h"))
            func ask(_ verb: String) async throws {
                try await world.client.patch(
                    RolloutAnalysis.resource, world.key(fixture.name), .merge(["metadata": ["annotations": ["plimsoll.dev/do": .string(verb)]]]))
                try await fixture.wait("the command's end") { try await fixture.analysis()["metadata"]?["annotations"]?["plimsoll.dev/do"] == nil }
            }
            try await fixture.deploy(RolloutFixture.good("v2"))
            try await fixture.wait("Progressing")
            try await ask("abort")
            try await fixture.wait("RolledBack")
            #expect(try await fixture.analysis()["status"]?["lastRollback"]?["reason"] == "aborted by Unverified")
            try await fixture.deploy(RolloutFixture.good("v3"))
            try await fixture.wait("Progressing")
            try await ask("promote")
            try await fixture.wait("Promoted")
            #expect(try await fixture.runs().last?["status"]?["message"] == "promoted by Unverified")
            try await daemon.stop()
        }
    }

    @Test func whatMakesNoSenseIsToldAndHarmsNothing() async throws {
        try await World.with("sense") { world in
            let fixture = RolloutFixture(world)
            let daemon = try Daemon(world, settings: fixture.settings)
            try await daemon.ready(world)
            try await fixture.analyse(RolloutFixture.observing())
            try await fixture.wait("a missing target") { try await fixture.condition("Ready")?.reason == "TargetNotFound" }
            try await fixture.makeAccount()
            try await fixture.deploy(RolloutFixture.good("v1"), more: ["revisionHistoryLimit": 0])
            try await fixture.wait("a version known to be good") { try await fixture.analysis()["status"]?["stable"]?["name"]?.stringValue != nil }
            try await fixture.wait("the missing history") { try await fixture.condition("Preflight")?.reason == "NoHistory" }
            // The younger of two for one target does nothing.
            try await fixture.analyse(RolloutFixture.observing(), as: "second")
            try await fixture.wait("a rival") { try await fixture.condition("Stalled", of: "second")?.reason == "TargetTaken" }
            #expect(try await fixture.condition("Ready")?.status == .true)
            // The 1.20 server knows no CEL.
            try await fixture.analyse(["errorBudget": ["slos": [["name": "x"]]], "gates": [["name": "pods", "health": [:]]]], as: "invalid")
            try await fixture.wait("a refusal") { try await fixture.condition("Stalled", of: "invalid")?.reason == "Invalid" }
            #expect(try await fixture.condition("Ready", of: "invalid")?.message.contains("spec.errorBudget") == true)
            try await daemon.stop()
        }
    }
}
