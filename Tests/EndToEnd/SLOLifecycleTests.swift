import Glibc
import KubeClient
import KubeModel
import TestSupport
import Testing
import Values

@Suite(.enabled(if: TestEnvironment.binary != nil && TestEnvironment.kubeconfig != nil, "needs the cluster and binary of Deploy/test.sh"))
struct SLOLifecycleTests {
    @Test func figuresComeWithinTwoEvaluationsAndAPoll() async throws {
        try await World.with("figures") { world in
            let daemon = try Daemon(world)
            try await daemon.ready(world)
            try await world.apply("availability", world.spec())
            // Two evaluation intervals of 5 s, a poll of 2 s, and the time requests take; the bound of the acceptance is checked by the clock below.
            let start = ContinuousClock.now
            try await world.wait("availability", "Ready", .true, within: .seconds(30))
            // Ready says that events are counted; the group that sums the window may be evaluated a moment later.
            func remaining() async throws -> String? { try await world.get("availability")["status"]?["errorBudget"]?["remaining"]?.stringValue }
            #expect(try await eventually(within: .seconds(30) - (ContinuousClock.now - start)) { try await remaining()?.hasSuffix("%") == true })
            let took = ContinuousClock.now - start
            let status = try await world.get("availability")["status"]
            #expect(status?["observedGeneration"]?.intValue == 1)
            #expect(try await world.condition("availability", "RulesLoaded")?.status == .true)
            #expect(try await world.condition("availability", "DataPresent")?.status == .true)
            #expect(try await world.fetch("\(daemon.metricsURL)/metrics").text.contains(#"plimsoll_slo_error_ratio{"#))
            print("ok figures after \(took)")
            #expect(try await daemon.stop() == .code(0))
        }
    }

    @Test func aDeletedObjectTakesItsRulesAlong() async throws {
        try await World.with("delete") { world in
            let daemon = try Daemon(world)
            try await daemon.ready(world)
            try await world.apply("gone", world.spec())
            try await world.apply("kept", world.spec())
            try await world.waitForGroups("gone") { $0 > 0 }
            try await world.waitForGroups("kept") { $0 > 0 }
            try await world.delete("gone")
            try await world.waitForGroups("gone") { $0 == 0 }
            #expect(try await world.loadedGroups("kept") > 0)
            try await world.client.delete(.namespaces, ObjectKey(name: world.namespace))
            try await world.waitForGroups("kept", { $0 == 0 }, within: .seconds(60))
            // The namespace is not held up by anything of ours.
            let key = ObjectKey(name: world.namespace)
            #expect(
                await eventually(within: .seconds(60)) {
                    do throws(KubeError) { _ = try await world.client.get(.namespaces, key, as: JSON.self) } catch { return error.isNotFound }
                    return false
                })
            try await daemon.stop()
        }
    }

    @Test func whatWasDeletedWhileTheDaemonWasDownIsSwept() async throws {
        try await World.with("sweep") { world in
            let first = try Daemon(world)
            try await first.ready(world)
            try await world.apply("gone", world.spec())
            try await world.apply("kept", world.spec())
            try await world.waitForGroups("gone") { $0 > 0 }
            try await world.waitForGroups("kept") { $0 > 0 }
            first.process.signal(SIGKILL)
            _ = await first.process.wait(timeout: .seconds(10))
            try await world.delete("gone")
            let second = try Daemon(world, output: "second.log")
            try await second.ready(world)
            try await world.waitForGroups("gone") { $0 == 0 }
            #expect(try await world.loadedGroups("kept") > 0)
            try await second.stop()
        }
    }

    @Test func anInvalidObjectIsToldAndHarmsNoOther() async throws {
        try await World.with("invalid") { world in
            let daemon = try Daemon(world)
            try await daemon.ready(world)
            var bad = world.spec()
            bad["indicator"]?["ratio"]?["errors"] = "up == 0"
            try await world.apply("bad", bad)
            try await world.apply("good", world.spec())
            try await world.wait("bad", "Stalled", .true)
            let ready = try #require(try await world.condition("bad", "Ready"))
            #expect(ready.status == .false)
            #expect(ready.reason == "Invalid")
            #expect(ready.message.contains("spec.indicator.ratio.errors"))
            try await world.wait("good", "Ready", .true)
            #expect(try await world.loadedGroups("bad") == 0)
            // Mended, it works.
            try await world.apply("bad", world.spec())
            try await world.wait("bad", "Ready", .true)
            #expect(try await world.condition("bad", "Stalled")?.status == .false)
            try await daemon.stop()
        }
    }

    @Test func aPrometheusThatIsDownLeavesDataUnknownAndRulesWritten() async throws {
        try await World.with("down") { world in
            let daemon = try Daemon(world, prometheusURL: "http://127.0.0.1:\(try freePort())")
            try await daemon.ready(world)
            try await world.apply("blind", world.spec())
            try await world.wait("blind", "DataPresent", .unknown)
            #expect(try await world.condition("blind", "RulesLoaded")?.status == .unknown)
            #expect(try await world.condition("blind", "Ready")?.status != .true)
            try await world.waitForGroups("blind") { $0 > 0 }
            try await daemon.stop()
        }
    }
}
