import KubeRuntime
import Testing
import Values

private let firstPage = ReflectorMachine.Action.firstPage
private func watch(_ version: String) -> ReflectorMachine.Action { .watchFrom(version) }
private func wait(_ milliseconds: Int) -> ReflectorMachine.Action { .waitFor(milliseconds) }

struct ReflectorMachineWatchTests {
    @Test func anOrderlyEndIsFollowedByAWatchFromTheLastVersion() {
        var bench = ReflectorBench()
        bench.watching("10")
        bench.event("11")
        bench.event("15")
        bench.bookmark("20")
        bench.now += .seconds(400)
        #expect(bench.watchEnds() == watch("20"))
    }

    /// Both shapes of 410 (as an answer, and as an ERROR event in the stream), and the version the server hasn't seen: a list, never the same version.
    @Test(arguments: [RequestFailure.expired, .tooLargeResourceVersion, .other("422")], [true, false])
    func whatTheVersionCausedIsHealedByAList(failure: RequestFailure, inStream: Bool) {
        var bench = ReflectorBench()
        bench.watching("10")
        bench.now += .seconds(30)
        #expect(bench.watchFails(failure, inStream: inStream) == wait(800))
        #expect(bench.sits(out: wait(800)) == firstPage)
    }

    @Test func aServerThatExpiresEverythingIsNotFlooded() {
        var bench = ReflectorBench()
        bench.watching("10")
        var delays: [Swift.Duration] = []
        for version in 11..<15 {
            guard case .wait(let delay) = bench.watchFails(.expired, inStream: true) else { return #expect(Bool(false)) }
            delays.append(delay)
            _ = bench.sits(out: .wait(delay))
            _ = bench.page("\(version)")
            _ = bench.replaced()
        }
        #expect(delays == [.milliseconds(800), .milliseconds(1_600), .milliseconds(3_200), .milliseconds(6_400)])
    }

    /// No relist on too many requests and on lost connections.
    @Test(arguments: [RequestFailure.throttled(retryAfter: nil), .connection("reset"), .unauthorized("expired")], [true, false])
    func watchesAgainFromTheSameVersion(failure: RequestFailure, inStream: Bool) {
        var bench = ReflectorBench()
        bench.watching("10")
        bench.event("12")
        for delay in [800, 1_600, 3_200] {
            #expect(bench.watchFails(failure, inStream: inStream) == wait(delay))
            #expect(bench.sits(out: wait(delay)) == watch("12"))
        }
        #expect(bench.machine.counters.lists == 1)
    }

    @Test func retryAfterIsHonouredWithoutAList() {
        var bench = ReflectorBench()
        bench.watching("10")
        #expect(bench.watchFails(.throttled(retryAfter: .seconds(3)), inStream: true) == wait(3_000))
        #expect(bench.sits(out: wait(3_000)) == watch("10"))
    }

    @Test func veryShortWatchesCountAsFailures() {
        var bench = ReflectorBench()
        bench.watching("10")
        bench.now += .milliseconds(900)
        #expect(bench.watchEnds() == wait(800))
        #expect(bench.sits(out: wait(800)) == watch("10"))
        #expect(bench.watchEnds() == wait(1_600))
        #expect(bench.machine.counters.shortWatches == 2)
        // One that brought something is none.
        _ = bench.sits(out: wait(1_600))
        bench.event("11")
        #expect(bench.watchEnds() == watch("11"))
        // Nor is one that lasted.
        bench.now += .seconds(2)
        #expect(bench.watchEnds() == watch("11"))
    }

    @Test func internalErrorsAreMetWithWatchesForAWhileThenAList() {
        var bench = ReflectorBench { $0.backoff = Backoff(base: .seconds(10), cap: .seconds(10), jitter: .none) }
        bench.watching("10")
        for _ in 0..<4 {
            let action = bench.watchFails(.internalError("etcd"), inStream: true)
            #expect(bench.sits(out: action) == watch("10"))
        }
        let action = bench.watchFails(.internalError("etcd"), inStream: true)
        #expect(bench.sits(out: action) == firstPage)
        _ = bench.page("20")
        _ = bench.replaced()
        // Patience is back after a minute without one.
        bench.now += .seconds(61)
        let later = bench.watchFails(.internalError("etcd"), inStream: true)
        #expect(bench.sits(out: later) == watch("20"))
    }

    @Test func anUndecodableEventIsWatchedForAgainThenListed() {
        var bench = ReflectorBench()
        bench.watching("10")
        bench.event("11")
        let first = bench.undecodable()
        #expect(bench.sits(out: first) == watch("11"))
        let second = bench.undecodable()
        #expect(bench.sits(out: second) == firstPage)
        #expect(bench.machine.counters.undecodable == 2)
        // One further on is another first.
        _ = bench.page("15")
        _ = bench.replaced()
        let third = bench.undecodable()
        #expect(bench.sits(out: third) == watch("15"))
    }

    @Test func fourOhFourListsWithBackoffAndTheListDecides() {
        var bench = ReflectorBench()
        bench.watching("10")
        // A server that lists what it doesn't watch is not flooded.
        for delay in [800, 1_600, 3_200] {
            #expect(bench.watchFails(.notFound("gone")) == wait(delay))
            #expect(bench.sits(out: wait(delay)) == firstPage)
            _ = bench.page("10")
            _ = bench.replaced()
        }
        let relist = bench.watchFails(.notFound("gone"))
        #expect(bench.sits(out: relist) == firstPage)
        #expect(bench.listFails(.notFound("gone")) == wait(5_000))
    }

    @Test func fourOhThreeKeepsItsVersionAndTriesSlowly() {
        var bench = ReflectorBench()
        bench.watching("10")
        for quick in [800, 1_600, 3_200, 6_400] {
            #expect(bench.watchFails(.forbidden("cannot watch slos")) == wait(quick))
            #expect(bench.sits(out: wait(quick)) == watch("10"))
        }
        guard case .wait(let delay) = bench.watchFails(.forbidden("cannot watch slos")) else { return #expect(Bool(false)) }
        #expect(delay >= .seconds(24))
        #expect(bench.machine.trouble == .forbidden("cannot watch slos"))
        #expect(bench.sits(out: .wait(delay)) == watch("10"))
        bench.machine.watchStarted(now: bench.now)
        #expect(bench.machine.trouble == nil)
    }

    @Test func theDeadlineIsTheTimeoutUntilABookmarkAndThenSilence() {
        var bench = ReflectorBench()
        bench.watching("10")
        #expect(bench.machine.watchDeadline == .seconds(405))
        bench.now = .seconds(100)
        bench.event("11")
        #expect(bench.machine.watchDeadline == .seconds(405))
        bench.now = .seconds(120)
        bench.bookmark("12")
        #expect(bench.machine.watchDeadline == .seconds(270))
        bench.now = .seconds(200)
        bench.event("13")
        #expect(bench.machine.watchDeadline == .seconds(350))
        bench.now = .seconds(300)
        bench.bookmark("14")
        #expect(bench.machine.watchDeadline == .seconds(405))
        bench.now = .seconds(405)
        let action = bench.machine.watchTimedOut(now: bench.now, using: &bench.generator)
        #expect(bench.machine.watchDeadline == nil)
        #expect(bench.sits(out: action) == watch("14"))
        // A new stream has seen no bookmark.
        #expect(bench.machine.watchDeadline == bench.now + .seconds(405))
    }

    @Test func aBookmarkWithoutAVersionMovesNothing() {
        var bench = ReflectorBench()
        bench.watching("10")
        bench.bookmark("")
        #expect(bench.machine.resourceVersion == "10")
    }

    @Test func aWatchNeverTakesAnOlderVersion() {
        var bench = ReflectorBench()
        bench.watching("10")
        bench.event("12")
        bench.event("9")
        bench.bookmark("11")
        #expect(bench.machine.resourceVersion == "12")
    }

    @Test(arguments: 1...20) func watchTimeoutsAreSpread(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var settings = ReflectorMachine.Settings()
        settings.usesWatchList = false
        var machine = ReflectorMachine(settings: settings)
        _ = machine.start(now: .zero, using: &generator)
        _ = machine.listed(resourceVersion: "1", continueToken: nil, now: .zero, using: &generator)
        guard case .watch(_, let seconds) = machine.replaced(now: .zero, using: &generator) else { return #expect(Bool(false)) }
        #expect((300...600).contains(seconds))
    }

    /// Whatever the server does, the machine goes on: it never stops asking, never asks without waiting after failures in a row, and never
    /// watches from a version it was not given.
    @Test(arguments: 1...50, [true, false]) func fuzz(seed: Int, watchList: Bool) {
        var bench = ReflectorBench { $0.usesWatchList = watchList }
        bench.generator = SeededGenerator(seed: UInt64(seed))
        var dice = SeededGenerator(seed: UInt64(seed) &+ 1_000)
        let failures: [RequestFailure] = [
            .expired, .tooLargeResourceVersion, .throttled(retryAfter: nil), .throttled(retryAfter: .seconds(1)), .notFound("x"), .forbidden("x"),
            .unauthorized("x"), .internalError("x"), .connection("x"), .undecodable("x"), .other("x"),
        ]
        var action = bench.start()
        var given: Set<String> = []
        var version = 0
        var failuresWithoutWait = 0
        for step in 0..<2_000 {
            let fails = Int.random(in: 0..<3, using: &dice) == 0
            let failure = failures.randomElement(using: &dice) ?? .expired
            switch action {
            case .list:
                version += 1
                if fails {
                    failuresWithoutWait += 1
                    action = bench.listFails(failure)
                } else {
                    given.insert("\(version)")
                    action = bench.page("\(version)", token: Bool.random(using: &dice) ? "t" : nil)
                    if case .replace = action { failuresWithoutWait = 0 }
                }
            case .replace(let at):
                #expect(given.contains(at))
                action = bench.replaced()
            case .confirmAbsence: action = fails ? bench.discoveryFails(failure) : bench.discovered(absent: Bool.random(using: &dice))
            case .clear: action = bench.replaced()
            case .watchList:
                version += 1
                bench.machine.initialEvent(now: bench.now)
                if fails {
                    failuresWithoutWait += 1
                    action = bench.watchFails(failure, inStream: Bool.random(using: &dice))
                } else {
                    given.insert("\(version)")
                    action = bench.initialEventsEnd("\(version)")
                    failuresWithoutWait = 0
                }
            case .follow: action = bench.watchEnds()
            case .watch(let from, _):
                #expect(given.contains(from), "seed \(seed), step \(step)")
                bench.now += .seconds(Int.random(in: 0...500, using: &dice))
                if fails {
                    failuresWithoutWait += 1
                    action = bench.watchFails(failure, inStream: Bool.random(using: &dice))
                } else {
                    version += 1
                    given.insert("\(version)")
                    if Bool.random(using: &dice) { bench.event("\(version)") } else { bench.bookmark("\(version)") }
                    action = bench.watchEnds()
                }
            case .wait(let delay):
                #expect(delay > .zero && delay <= .seconds(36))
                failuresWithoutWait = 0
                action = bench.sits(out: action) ?? action
            }
            #expect(failuresWithoutWait < 8, "seed \(seed), step \(step): asks on without waiting")
        }
    }
}
