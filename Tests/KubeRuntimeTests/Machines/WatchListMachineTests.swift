import KubeRuntime
import Testing
import Values

/// Cases of client-go's reflector_watchlist_test.go, and our own (runtime.md 2.1.5): all objects as the beginning of a watch.
struct WatchListMachineTests {
    private struct Bench {
        var machine: ReflectorMachine
        var now = Swift.Duration.zero
        var generator = SeededGenerator(seed: 1)

        init() {
            var settings = ReflectorMachine.Settings()
            settings.backoff.jitter = .none
            settings.watchSeconds = 400...400
            machine = ReflectorMachine(settings: settings)
        }

        mutating func start() -> ReflectorMachine.Action { machine.start(now: now, using: &generator) }
        mutating func ends(_ version: String) -> ReflectorMachine.Action {
            machine.initialEventsEnded(resourceVersion: version, now: now, using: &generator)
        }
        mutating func replaced() -> ReflectorMachine.Action { machine.replaced(now: now, using: &generator) }
        mutating func fails(_ failure: RequestFailure, inStream: Bool = false) -> ReflectorMachine.Action {
            machine.watchFailed(failure, inStream: inStream, now: now, using: &generator)
        }
        mutating func sits(out action: ReflectorMachine.Action) -> ReflectorMachine.Action? {
            guard case .wait(let delay) = action else { return nil }
            now += delay
            return machine.waited(now: now, using: &generator)
        }
        mutating func following(_ version: String) {
            _ = start()
            machine.watchStarted(now: now)
            _ = ends(version)
            _ = replaced()
        }
    }

    private static let all = ReflectorMachine.Action.watchList(timeoutSeconds: 400)
    private static let firstPage = ReflectorMachine.Action.list(limit: 500, continueToken: nil, startsOver: true)

    @Test func theStoreGetsAllAtTheEndOfTheBeginningAndTheStreamGoesOn() {
        var bench = Bench()
        #expect(bench.start() == Self.all)
        bench.machine.watchStarted(now: bench.now)
        for _ in 0..<3 { bench.machine.initialEvent(now: bench.now) }
        #expect(bench.machine.resourceVersion == nil)
        #expect(bench.ends("20") == .replace(resourceVersion: "20"))
        #expect(bench.replaced() == .follow)
        bench.machine.accepted(resourceVersion: "21", now: bench.now)
        #expect(bench.machine.resourceVersion == "21")
        #expect(bench.machine.counters.lists == 0)
        bench.now += .seconds(2)
        #expect(bench.machine.watchEnded(now: bench.now, using: &bench.generator) == .watch(resourceVersion: "21", timeoutSeconds: 400))
    }

    /// 400 and 422 of servers before 1.32 or with the feature off, and whatever else stands against it: the list is asked at once, now and later.
    @Test(arguments: [RequestFailure.other("422 Invalid"), .forbidden("x"), .notFound("x")]) func aRefusalLeadsToListsForGood(failure: RequestFailure)
    {
        var bench = Bench()
        _ = bench.start()
        #expect(bench.fails(failure) == Self.firstPage)
        #expect(bench.machine.hasFallenBack)
        _ = bench.machine.listed(resourceVersion: "10", continueToken: nil, now: bench.now, using: &bench.generator)
        #expect(bench.replaced() == .watch(resourceVersion: "10", timeoutSeconds: 400))
        let relist = bench.fails(.expired)
        #expect(bench.sits(out: relist) == Self.firstPage)
    }

    @Test(arguments: [RequestFailure.throttled(retryAfter: nil), .connection("refused"), .expired, .tooLargeResourceVersion, .unauthorized("x")])
    func whatPassesIsTriedAgainTheSameWay(failure: RequestFailure) {
        var bench = Bench()
        _ = bench.start()
        for delay in [800, 1_600, 3_200, 6_400] {
            #expect(bench.fails(failure) == .wait(.milliseconds(delay)))
            #expect(bench.sits(out: .wait(.milliseconds(delay))) == Self.all)
        }
        #expect(!bench.machine.hasFallenBack)
    }

    /// A server that takes the parameters and doesn't know them sends objects, and never says where they end.
    @Test func aBeginningWithoutAnEndIsTriedTwiceThenListed() {
        var bench = Bench()
        _ = bench.start()
        for attempt in 0..<2 {
            bench.machine.watchStarted(now: bench.now)
            bench.machine.initialEvent(now: bench.now)
            #expect(bench.machine.watchDeadline == bench.now + .seconds(30))
            bench.now += .seconds(30)
            let action = bench.machine.watchTimedOut(now: bench.now, using: &bench.generator)
            #expect(bench.sits(out: action) == (attempt == 0 ? Self.all : Self.firstPage))
        }
    }

    @Test func aStreamThatEndsInTheBeginningStartsOver() {
        var bench = Bench()
        _ = bench.start()
        bench.machine.watchStarted(now: bench.now)
        bench.machine.initialEvent(now: bench.now)
        let action = bench.machine.watchEnded(now: bench.now, using: &bench.generator)
        #expect(bench.sits(out: action) == Self.all)
        #expect(bench.machine.resourceVersion == nil)
    }

    @Test func anEstablishedStreamThatBreaksIsWatchedOnFromItsVersion() {
        var bench = Bench()
        bench.following("20")
        let action = bench.fails(.connection("reset"))
        #expect(bench.sits(out: action) == .watch(resourceVersion: "20", timeoutSeconds: 400))
    }

    @Test func anEstablishedStreamThatExpiresBeginsAnew() {
        var bench = Bench()
        bench.following("20")
        let action = bench.fails(.expired, inStream: true)
        #expect(bench.sits(out: action) == Self.all)
    }

    /// The bookmark at the beginning's end shows that this server sends bookmarks.
    @Test func silenceCountsFromTheEndOfTheBeginning() {
        var bench = Bench()
        bench.now = .seconds(10)
        bench.following("20")
        #expect(bench.machine.watchDeadline == .seconds(160))
    }

    @Test func anUnreadableObjectIsLeftOutAndCounted() {
        var bench = Bench()
        _ = bench.start()
        bench.machine.skipped(resourceVersion: "3", now: bench.now)
        _ = bench.ends("20")
        _ = bench.replaced()
        bench.machine.skipped(resourceVersion: "25", now: bench.now)
        #expect(bench.machine.resourceVersion == "25")
        #expect(bench.machine.counters.undecodable == 2)
        #expect(bench.machine.trouble == nil)
    }
}
