import KubeRuntime
import Testing
import Values

/// A machine with its time and generator, and short words for what the server does.
private struct Bench {
    var machine: ReflectorMachine
    var now = Swift.Duration.zero
    var generator = SeededGenerator(seed: 1)

    init(_ adjust: (inout ReflectorMachine.Settings) -> Void = { _ in }) {
        var settings = ReflectorMachine.Settings()
        settings.backoff.jitter = .none
        settings.watchSeconds = 400...400
        settings.usesWatchList = false
        adjust(&settings)
        machine = ReflectorMachine(settings: settings)
    }

    mutating func start() -> ReflectorMachine.Action { machine.start(now: now, using: &generator) }
    mutating func page(_ version: String, token: String? = nil) -> ReflectorMachine.Action {
        machine.listed(resourceVersion: version, continueToken: token, now: now, using: &generator)
    }
    mutating func listFails(_ failure: RequestFailure) -> ReflectorMachine.Action { machine.listFailed(failure, now: now, using: &generator) }
    mutating func discovered(absent: Bool) -> ReflectorMachine.Action { machine.absenceAnswered(absent, now: now, using: &generator) }
    mutating func discoveryFails(_ failure: RequestFailure) -> ReflectorMachine.Action {
        machine.absenceUnanswered(failure, now: now, using: &generator)
    }
    /// Lists until 404 has lasted long enough to be looked into.
    mutating func missing() -> ReflectorMachine.Action {
        var action = listFails(.notFound("no slos"))
        while let next = sits(out: action), next == firstPage { action = listFails(.notFound("no slos")) }
        return action
    }
    mutating func replaced() -> ReflectorMachine.Action { machine.replaced(now: now, using: &generator) }
    mutating func watchFails(_ failure: RequestFailure, inStream: Bool = false) -> ReflectorMachine.Action {
        machine.watchFailed(failure, inStream: inStream, now: now, using: &generator)
    }
    mutating func initialEventsEnd(_ version: String) -> ReflectorMachine.Action {
        machine.initialEventsEnded(resourceVersion: version, now: now, using: &generator)
    }
    mutating func watchEnds() -> ReflectorMachine.Action { machine.watchEnded(now: now, using: &generator) }
    mutating func undecodable() -> ReflectorMachine.Action { machine.undecodableEvent("no JSON", now: now, using: &generator) }
    mutating func event(_ version: String) { machine.accepted(resourceVersion: version, now: now) }
    mutating func bookmark(_ version: String) { machine.bookmark(resourceVersion: version, now: now) }
    /// Goes through a wait; nil where the action is none.
    mutating func sits(out action: ReflectorMachine.Action) -> ReflectorMachine.Action? {
        guard case .wait(let delay) = action else { return nil }
        now += delay
        return machine.waited(now: now, using: &generator)
    }
    /// Lists and watches from `version`, for cases about what comes after.
    mutating func watching(_ version: String) {
        _ = start()
        _ = page(version)
        _ = replaced()
        machine.watchStarted(now: now)
    }
}

private let firstPage = ReflectorMachine.Action.list(limit: 500, continueToken: nil, startsOver: true)
private func watch(_ version: String) -> ReflectorMachine.Action { .watch(resourceVersion: version, timeoutSeconds: 400) }
private func wait(_ milliseconds: Int) -> ReflectorMachine.Action { .wait(.milliseconds(milliseconds)) }

/// Cases of client-go's reflector_test.go, pager_test.go and of kube-rs, and our own (runtime.md 2.1).
struct ReflectorMachineListTests {
    @Test func aListThatDoesNotAdvanceBeginsAnewAfterAWhile() {
        var bench = Bench()
        _ = bench.start()
        guard case .list(_, "more", false) = bench.page("5", token: "more") else { return #expect(Bool(false), "the second page") }
        let action = bench.page("5", token: "more")
        guard case .list(_, nil, true) = bench.sits(out: action) else { return #expect(Bool(false), "\(action)") }
        #expect(bench.page("5") == .replace(resourceVersion: "5"))
    }

    @Test func listsThenReplacesThenWatches() {
        var bench = Bench()
        #expect(bench.start() == firstPage)
        #expect(bench.page("10") == .replace(resourceVersion: "10"))
        #expect(bench.replaced() == watch("10"))
        #expect(bench.machine.trouble == nil)
    }

    @Test func pagesFollowTheTokenAndTheLastNamesTheVersion() {
        var bench = Bench()
        _ = bench.start()
        // kube-rs: the first page may lack a version.
        #expect(bench.page("", token: "t1") == .list(limit: 500, continueToken: "t1", startsOver: false))
        #expect(bench.page("10", token: "t2") == .list(limit: 500, continueToken: "t2", startsOver: false))
        #expect(bench.page("10", token: "") == .replace(resourceVersion: "10"))
    }

    @Test func aListWithoutAVersionIsAFailure() {
        var bench = Bench()
        _ = bench.start()
        #expect(bench.page("") == wait(800))
        #expect(bench.machine.trouble != nil)
    }

    @Test func anExpiredTokenStartsOverTwiceThenAsksForAll() {
        var bench = Bench()
        _ = bench.start()
        for _ in 0..<2 {
            _ = bench.page("10", token: "t")
            #expect(bench.listFails(.expired) == firstPage)
        }
        _ = bench.page("10", token: "t")
        #expect(bench.listFails(.expired) == .list(limit: 0, continueToken: nil, startsOver: true))
        #expect(bench.page("12") == .replace(resourceVersion: "12"))
        // The next list may page again.
        _ = bench.replaced()
        let relist = bench.watchFails(.expired)
        #expect(bench.sits(out: relist) == firstPage)
    }

    @Test func anExpiredFirstPageBacksOff() {
        var bench = Bench()
        _ = bench.start()
        #expect(bench.listFails(.expired) == wait(800))
        #expect(bench.sits(out: wait(800)) == firstPage)
    }

    @Test(arguments: [
        RequestFailure.connection("refused"), .throttled(retryAfter: nil), .internalError("x"), .tooLargeResourceVersion, .undecodable("x"),
    ])
    func aFailedPageIsAskedForAgainWithBackoff(failure: RequestFailure) {
        var bench = Bench()
        _ = bench.start()
        _ = bench.page("10", token: "t1")
        #expect(bench.listFails(failure) == wait(800))
        #expect(bench.sits(out: wait(800)) == .list(limit: 500, continueToken: "t1", startsOver: false))
        #expect(bench.listFails(failure) == wait(1_600))
    }

    @Test func retryAfterIsHonoured() {
        var bench = Bench()
        _ = bench.start()
        #expect(bench.listFails(.throttled(retryAfter: .seconds(7))) == wait(7_000))
        #expect(bench.sits(out: wait(7_000)) == firstPage)
    }

    /// A server's word can't silence the cache: 30 s and jitter at the most.
    @Test(arguments: [Swift.Duration.seconds(31), .seconds(86_400), .seconds(Int64.max)]) func retryAfterIsBounded(after: Swift.Duration) {
        var bench = Bench()
        _ = bench.start()
        #expect(bench.listFails(.throttled(retryAfter: after)) == wait(30_000))
        bench.watching("10")
        #expect(bench.watchFails(.throttled(retryAfter: after)) == wait(30_000))
        var spread = Bench { $0.backoff = .reflector }
        _ = spread.start()
        guard case .wait(let delay) = spread.listFails(.throttled(retryAfter: after)) else { return #expect(Bool(false)) }
        #expect(delay > .seconds(30) && delay <= .seconds(36))
    }

    @Test func backoffGrowsToItsCapAndResetsAfterHealth() {
        var bench = Bench()
        _ = bench.start()
        var delays: [Swift.Duration] = []
        for _ in 0..<8 {
            guard case .wait(let delay) = bench.listFails(.connection("refused")) else { return #expect(Bool(false)) }
            delays.append(delay)
            _ = bench.sits(out: .wait(delay))
        }
        #expect(
            delays == [
                .milliseconds(800), .milliseconds(1_600), .milliseconds(3_200), .milliseconds(6_400), .milliseconds(12_800), .milliseconds(25_600),
                .seconds(30), .seconds(30),
            ])
        _ = bench.page("10")
        _ = bench.replaced()
        bench.now += .seconds(121)
        #expect(bench.watchFails(.connection("reset")) == wait(800))
    }

    @Test func fourOhThreeIsNamedAndRetriedSlowly() {
        var bench = Bench()
        _ = bench.start()
        for quick in [800, 1_600, 3_200, 6_400] {
            #expect(bench.listFails(.forbidden("cannot list slos")) == wait(quick))
            #expect(bench.sits(out: wait(quick)) == firstPage)
        }
        guard case .wait(let delay) = bench.listFails(.forbidden("cannot list slos")) else { return #expect(Bool(false)) }
        #expect(delay >= .seconds(24) && delay <= .seconds(36))
        #expect(bench.machine.trouble == .forbidden("cannot list slos"))
        #expect(bench.sits(out: .wait(delay)) == firstPage)
    }

    @Test func fourOhOneBacksOffAndIsNamed() {
        var bench = Bench()
        _ = bench.start()
        #expect(bench.listFails(.unauthorized("expired token")) == wait(800))
        #expect(bench.machine.trouble == .unauthorized("expired token"))
    }

    @Test func anAbsentKindIsConfirmedThenProbedSlowlyAndComesBack() {
        var bench = Bench()
        _ = bench.start()
        // An API server that is starting answers 404 for a while: nothing is deleted on its first word.
        #expect(bench.listFails(.notFound("no slos")) == wait(5_000))
        #expect(!bench.machine.isAbsent)
        _ = bench.sits(out: wait(5_000))
        #expect(bench.listFails(.notFound("no slos")) == wait(5_000))
        _ = bench.sits(out: wait(5_000))
        #expect(bench.listFails(.notFound("no slos")) == .confirmAbsence)
        #expect(!bench.machine.isAbsent)
        #expect(bench.discovered(absent: true) == .clear)
        #expect(bench.machine.isAbsent)
        guard case .wait(let delay) = bench.replaced() else { return #expect(Bool(false)) }
        #expect(delay >= .seconds(24) && delay <= .seconds(36))
        #expect(bench.machine.trouble == .absent("no slos"))
        #expect(bench.sits(out: .wait(delay)) == firstPage)
        // Still absent: the store is empty already.
        guard case .wait = bench.listFails(.notFound("no slos")) else { return #expect(Bool(false)) }
        #expect(bench.sits(out: .wait(.seconds(30))) == firstPage)
        #expect(bench.page("99") == .replace(resourceVersion: "99"))
        #expect(!bench.machine.isAbsent)
        #expect(bench.replaced() == watch("99"))
        #expect(bench.machine.trouble == nil)
    }

    @Test func whatDiscoveryHasIsNotAbsent() {
        var bench = Bench()
        _ = bench.start()
        #expect(bench.missing() == .confirmAbsence)
        #expect(bench.discovered(absent: false) == wait(800))
        #expect(!bench.machine.isAbsent)
        #expect(bench.sits(out: wait(800)) == firstPage)
        // The confirmation begins anew.
        #expect(bench.listFails(.notFound("no slos")) == wait(5_000))
    }

    @Test func aDiscoveryThatFailsProvesNothingAndIsAskedAgain() {
        var bench = Bench()
        _ = bench.start()
        #expect(bench.missing() == .confirmAbsence)
        #expect(bench.discoveryFails(.connection("refused")) == wait(800))
        #expect(!bench.machine.isAbsent)
        #expect(bench.sits(out: wait(800)) == firstPage)
        #expect(bench.listFails(.notFound("no slos")) == .confirmAbsence)
        #expect(bench.discoveryFails(.throttled(retryAfter: .seconds(9))) == wait(9_000))
        #expect(bench.sits(out: wait(9_000)) == firstPage)
        #expect(bench.listFails(.notFound("no slos")) == .confirmAbsence)
        #expect(bench.discovered(absent: true) == .clear)
    }

    @Test func anotherFailureBetweenBeginsTheConfirmationAnew() {
        var bench = Bench()
        _ = bench.start()
        _ = bench.listFails(.notFound("no slos"))
        bench.now += .seconds(6)
        _ = bench.listFails(.connection("refused"))
        bench.now += .seconds(6)
        #expect(bench.listFails(.notFound("no slos")) == wait(5_000))
    }
}

struct ReflectorMachineWatchTests {
    @Test func anOrderlyEndIsFollowedByAWatchFromTheLastVersion() {
        var bench = Bench()
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
        var bench = Bench()
        bench.watching("10")
        bench.now += .seconds(30)
        #expect(bench.watchFails(failure, inStream: inStream) == wait(800))
        #expect(bench.sits(out: wait(800)) == firstPage)
    }

    @Test func aServerThatExpiresEverythingIsNotFlooded() {
        var bench = Bench()
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
        var bench = Bench()
        bench.watching("10")
        bench.event("12")
        for delay in [800, 1_600, 3_200] {
            #expect(bench.watchFails(failure, inStream: inStream) == wait(delay))
            #expect(bench.sits(out: wait(delay)) == watch("12"))
        }
        #expect(bench.machine.counters.lists == 1)
    }

    @Test func retryAfterIsHonouredWithoutAList() {
        var bench = Bench()
        bench.watching("10")
        #expect(bench.watchFails(.throttled(retryAfter: .seconds(3)), inStream: true) == wait(3_000))
        #expect(bench.sits(out: wait(3_000)) == watch("10"))
    }

    @Test func veryShortWatchesCountAsFailures() {
        var bench = Bench()
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
        var bench = Bench { $0.backoff = Backoff(base: .seconds(10), cap: .seconds(10), jitter: .none) }
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
        var bench = Bench()
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
        var bench = Bench()
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
        var bench = Bench()
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
        var bench = Bench()
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
        var bench = Bench()
        bench.watching("10")
        bench.bookmark("")
        #expect(bench.machine.resourceVersion == "10")
    }

    @Test func aWatchNeverTakesAnOlderVersion() {
        var bench = Bench()
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
        var bench = Bench { $0.usesWatchList = watchList }
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
