import Glibc
import KubeClient
import KubeModel
import KubeRuntime
import Synchronization
import TestSupport
import Testing
import Values

/// The shell, its thread and the fence, over a Lease in memory and short spans of real time.
@Suite(.serialized) struct ElectorTests {
    struct Replica: Sendable {
        let elector: Elector
        let fence: LeaseFence
        let losses = Losses()

        init(_ identity: String, _ leases: MemoryLeases, clock: @escaping @Sendable () -> LeaseTime = LeaseTime.system) {
            let settings = LeaseSettings(
                key: ObjectKey(namespace: "ns", name: "plimsoll-main"), identity: identity, leaseDuration: .milliseconds(900),
                renewDeadline: .milliseconds(600), retryPeriod: .milliseconds(100))
            fence = LeaseFence(settings, clock: clock)
            elector = Elector(settings, store: leases, fence: fence, clock: clock, wallClock: RealCluster.wallClock, lost: losses.add)
        }

        func start() -> Task<(any Error)?, Never> {
            Task { [elector] in
                do {
                    try await elector.run()
                    return nil
                } catch { return error }
            }
        }
    }

    final class Losses: Sendable {
        private let reasons = Mutex<[String]>([])
        var all: [String] { reasons.withLock(\.self) }
        func add(_ reason: String) { reasons.withLock { $0.append(reason) } }
    }

    @Test func theSecondTakesOverWhenTheFirstLetsGo() async {
        let leases = MemoryLeases()
        let (first, second) = (Replica("first", leases), Replica("second", leases))
        let firstRun = first.start()
        await first.elector.waitUntilLeading()
        #expect(first.fence.isOpen)
        let secondRun = second.start()
        #expect(await eventually { second.fence.holder == "first" })
        #expect(!second.fence.isOpen)
        #expect(await first.elector.release())
        #expect(!first.fence.isOpen)
        #expect(await firstRun.value == nil)
        await second.elector.waitUntilLeading()
        #expect(leases.holder == "second")
        #expect(leases.spec["leaseTransitions"] == 1)
        #expect(await second.elector.release())
        #expect(await secondRun.value == nil)
        #expect(leases.holder == "")
        #expect(first.losses.all.isEmpty && second.losses.all.isEmpty)
    }

    @Test func aStandbyLeavesTheLeaseAlone() async {
        let leases = MemoryLeases()
        let (first, second) = (Replica("first", leases), Replica("second", leases))
        let runs = [first.start()]
        await first.elector.waitUntilLeading()
        let run = second.start()
        #expect(await eventually { second.fence.holder == "first" })
        #expect(await !second.elector.release())
        #expect(await run.value == nil)
        #expect(leases.holder == "first")
        await first.elector.release()
        for run in runs { _ = await run.value }
    }

    @Test func whoCannotRenewIsToldAndItsFenceIsShut() async {
        let leases = MemoryLeases()
        let replica = Replica("only", leases)
        let run = replica.start()
        await replica.elector.waitUntilLeading()
        leases.change { $0.failure = "no route" }
        #expect(await run.value is ManagerFailure)
        #expect(replica.losses.all.count == 1)
        #expect(replica.losses.all.first?.contains("no route") == true)
        #expect(!replica.fence.isOpen)
        #expect(leases.holder == "only", "what is lost is not released: nobody knows whose it is")
    }

    @Test func aReplacedHolderIsToldAtOnce() async {
        let leases = MemoryLeases()
        let replica = Replica("only", leases)
        let run = replica.start()
        await replica.elector.waitUntilLeading()
        var stolen = leases.now.lease ?? .null
        stolen["spec"]?["holderIdentity"] = "thief"
        leases.put(stolen)
        #expect(await run.value is ManagerFailure)
        #expect(replica.losses.all == [#"the lease is held by "thief""#])
        #expect(leases.holder == "thief")
    }

    @Test func theFenceGoesByTheClockAndNotByWhatRanLast() async {
        let leases = MemoryLeases()
        let skipped = Mutex(Swift.Duration.zero)
        let replica = Replica("only", leases) {
            var time = LeaseTime.system()
            // As after a suspended machine: one clock stood still.
            time.boot += skipped.withLock(\.self)
            return time
        }
        let run = replica.start()
        await replica.elector.waitUntilLeading()
        #expect(replica.fence.isOpen)
        #expect(replica.fence.problem(tolerance: .zero) == nil)
        skipped.withLock { $0 = .seconds(60) }
        #expect(!replica.fence.isOpen, "before anything else has run")
        #expect(replica.fence.writes.allowance == nil)
        #expect(replica.fence.problem()?.contains("has not renewed its lease ns/plimsoll-main for 6") == true)
        #expect(await run.value is ManagerFailure)
    }

    @Test func allowancesShrinkUntilTheFenceCloses() async throws {
        let leases = MemoryLeases()
        let replica = Replica("only", leases)
        let run = replica.start()
        await replica.elector.waitUntilLeading()
        leases.change { $0.failure = "no route" }
        var last: Swift.Duration?
        while let allowance = replica.fence.allowance {
            // What begins now ends before a successor may begin, 900 ms after the last renewal.
            #expect(allowance <= .milliseconds(750) && allowance > .milliseconds(150))
            last = allowance
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(last != nil)
        _ = await run.value
    }

    @Test func theLeaseIsNotReleasedWhileAWriteMayStillComeAbout() async throws {
        let leases = MemoryLeases()
        let replica = Replica("only", leases)
        let run = replica.start()
        await replica.elector.waitUntilLeading()
        replica.fence.writes.unanswered(.milliseconds(300))
        let start = ContinuousClock.now
        #expect(await Timeline().within(.milliseconds(50)) { await replica.elector.release() } != true)
        #expect(leases.holder == "only", "no time to wait: it runs out")
        #expect(await replica.elector.release())
        #expect(ContinuousClock.now - start >= .milliseconds(400), "the server's time, and that of the way to it")
        #expect(leases.holder == "")
        #expect(await run.value == nil)
    }

    @Test func theWatchdogBitesWhenTheLeaseIsOverAndNotBefore() async throws {
        let leases = MemoryLeases()
        let skipped = Mutex(Swift.Duration.zero)
        let (leader, quiet) = (
            Replica("leader", leases) {
                var time = LeaseTime.system()
                time.boot += skipped.withLock(\.self)
                return time
            }, Replica("quiet", MemoryLeases())
        )
        let (run, quietRun) = (leader.start(), quiet.start())
        await leader.elector.waitUntilLeading()
        await quiet.elector.waitUntilLeading()
        let (bitten, quietBites) = (Losses(), Losses())
        try LeaseWatchdog.start(leader.fence, tolerance: .zero) { bitten.add("leader") }
        try LeaseWatchdog.start(quiet.fence, tolerance: .zero) { quietBites.add("quiet") }
        try await Task.sleep(for: .milliseconds(600))
        #expect(bitten.all.isEmpty)
        skipped.withLock { $0 = .seconds(60) }
        #expect(await eventually { !bitten.all.isEmpty })
        #expect(await quiet.elector.release())
        #expect(quietBites.all.isEmpty)
        _ = (await run.value, await quietRun.value)
    }

    /// Both cooperative threads are held up for longer than the lease lasts.
    @Test(arguments: [false, true]) func aBlockedPoolNeitherLosesNorKeepsTheLease(serverIsGone: Bool) async {
        let leases = MemoryLeases()
        let replica = Replica("only", leases)
        let run = replica.start()
        await replica.elector.waitUntilLeading()
        let before = leases.now.writes
        if serverIsGone { leases.change { $0.failure = "no route" } }
        // Waits inside the block, so that it sees what happened while nobody else could run.
        let seen = await withTaskGroup(of: (writes: Int, losses: Int).self) { group in
            for _ in 0..<sysconf(Int32(_SC_NPROCESSORS_ONLN)) {
                group.addTask {
                    usleep(1_500_000)
                    return (leases.now.writes, replica.losses.all.count)
                }
            }
            return await group.reduce((0, 0)) { ($0.0 + $1.writes, $0.1 + $1.losses) }
        }
        if serverIsGone {
            #expect(seen.1 > 0, "the loss was told while the pool was blocked")
            #expect(!replica.fence.isOpen)
        } else {
            #expect(seen.0 > before, "renewed while the pool was blocked")
            #expect(replica.losses.all.isEmpty)
            #expect(replica.fence.isOpen)
            await replica.elector.release()
        }
        _ = await run.value
    }

    @Test func aCancelledElectorEndsAndKeepsNothingOpen() async {
        let leases = MemoryLeases()
        let replica = Replica("only", leases)
        let run = replica.start()
        await replica.elector.waitUntilLeading()
        run.cancel()
        #expect(await run.value == nil)
        #expect(!replica.fence.isOpen)
        #expect(leases.holder == "only")
    }
}
