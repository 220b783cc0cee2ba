import KubeClient
import KubeModel
import PlimsollAPI
import TestSupport
import Testing
import Values

/// Releases of real pods on a real cluster, judged, rolled back and promoted by the real daemon.
@Suite(
    .serialized,
    .enabled(
        if: TestEnvironment.binary != nil && RolloutFixture.hasNode,
        "needs the cluster with a node, and the binary, of Deploy/test.sh"))
struct RolloutTests {
    @Test func aCrashLoopIsRolledBackAndTheFixIsPromoted() async throws {
        try await World.with("crash") { world in
            let fixture = RolloutFixture(world)
            let daemon = try Daemon(world, settings: fixture.settings)
            try await daemon.ready(world)
            try await fixture.begin(RolloutFixture.good("v1"), RolloutFixture.observing())
            let annotated: JSON = ["metadata": ["annotations": ["example.com/kept": "yes"]]]
            try await world.client.patch(.deployments, world.key(fixture.name), .merge(annotated))

            try await fixture.deploy(RolloutFixture.crashing)
            try await fixture.wait("RolledBack", within: .seconds(60))
            #expect(try await fixture.commandAskedFor() == RolloutFixture.good("v1"))
            #expect(try await fixture.pods(RolloutFixture.good("v1")).available == 3)
            #expect(try await fixture.pods(RolloutFixture.crashing).wanted == 0)
            let deployment = try await fixture.deployment()
            #expect(deployment["metadata"]?["annotations"]?["example.com/kept"] == "yes")
            #expect(deployment["metadata"]?["annotations"]?["kubernetes.io/change-cause"]?.stringValue?.hasPrefix("Plimsoll rolled back") == true)
            let record = try #require(try await fixture.analysis()["status"]?["lastRollback"])
            func time(_ field: String) -> Instant? { record[field]?.stringValue.flatMap(Instant.init(rfc3339:)) }
            let run = try #require(try await fixture.runs().last)
            let started = try #require(run["status"]?["startedAt"]?.stringValue.flatMap(Instant.init(rfc3339:)))
            let patched = try #require(time("patchedAt"))
            let stable = try #require(time("stableAt"))
            print("ok crash loop: patched \(patched.since(started)) after the start, stable \(stable.since(started))")
            #expect(patched.since(started) <= .seconds(30))
            #expect(stable.since(started) <= .seconds(60))

            // The fix goes through by itself.
            try await fixture.deploy(RolloutFixture.good("v3"))
            try await fixture.wait("Promoted", within: .seconds(60))
            #expect(try await fixture.pods(RolloutFixture.good("v3")).available == 3)
            #expect(try await fixture.runs().map { $0["status"]?["phase"]?.stringValue } == ["Idle", "RolledBack", "Promoted"])
            try await daemon.stop()
        }
    }

    @Test func threeBadReleasesGoBackToTheKnownGoodOne() async throws {
        try await World.with("three") { world in
            let fixture = RolloutFixture(world)
            let daemon = try Daemon(world, settings: fixture.settings)
            try await daemon.ready(world)
            try await fixture.begin(RolloutFixture.good("v1"), RolloutFixture.observing(readyWithin: "6s"))
            for (number, bad) in [RolloutFixture.neverReady, RolloutFixture.command("exit 4"), RolloutFixture.command("exec sleep 100002")]
                .enumerated()
            {
                try await fixture.deploy(bad)
                try await fixture.wait("rollback \(number + 1)", within: .seconds(60)) {
                    let runs = try await fixture.runs()
                    return runs.count == number + 2 && runs.last?["status"]?["phase"] == "RolledBack"
                }
                #expect(try await fixture.commandAskedFor() == RolloutFixture.good("v1"))
            }
            #expect(try await fixture.pods(RolloutFixture.good("v1")).available == 3)
            try await daemon.stop()
        }
    }

    @Test func aDaemonKilledInMidRolloutRollsBackOnceAfterwards() async throws {
        try await World.with("kill") { world in
            let fixture = RolloutFixture(world)
            let first = try Daemon(world, settings: fixture.settings)
            try await first.ready(world)
            try await fixture.begin(RolloutFixture.good("v1"), RolloutFixture.observing())
            try await fixture.deploy(RolloutFixture.crashing)
            try await fixture.wait("Progressing")
            first.process.signal(9)
            _ = await first.process.wait(timeout: .seconds(10))
            let second = try Daemon(world, output: "second.log", settings: fixture.settings)
            try await second.ready(world)
            try await fixture.wait("RolledBack", within: .seconds(60))
            #expect(try await fixture.runs().count == 2)
            let revisions = try await fixture.deployment()["metadata"]?["annotations"]?["deployment.kubernetes.io/revision"]
            #expect(revisions == "3", "one roll forth and one back")
            try await second.stop()
        }
    }

    @Test func withoutConsentNothingIsDoneAndItIsTold() async throws {
        try await World.with("consent") { world in
            let fixture = RolloutFixture(world)
            let daemon = try Daemon(world, settings: fixture.settings)
            try await daemon.ready(world)
            try await fixture.makeAccount(consents: false)
            try await fixture.deploy(RolloutFixture.good("v1"))
            try await fixture.analyse(RolloutFixture.observing())
            try await fixture.wait("a refused preflight") { try await fixture.condition("Preflight")?.reason == "NoConsent" }
            try await fixture.wait("a version known to be good") { try await fixture.analysis()["status"]?["stable"]?["name"]?.stringValue != nil }
            try await fixture.deploy(RolloutFixture.crashing)
            try await fixture.wait("Failed")
            #expect(try await fixture.commandAskedFor() == RolloutFixture.crashing)
            // Once its owner consents, it is rolled back.
            try await world.client.patch(
                .serviceAccounts, world.key("release-guard"), .merge(["metadata": ["annotations": ["plimsoll.dev/allow": "RolloutAnalysis"]]]))
            try await fixture.wait("RolledBack", within: .seconds(60))
            #expect(try await fixture.commandAskedFor() == RolloutFixture.good("v1"))
            try await daemon.stop()
        }
    }
}
