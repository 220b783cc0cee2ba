import KubeRuntime
import Testing
import Values

private let firstPage = ReflectorMachine.Action.firstPage
private func watch(_ version: String) -> ReflectorMachine.Action { .watchFrom(version) }
private func wait(_ milliseconds: Int) -> ReflectorMachine.Action { .waitFor(milliseconds) }

/// Cases of client-go's reflector_test.go, pager_test.go and of kube-rs, and our own (runtime.md 2.1).
struct ReflectorMachineListTests {
    @Test func aListThatDoesNotAdvanceBeginsAnewAfterAWhile() {
        var bench = ReflectorBench()
        _ = bench.start()
        guard case .list(_, "more", false) = bench.page("5", token: "more") else { return #expect(Bool(false), "the second page") }
        let action = bench.page("5", token: "more")
        guard case .list(_, nil, true) = bench.sits(out: action) else { return #expect(Bool(false), "\(action)") }
        #expect(bench.page("5") == .replace(resourceVersion: "5"))
    }

    @Test func listsThenReplacesThenWatches() {
        var bench = ReflectorBench()
        #expect(bench.start() == firstPage)
        #expect(bench.page("10") == .replace(resourceVersion: "10"))
        #expect(bench.replaced() == watch("10"))
        #expect(bench.machine.trouble == nil)
    }

    @Test func pagesFollowTheTokenAndTheLastNamesTheVersion() {
        var bench = ReflectorBench()
        _ = bench.start()
        // kube-rs: the first page may lack a version.
        #expect(bench.page("", token: "t1") == .list(limit: 500, continueToken: "t1", startsOver: false))
        #expect(bench.page("10", token: "t2") == .list(limit: 500, continueToken: "t2", startsOver: false))
        #expect(bench.page("10", token: "") == .replace(resourceVersion: "10"))
    }

    @Test func aListWithoutAVersionIsAFailure() {
        var bench = ReflectorBench()
        _ = bench.start()
        #expect(bench.page("") == wait(800))
        #expect(bench.machine.trouble != nil)
    }

    @Test func anExpiredTokenStartsOverTwiceThenAsksForAll() {
        var bench = ReflectorBench()
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
        var bench = ReflectorBench()
        _ = bench.start()
        #expect(bench.listFails(.expired) == wait(800))
        #expect(bench.sits(out: wait(800)) == firstPage)
    }

    @Test(arguments: [
        RequestFailure.connection("refused"), .throttled(retryAfter: nil), .internalError("x"), .tooLargeResourceVersion, .undecodable("x"),
    ])
    func aFailedPageIsAskedForAgainWithBackoff(failure: RequestFailure) {
        var bench = ReflectorBench()
        _ = bench.start()
        _ = bench.page("10", token: "t1")
        #expect(bench.listFails(failure) == wait(800))
        #expect(bench.sits(out: wait(800)) == .list(limit: 500, continueToken: "t1", startsOver: false))
        #expect(bench.listFails(failure) == wait(1_600))
    }

    @Test func retryAfterIsHonoured() {
        var bench = ReflectorBench()
        _ = bench.start()
        #expect(bench.listFails(.throttled(retryAfter: .seconds(7))) == wait(7_000))
        #expect(bench.sits(out: wait(7_000)) == firstPage)
    }

    /// A server's word can't silence the cache: 30 s and jitter at the most.
    @Test(arguments: [Swift.Duration.seconds(31), .seconds(86_400), .seconds(Int64.max)]) func retryAfterIsBounded(after: Swift.Duration) {
        var bench = ReflectorBench()
        _ = bench.start()
        #expect(bench.listFails(.throttled(retryAfter: after)) == wait(30_000))
        bench.watching("10")
        #expect(bench.watchFails(.throttled(retryAfter: after)) == wait(30_000))
        var spread = ReflectorBench { $0.backoff = .reflector }
        _ = spread.start()
        guard case .wait(let delay) = spread.listFails(.throttled(retryAfter: after)) else { return #expect(Bool(false)) }
        #expect(delay > .seconds(30) && delay <= .seconds(36))
    }

    @Test func backoffGrowsToItsCapAndResetsAfterHealth() {
        var bench = ReflectorBench()
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
        var bench = ReflectorBench()
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
        var bench = ReflectorBench()
        _ = bench.start()
        #expect(bench.listFails(.unauthorized("expired token")) == wait(800))
        #expect(bench.machine.trouble == .unauthorized("expired token"))
    }

    @Test func anAbsentKindIsConfirmedThenProbedSlowlyAndComesBack() {
        var bench = ReflectorBench()
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
        var bench = ReflectorBench()
        _ = bench.start()
        #expect(bench.missing() == .confirmAbsence)
        #expect(bench.discovered(absent: false) == wait(800))
        #expect(!bench.machine.isAbsent)
        #expect(bench.sits(out: wait(800)) == firstPage)
        // The confirmation begins anew.
        #expect(bench.listFails(.notFound("no slos")) == wait(5_000))
    }

    @Test func aDiscoveryThatFailsProvesNothingAndIsAskedAgain() {
        var bench = ReflectorBench()
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
        var bench = ReflectorBench()
        _ = bench.start()
        _ = bench.listFails(.notFound("no slos"))
        bench.now += .seconds(6)
        _ = bench.listFails(.connection("refused"))
        bench.now += .seconds(6)
        #expect(bench.listFails(.notFound("no slos")) == wait(5_000))
    }
}
