import KubeModel
import KubeRuntime
import Logging
import Synchronization
import TestSupport
import Testing

@testable import ServiceLevelsController

struct ReloadCoalescerTests {
    private struct Refusal: Error, CustomStringConvertible { let description: String }

    private let clock = ManualClock()
    private let key = ObjectKey(namespace: "shop", name: "checkout")

    /// Waits until the coalescer sleeps, so that moving the clock finds it.
    private func sleeping() async -> Bool { await eventually { clock.sleeperCount == 1 } }

    @Test func manyChangesLeadToFewReloads() async {
        let count = Atomic(0)
        let coalescer = ReloadCoalescer(timeline: Timeline(clock), logger: Logger(label: "test")) { count.add(1, ordering: .relaxed) }
        for _ in 0..<1000 { coalescer.changed(key) }
        let task = Task { await coalescer.run() }
        #expect(await sleeping())
        #expect(count.load(ordering: .relaxed) == 0, "gathers first")
        // These come after the first was taken: they need at most one more.
        for _ in 0..<1000 { coalescer.changed(key) }
        clock.advance(by: .milliseconds(200))
        #expect(await eventually { count.load(ordering: .relaxed) == 1 })
        #expect(await sleeping())
        clock.advance(by: .milliseconds(200))
        #expect(await eventually { count.load(ordering: .relaxed) == 2 })
        #expect(await eventually { clock.sleeperCount == 0 })
        clock.advance(by: .seconds(3600))
        #expect(count.load(ordering: .relaxed) == 2, "nothing changed, nothing is reloaded")
        #expect(coalescer.trouble(of: key) == nil)
        task.cancel()
        await task.value
    }

    @Test func aFailedReloadIsToldAndTriedAgainWithBackoff() async {
        let tries = Atomic(0)
        let isBroken = Atomic(true)
        let coalescer = ReloadCoalescer(timeline: Timeline(clock), logger: Logger(label: "test")) {
            let number = tries.add(1, ordering: .sequentiallyConsistent).newValue
            if isBroken.load(ordering: .sequentiallyConsistent) { throw Refusal(description: "refused, try \(number)") }
        }
        coalescer.changed(key)
        let task = Task { await coalescer.run() }
        #expect(await sleeping())
        clock.advance(by: .milliseconds(200))
        // One second, doubled up to half a minute.
        for (index, delay) in [1, 2, 4, 8, 16, 30, 30].enumerated() {
            #expect(await eventually { coalescer.trouble(of: key) == "refused, try \(index + 1)" })
            #expect(await sleeping())
            clock.advance(by: .seconds(delay) - .milliseconds(1))
            #expect(clock.sleeperCount == 1, "not before \(delay) s")
            #expect(tries.load(ordering: .sequentiallyConsistent) == index + 1)
            if index == 6 { isBroken.store(false, ordering: .sequentiallyConsistent) }
            clock.advance(by: .milliseconds(1))
        }
        #expect(await eventually { coalescer.trouble(of: key) == nil })
        #expect(tries.load(ordering: .sequentiallyConsistent) == 8)
        // The next trouble begins anew, at a second.
        isBroken.store(true, ordering: .sequentiallyConsistent)
        coalescer.changed(key)
        #expect(await sleeping())
        clock.advance(by: .milliseconds(200))
        #expect(await eventually { coalescer.trouble(of: key) == "refused, try 9" })
        #expect(await sleeping())
        clock.advance(by: .seconds(1))
        #expect(await eventually { coalescer.trouble(of: key) == "refused, try 10" })
        // The end does not wait for the backoff.
        #expect(await sleeping())
        task.cancel()
        await task.value
        #expect(tries.load(ordering: .sequentiallyConsistent) == 10)
    }

    /// A server with very many rules needs long for a reload, and must come to evaluate between two.
    @Test(arguments: [false, true]) func aSlowServerIsLeftInPeace(fails: Bool) async {
        let count = Atomic(0)
        let coalescer = ReloadCoalescer(timeline: Timeline(clock), logger: Logger(label: "test")) { [clock] in
            count.add(1, ordering: .sequentiallyConsistent)
            clock.advance(by: .seconds(20))
            if fails { throw Refusal(description: "too slow") }
        }
        coalescer.changed(key)
        let task = Task { await coalescer.run() }
        #expect(await sleeping())
        clock.advance(by: .milliseconds(200))
        #expect(await eventually { count.load(ordering: .sequentiallyConsistent) == 1 })
        coalescer.changed(key)
        #expect(await sleeping())
        clock.advance(by: .seconds(40) - .milliseconds(1))
        #expect(clock.sleeperCount == 1)
        #expect(count.load(ordering: .sequentiallyConsistent) == 1)
        clock.advance(by: .milliseconds(1))
        #expect(await eventually { count.load(ordering: .sequentiallyConsistent) == 2 })
        task.cancel()
        await task.value
    }

    @Test func whatAnEarlierProcessOwedIsReloadedAtTheStart() async {
        let count = Atomic(0)
        let coalescer = ReloadCoalescer(timeline: Timeline(clock), logger: Logger(label: "test")) { count.add(1, ordering: .relaxed) }
        let task = Task { await coalescer.run() }
        #expect(await sleeping())
        clock.advance(by: .milliseconds(200))
        #expect(await eventually { count.load(ordering: .relaxed) == 1 })
        task.cancel()
        await task.value
    }

    @Test func onlyChangedRulesSufferFromAFailedReload() async {
        let isBroken = Atomic(true)
        let coalescer = ReloadCoalescer(timeline: Timeline(clock), logger: Logger(label: "test")) {
            if isBroken.load(ordering: .sequentiallyConsistent) { throw Refusal(description: "refused") }
        }
        let told = Mutex<[Set<ObjectKey>]>([])
        coalescer.onReload { keys in told.withLock { $0.append(keys) } }
        coalescer.changed(key)
        let task = Task { await coalescer.run() }
        #expect(await sleeping())
        clock.advance(by: .milliseconds(200))
        #expect(await eventually { coalescer.trouble(of: key) == "refused" })
        #expect(coalescer.trouble(of: ObjectKey(namespace: "shop", name: "other")) == nil)
        isBroken.store(false, ordering: .sequentiallyConsistent)
        #expect(await sleeping())
        clock.advance(by: .seconds(1))
        // The failure is told, so that status may say so, and the success.
        #expect(await eventually { told.withLock { $0 } == [[key], [key]] })
        #expect(coalescer.trouble(of: key) == nil)
        task.cancel()
        await task.value
    }

    @Test func whatChangesDuringAReloadIsForTheNext() async {
        let other = ObjectKey(namespace: "shop", name: "other")
        let count = Atomic(0)
        let hold = AsyncStream.makeStream(of: Void.self)
        let coalescer = ReloadCoalescer(timeline: Timeline(clock), logger: Logger(label: "test")) {
            guard count.add(1, ordering: .sequentiallyConsistent).newValue > 1 else {
                for await _ in hold.stream { return }
                return
            }
            throw Refusal(description: "refused")
        }
        coalescer.changed(key)
        coalescer.changed(other)
        let task = Task { await coalescer.run() }
        #expect(await sleeping())
        clock.advance(by: .milliseconds(200))
        #expect(await eventually { count.load(ordering: .sequentiallyConsistent) == 1 })
        coalescer.changed(key)
        hold.continuation.yield()
        #expect(await sleeping())
        clock.advance(by: .milliseconds(200))
        #expect(await eventually { coalescer.trouble(of: key) == "refused" })
        #expect(coalescer.trouble(of: other) == nil)
        task.cancel()
        await task.value
    }
}
