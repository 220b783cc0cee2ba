import Glibc
import KubeModel
import KubeRuntime
import Synchronization
import TestSupport
import Testing
import Values

private struct Rig {
    let diary = Diary()
    let health = HealthBoard()
    var parts = Manager.Parts()
    var settings = Manager.Settings()

    init() {
        parts.servers = [diary.part("http")]
        parts.caches = [DiaryCache(name: "slos", diary: diary)]
        parts.background = [diary.part("sampler")]
    }

    func manager(_ terminated: @escaping @Sendable (Int32) -> Void = { _ in }) -> Manager {
        Manager(parts, settings: settings, health: health, handlesSignals: false, terminate: terminated)
    }
}

struct ManagerTests {
    @Test func startsAndStopsInOrder() async {
        var rig = Rig()
        let diary = rig.diary
        let (begun, goOn) = (Latch(), Latch())
        let controller = Controller(name: "slo", workers: 1) { _ in
            diary.add("+reconcile")
            begun.open()
            await goOn.wait()
            diary.add("-reconcile")
            return .done
        }
        rig.parts.preflight = { diary.add("rights") }
        rig.parts.afterSync = { diary.add("sweep") }
        rig.parts.controllers = [controller]
        #expect(!rig.health.isReady)
        let manager = rig.manager()
        let run = Task { await manager.run() }
        controller.enqueue(ObjectKey(name: "a"))
        await begun.wait()
        #expect(await eventually { rig.health.isReady && diary.all.contains("+sampler") })
        manager.requestStop()
        // Not ready at once, while the reconcile is still finishing and the servers still answer.
        #expect(await eventually { rig.health.phase == .stopping })
        #expect(!rig.health.isReady)
        controller.enqueue(ObjectKey(name: "b"))
        #expect(!diary.all.contains { $0.hasPrefix("-") })
        goOn.open()
        #expect(await run.value == .good)
        let lines = diary.all
        #expect(lines.filter { $0 == "+reconcile" }.count == 1)
        func position(_ line: String) -> Int { lines.firstIndex(of: line) ?? -1 }
        for (before, after) in [
            ("rights", "+slos"), ("+slos", "sweep"), ("sweep", "+reconcile"), ("-reconcile", "-slos"), ("-reconcile", "-sampler"), ("-slos", "-http"),
            ("-sampler", "-http"),
        ] {
            #expect(position(before) >= 0 && position(before) < position(after), "\(before) before \(after) in \(lines)")
        }
    }

    @Test func aStuckReconcileIsCancelledAfterTheGrace() async {
        var rig = Rig()
        rig.settings.grace = .milliseconds(50)
        let begun = Latch()
        let cancelled = Latch()
        rig.parts.controllers = [
            Controller(name: "slo", workers: 1) { _ in
                begun.open()
                do { try await Task.sleep(for: .seconds(600)) } catch { cancelled.open() }
                return .done
            }
        ]
        rig.parts.controllers[0].enqueue(ObjectKey(name: "a"))
        let manager = rig.manager()
        let run = Task { await manager.run() }
        await begun.wait()
        manager.requestStop()
        #expect(await run.value == .good)
        #expect(cancelled.isOpen)
        #expect(rig.diary.all.last == "-http")
    }

    @Test func aPartThatFailsEndsTheDaemonInOrderWithThree() async {
        var rig = Rig()
        struct Broken: Error {}
        rig.parts.background.append(ManagedPart("watcher") { throw Broken() })
        let manager = rig.manager()
        #expect(await manager.run() == .world)
        #expect(rig.diary.all.last == "-http")
    }

    @Test func whatDoesNotSyncIsNamedAndEndsWithThree() async {
        var rig = Rig()
        rig.settings.syncTimeout = .seconds(2)
        var cache = DiaryCache(name: "rules", diary: rig.diary)
        cache.syncs = false
        cache.trouble = "the server has no such kind"
        rig.parts.caches.append(cache)
        let manager = rig.manager()
        let run = Task { await manager.run() }
        #expect(await eventually { rig.diary.all.contains("+rules") })
        #expect(rig.health.readiness().lines.contains { $0.name == "rules" && $0.problem == "the server has no such kind" })
        #expect(rig.health.readiness().description.contains("[-]rules: the server has no such kind"))
        #expect(await run.value == .world)
        #expect(!rig.diary.all.contains("+sampler"))
    }

    @Test func missingRightsEndAtOnceAndOtherTroubleIsTriedAgain() async {
        var rig = Rig()
        let tries = Mutex(0)
        rig.parts.preflight = {
            let count = tries.withLock { tries in
                tries += 1
                return tries
            }
            if count == 1 { throw status(503, "not yet") }
            throw ManagerFailure("missing rights: list slos.plimsoll.dev in all namespaces")
        }
        #expect(await rig.manager().run() == .world)
        #expect(tries.withLock { $0 } == 2)
        #expect(!rig.diary.all.contains("+slos"))
    }

    @Test func itMayBeStoppedBeforeItHasSynced() async {
        var rig = Rig()
        var cache = DiaryCache(name: "rules", diary: rig.diary)
        cache.syncs = false
        rig.parts.caches.append(cache)
        let manager = rig.manager()
        let run = Task { await manager.run() }
        #expect(await eventually { rig.diary.all.contains("+rules") })
        manager.requestStop()
        #expect(await run.value == .good)
    }

    @Test func aPartThatWouldNotEndEndsTheProcess() async {
        var rig = Rig()
        rig.settings.stopLimit = .milliseconds(20)
        let release = Latch()
        rig.parts.background.append(
            ManagedPart("stubborn") {
                // Deaf to cancellation.
                while !release.isOpen { await Task.yield() }
            })
        let code = Mutex<Int32?>(nil)
        let manager = rig.manager { exitCode in
            code.withLock { $0 = exitCode }
            release.open()
        }
        let run = Task { await manager.run() }
        #expect(await eventually { rig.health.phase == .running })
        manager.requestStop()
        #expect(await run.value == .good)
        #expect(code.withLock { $0 } == 0)
    }
}

/// Signals go to the whole process: this is the only test with a manager that listens to them.
struct ManagerSignalTests {
    @Test func theFirstSIGTERMEndsInOrderAndTheSecondAtOnce() async {
        let (begun, release) = (Latch(), Latch())
        let code = Mutex<Int32?>(nil)
        var parts = Manager.Parts()
        parts.controllers = [
            Controller(name: "slo", workers: 1) { _ in
                begun.open()
                await release.wait()
                return .done
            }
        ]
        parts.controllers[0].enqueue(ObjectKey(name: "a"))
        let health = HealthBoard()
        let manager = Manager(parts, health: health) { exitCode in
            code.withLock { $0 = exitCode }
            release.open()
        }
        let run = Task { await manager.run() }
        await begun.wait()
        kill(getpid(), SIGTERM)
        #expect(await eventually { health.phase == .stopping })
        #expect(code.withLock { $0 } == nil)
        kill(getpid(), SIGTERM)
        #expect(await eventually { code.withLock { $0 } == 3 })
        #expect(await run.value == .good)
    }
}

struct RequiredAccessTests {
    @Test func isNamedAsPeopleGrantIt() {
        #expect(RequiredAccess("list", .configMaps).description == "list configmaps in all namespaces")
        #expect(
            RequiredAccess("patch", Thing.resource, subresource: "status", namespace: "shop").description
                == "patch things/status.test.plimsoll.dev in namespace shop")
        #expect(RequiredAccess.all(["get", "list"], .secrets).map(\.verb) == ["get", "list"])
    }
}
