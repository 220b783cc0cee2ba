import KubeModel
import KubeRuntime
import Synchronization
import TestSupport
import Testing

/// The manager around an election that a test decides.
struct ManagerElectionTests {
    final class Ballot: Election {
        let diary: Diary
        let won = Latch()
        let failed = Latch()
        private let ended = Latch()

        init(_ diary: Diary) { self.diary = diary }

        func run() async throws {
            diary.add("+candidate")
            await withDiscardingTaskGroup { group in
                let either = Latch()
                for latch in [failed, ended] {
                    group.addTask {
                        await latch.wait()
                        either.open()
                    }
                }
                await either.wait()
                group.cancelAll()
            }
            if failed.isOpen { throw ManagerFailure("the lease was lost") }
        }

        func waitUntilLeading() async { await won.wait() }

        func release() async -> Bool {
            diary.add("released")
            ended.open()
            return won.isOpen
        }
    }

    struct Rig {
        let diary = Diary()
        let ballot: Ballot
        let health = HealthBoard()
        let finish = Latch()
        let controller: Controller
        var parts = Manager.Parts()
        var settings = Manager.Settings()

        init() {
            let diary = diary
            let finish = finish
            ballot = Ballot(diary)
            controller = Controller(name: "slo", workers: 1) { _ in
                diary.add("+reconcile")
                await finish.wait()
                diary.add("-reconcile")
                return .done
            }
            parts.servers = [diary.part("http")]
            parts.caches = [DiaryCache(name: "slos", diary: diary)]
            parts.background = [diary.part("sampler")]
            parts.afterSync = { diary.add("sweep") }
            parts.controllers = [controller]
            parts.election = ballot
        }

        func manager(_ terminated: @escaping @Sendable (Int32) -> Void = { _ in }) -> Manager {
            Manager(parts, settings: settings, health: health, handlesSignals: false, terminate: terminated)
        }
    }

    @Test func aStandbyIsReadyAndWarmAndDoesNothing() async {
        let rig = Rig()
        rig.finish.open()
        let manager = rig.manager()
        let run = Task { await manager.run() }
        rig.controller.enqueue(ObjectKey(name: "a"))
        #expect(await eventually { rig.health.isReady && rig.diary.all.contains("+candidate") })
        #expect(rig.diary.all == ["+http", "+slos", "+candidate"] || rig.diary.all.count == 3)
        rig.controller.enqueue(ObjectKey(name: "b"))
        #expect(rig.controller.lengths.ready.values.reduce(0, +) == 2, "the queue fills")
        #expect(!rig.diary.all.contains { ["sweep", "+sampler", "+reconcile"].contains($0) })
        rig.ballot.won.open()
        #expect(await eventually { rig.diary.all.count { $0 == "-reconcile" } == 2 && rig.diary.all.contains("+sampler") })
        let lines = rig.diary.all
        #expect((lines.firstIndex(of: "+candidate") ?? 0) > (lines.firstIndex(of: "+slos") ?? .max))
        #expect((lines.firstIndex(of: "sweep") ?? .max) < (lines.firstIndex(of: "+reconcile") ?? 0))
        #expect((lines.firstIndex(of: "sweep") ?? .max) < (lines.firstIndex(of: "+sampler") ?? 0))
        manager.requestStop()
        #expect(await run.value == .good)
    }

    /// controller-runtime's #2719.
    @Test func aStandbyThatIsStoppedNeverStartsWhatALeaderDoes() async {
        let rig = Rig()
        let manager = rig.manager()
        let run = Task { await manager.run() }
        rig.controller.enqueue(ObjectKey(name: "a"))
        #expect(await eventually { rig.health.isReady })
        manager.requestStop()
        // Won on the way out.
        rig.ballot.won.open()
        #expect(await run.value == .good)
        #expect(!rig.diary.all.contains { ["sweep", "+sampler", "+reconcile"].contains($0) }, "\(rig.diary.all)")
        #expect(rig.diary.all.contains("released"))
    }

    @Test func theLeaseGoesAfterTheWorkAndBeforeTheServers() async {
        var rig = Rig()
        // However long this process is held up by others: that work is given up is another test's.
        rig.settings.stopLimit = .seconds(120)
        let manager = rig.manager()
        let run = Task { await manager.run() }
        rig.ballot.won.open()
        rig.controller.enqueue(ObjectKey(name: "a"))
        #expect(await eventually { rig.diary.all.contains("+reconcile") && rig.diary.all.contains("+sampler") })
        manager.requestStop()
        #expect(await eventually { rig.health.phase == .stopping })
        #expect(!rig.diary.all.contains("released"), "work is still going on")
        rig.finish.open()
        #expect(await run.value == .good)
        let lines = rig.diary.all
        func position(_ line: String) -> Int { lines.firstIndex(of: line) ?? -1 }
        for (before, after) in [("-reconcile", "released"), ("-sampler", "released"), ("-slos", "released"), ("released", "-http")] {
            #expect(position(before) >= 0 && position(before) < position(after), "\(before) before \(after) in \(lines)")
        }
    }

    @Test func workThatDoesNotEndKeepsTheLease() async {
        var rig = Rig()
        rig.settings.stopLimit = .milliseconds(20)
        let release = Latch()
        rig.parts.background.append(
            ManagedPart("stubborn") {
                while !release.isOpen { await Task.yield() }
            })
        let manager = rig.manager { _ in release.open() }
        let run = Task { await manager.run() }
        rig.ballot.won.open()
        #expect(await eventually { rig.diary.all.contains("+sampler") })
        manager.requestStop()
        #expect(await run.value == .good)
        #expect(!rig.diary.all.contains("released"))
    }

    @Test func aLostElectionEndsWithThree() async {
        let rig = Rig()
        let manager = rig.manager()
        let run = Task { await manager.run() }
        rig.ballot.won.open()
        #expect(await eventually { rig.diary.all.contains("+sampler") })
        rig.ballot.failed.open()
        #expect(await run.value == .world)
    }

    @Test func whoHasNotSyncedIsNoCandidate() async {
        var rig = Rig()
        rig.settings.syncTimeout = .seconds(1)
        rig.parts.caches = [DiaryCache(name: "slos", diary: rig.diary, syncs: false)]
        rig.ballot.won.open()
        #expect(await rig.manager().run() == .world)
        #expect(!rig.diary.all.contains("+candidate"))
    }
}
