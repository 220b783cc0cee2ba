import KubeModel
import Notify
import ServiceLevels
import Testing
import Values

@testable import ServiceLevelsController

struct DeliveryMachineTests {
    private typealias Key = DeliveryMachine.Key

    private static let a = ObjectKey(namespace: "shop", name: "a")
    private static let b = ObjectKey(namespace: "shop", name: "b")

    private static func traits(
        concurrency: Int = 1, batch: Int = 1, spacing: Swift.Duration = .zero, repetition: Swift.Duration? = nil
    ) -> NotifierTraits {
        var traits = NotifierTraits()
        (traits.concurrency, traits.batch, traits.spacing, traits.repetition) = (concurrency, batch, spacing, repetition)
        return traits
    }

    private static func message(_ slo: ObjectKey, _ state: Notification.State = .firing, since: Int64 = 100, reference: String = "") -> Message {
        Message(
            Notification(
                identity: .init(instance: "main", namespace: slo.namespace, slo: slo.name, policy: "warn"), severity: .page, state: state,
                service: "s", title: "t", text: "x", startedAt: Instant(seconds: since)), reference: reference)
    }

    /// A machine with a clock and dice of its own.
    private struct Rig {
        var machine: DeliveryMachine
        var now = Swift.Duration.zero
        /// Whether what was last wanted can begin.
        var isNew = false
        var givenUp: [Key] = []
        var generator = SeededGenerator(seed: 1)

        init(_ traits: NotifierTraits = DeliveryMachineTests.traits()) { machine = DeliveryMachine(notifier: "n", traits: traits) }

        mutating func want(_ slo: ObjectKey, _ message: Message?, isTold: Bool = false) {
            isNew = machine.want(slo, message.map { [("warn", $0, isTold)] } ?? [], now: now)
        }
        mutating func take() -> [Key] { machine.take(now: now).map(\.key) }
        mutating func finish(_ keys: [Key], _ result: Result<String, NotifyFailure> = .success("")) -> Set<ObjectKey> {
            let finished = machine.finished(keys, result, now: now, using: &generator)
            givenUp += finished.givenUp
            return finished.news
        }
        /// Moves on to when something can begin.
        mutating func skip() -> Swift.Duration {
            let wait = machine.wait(now: now) ?? .zero
            now += wait
            return wait
        }
        func outcome(_ slo: ObjectKey) -> NotificationResult.Outcome? { machine.results(of: slo).first?.outcome }
    }

    /// A new configuration makes new machines.
    @Test func whatIsStillToBeToldOfTheGoneIsHandedOn() throws {
        var old = Rig()
        old.want(Self.a, Self.message(Self.a))
        old.want(Self.b, Self.message(Self.b))
        #expect(old.finish(old.take()) == [Self.a])
        old.machine.forget(Self.a, now: old.now)
        #expect(old.machine.orphans.map(\.slo) == [Self.a], "what is in a status is found there")
        var new = Rig()
        new.machine.adopt(old.machine.orphans, now: new.now)
        #expect(new.machine.pending == 1)
        let told = new.machine.take(now: new.now)
        #expect(told.map(\.key.slo) == [Self.a] && told.map(\.message.notification.state) == [.resolved])
        _ = new.finish(told.map(\.key))
        #expect(new.machine.orphans == [] && new.machine.pending == 0)
        // One of that name that is there again has a say of its own.
        var again = Rig()
        again.want(Self.a, Self.message(Self.a, since: 200))
        again.machine.adopt(old.machine.orphans, now: again.now)
        #expect(again.machine.take(now: again.now).map(\.message.notification.state) == [.firing])
    }

    private static let away = Result<String, NotifyFailure>.failure(NotifyFailure("away", isFinal: false))
    private static let refused = Result<String, NotifyFailure>.failure(NotifyFailure("no", isFinal: true))

    @Test func tellsOnceAndSaysSo() {
        var rig = Rig()
        rig.want(Self.a, Self.message(Self.a))
        #expect(rig.machine.pending == 1)
        let taken = rig.take()
        #expect(taken == [Key(slo: Self.a, policy: "warn")])
        #expect(rig.take() == [], "one message at once")
        #expect(rig.finish(taken, .success("OPS-1")) == [Self.a])
        #expect(
            rig.machine.results(of: Self.a) == [
                NotificationResult(
                    policy: "warn", notifier: "n", isFiring: true, since: Instant(seconds: 100), outcome: .delivered(reference: "OPS-1"))
            ])
        #expect(rig.machine.pending == 0)
        // The status lags behind, then has it: nothing more is sent.
        rig.want(Self.a, Self.message(Self.a))
        rig.want(Self.a, Self.message(Self.a, reference: "OPS-1"), isTold: true)
        #expect(rig.take() == [] && rig.machine.wait(now: rig.now) == nil)
        // Resolved: the same again, and then it is over.
        rig.want(Self.a, Self.message(Self.a, .resolved, reference: "OPS-1"))
        #expect(rig.finish(rig.take()) == [Self.a])
        #expect(rig.machine.results(of: Self.a).first?.isFiring == false)
        rig.want(Self.a, nil)
        #expect(rig.machine.results(of: Self.a) == [])
    }

    @Test func whatWasToldBeforeARestartIsNotToldAgain() {
        var rig = Rig()
        rig.want(Self.a, Self.message(Self.a), isTold: true)
        #expect(rig.take() == [] && rig.machine.pending == 0)
        // What was only about to be is.
        rig.want(Self.b, Self.message(Self.b))
        #expect(rig.take().map(\.slo) == [Self.b])
    }

    @Test func failuresAreTriedAgainEverMoreSeldomAndToldAfterThree() {
        var rig = Rig()
        rig.want(Self.a, Self.message(Self.a))
        var waits: [Swift.Duration] = []
        for attempt in 1...12 {
            let news = rig.finish(rig.take(), Self.away)
            #expect(news == (attempt == 3 ? [Self.a] : []), "attempt \(attempt)")
            waits.append(rig.skip())
        }
        #expect(waits[0] >= .milliseconds(800) && waits[0] <= .milliseconds(1200))
        #expect(waits.allSatisfy { $0 <= .seconds(360) } && waits[11] >= .seconds(240), "without end, but with a bound")
        #expect(rig.outcome(Self.a) == .failing("away"))
        #expect(rig.machine.pending == 1)
        #expect(rig.finish(rig.take()) == [Self.a])
        #expect(rig.outcome(Self.a) == .delivered(reference: ""))
    }

    @Test func refusalsAreToldAtOnceAndLookedAtSeldom() {
        var rig = Rig()
        rig.want(Self.a, Self.message(Self.a))
        #expect(rig.finish(rig.take(), Self.refused) == [Self.a])
        #expect(rig.outcome(Self.a) == .refused("no"))
        #expect(rig.skip() == .seconds(1800))
        #expect(rig.finish(rig.take(), Self.refused) == [], "the same is no news")
    }

    @Test func whoAsksToBeLeftAloneIs() {
        var rig = Rig(Self.traits(concurrency: 2))
        rig.want(Self.a, Self.message(Self.a))
        let first = rig.take()
        rig.want(Self.b, Self.message(Self.b))
        _ = rig.finish(first, .failure(NotifyFailure("429", isFinal: false, retryAfter: .seconds(30))))
        #expect(rig.take() == [], "the others wait too")
        #expect(rig.skip() == .seconds(30))
        #expect(Set(rig.take() + rig.take()).map(\.slo).sorted() == [Self.a, Self.b])
    }

    @Test func theEndWaitsForTheBegin() {
        var rig = Rig(Self.traits(concurrency: 4))
        rig.want(Self.a, Self.message(Self.a))
        let begin = rig.take()
        rig.want(Self.a, Self.message(Self.a, .resolved))
        #expect(rig.take() == [])
        #expect(rig.finish(begin) == [], "what came of the begin is no longer asked for")
        #expect(rig.machine.results(of: Self.a) == [])
        #expect(rig.take() == begin)
        #expect(rig.finish(begin) == [Self.a])
        #expect(rig.machine.results(of: Self.a).first?.isFiring == false)
    }

    @Test func theEndKnowsWhatTheBeginWasCalled() {
        var rig = Rig()
        rig.want(Self.a, Self.message(Self.a))
        let begin = rig.take()
        rig.want(Self.a, Self.message(Self.a, .resolved))
        _ = rig.finish(begin, .success("OPS-1"))
        // The status never had it, and says so again.
        rig.want(Self.a, Self.message(Self.a, .resolved))
        #expect(rig.machine.take(now: rig.now).map(\.message.reference) == ["OPS-1"])
        // Another occurrence is another matter.
        rig.want(Self.b, Self.message(Self.b))
        _ = rig.finish(begin)
        let other = rig.take()
        #expect(other.map(\.slo) == [Self.b])
        rig.want(Self.b, Self.message(Self.b, since: 200))
        _ = rig.finish(other, .success("OPS-2"))
        #expect(rig.machine.take(now: rig.now).map(\.message.reference) == [""])
    }

    @Test func messagesKeepTheirDistance() {
        var rig = Rig(Self.traits(spacing: .seconds(1)))
        rig.want(Self.a, Self.message(Self.a))
        rig.want(Self.b, Self.message(Self.b))
        _ = rig.finish(rig.take())
        #expect(rig.take() == [])
        #expect(rig.skip() == .seconds(1))
        #expect(rig.take().map(\.slo) == [Self.b])
    }

    @Test func whatLastsIsSentAgainInBatches() {
        var rig = Rig(Self.traits(batch: 10, repetition: .seconds(60)))
        rig.want(Self.a, Self.message(Self.a), isTold: true)
        rig.want(Self.b, Self.message(Self.b))
        let both = rig.take()
        #expect(both.map(\.slo) == [Self.a, Self.b], "what was told before a restart too")
        #expect(rig.finish(both) == [Self.b])
        #expect(rig.skip() == .seconds(60))
        #expect(rig.take() == both)
        #expect(rig.finish(both, Self.away) == [])
        #expect(rig.skip() < .seconds(2))
        _ = rig.finish(rig.take())
        // The end is sent once.
        rig.want(Self.a, Self.message(Self.a, .resolved))
        #expect(rig.take().map(\.slo) == [Self.a])
        #expect(rig.finish([Key(slo: Self.a, policy: "warn")]) == [Self.a])
        rig.want(Self.a, nil)
        rig.now += .seconds(120)
        #expect(rig.take().map(\.slo) == [Self.b])
    }

    @Test func oneThatIsRefusedDoesNotHoldUpThoseBesideIt() {
        var rig = Rig(Self.traits(batch: 10, repetition: .seconds(60)))
        rig.want(Self.a, Self.message(Self.a))
        rig.want(Self.b, Self.message(Self.b))
        #expect(rig.finish(rig.take(), Self.refused) == [], "whose fault it was is not known yet")
        let first = rig.take()
        #expect(first.map(\.slo) == [Self.a])
        #expect(rig.finish(first, Self.refused) == [Self.a])
        let second = rig.take()
        #expect(second.map(\.slo) == [Self.b])
        #expect(rig.finish(second) == [Self.b])
        #expect(rig.outcome(Self.a) == .refused("no") && rig.outcome(Self.b) == .delivered(reference: ""))
    }

    @Test func whatWasSuspectedGoesWithTheOthersAgain() {
        var rig = Rig(Self.traits(batch: 10, repetition: .seconds(60)))
        rig.want(Self.a, Self.message(Self.a))
        rig.want(Self.b, Self.message(Self.b))
        _ = rig.finish(rig.take(), Self.refused)
        for _ in 0..<2 { _ = rig.finish(rig.take()) }
        _ = rig.skip()
        #expect(rig.take().map(\.slo) == [Self.a, Self.b])
    }

    @Test func credentialsThatAreRefusedAreNobodysFault() {
        var rig = Rig(Self.traits(batch: 10, repetition: .seconds(60)))
        rig.want(Self.a, Self.message(Self.a))
        rig.want(Self.b, Self.message(Self.b))
        let both = rig.take()
        #expect(rig.finish(both, .failure(NotifyFailure("401", isFinal: true, concernsAll: true))) == [Self.a, Self.b])
        #expect(rig.take() == [])
        _ = rig.skip()
        #expect(rig.take() == both)
    }

    @Test func noPauseOutlastsWhatEndsByItself() {
        var rig = Rig(Self.traits(batch: 10, repetition: .seconds(60)))
        rig.want(Self.a, Self.message(Self.a), isTold: true)
        _ = rig.finish(rig.take(), Self.refused)
        #expect(rig.skip() == .seconds(60))
        _ = rig.finish(rig.take(), .failure(NotifyFailure("429", isFinal: false, retryAfter: .seconds(3600))))
        #expect(rig.skip() == .seconds(60))
        for _ in 0..<12 {
            _ = rig.finish(rig.take(), Self.away)
            #expect(rig.skip() <= .seconds(60))
        }
    }

    @Test func anSLOThatIsGoneIsResolvedAsFarAsAnybodyKnows() {
        var rig = Rig()
        rig.want(Self.a, Self.message(Self.a, reference: "OPS-1"), isTold: true)
        rig.want(Self.b, Self.message(Self.b))
        rig.machine.forget(Self.a, now: rig.now)
        rig.machine.forget(Self.b, now: rig.now)
        let taken = rig.machine.take(now: rig.now)
        #expect(taken.map(\.key.slo) == [Self.a], "of b nobody was told")
        #expect(taken.first?.message.notification.state == .resolved && taken.first?.message.reference == "OPS-1")
        #expect(rig.machine.results(of: Self.a) == [], "nobody asks for it")
        _ = rig.finish(taken.map(\.key), Self.away)
        // Another under the name that wants nothing told changes nothing of that.
        rig.want(Self.a, nil)
        #expect(rig.skip() > .zero)
        #expect(rig.finish(rig.take()) == [Self.a])
        #expect(rig.machine.pending == 0 && rig.machine.wait(now: rig.now) == nil)
    }

    @Test func theEndOfWhatIsGoneIsGivenUpOneDay() {
        var rig = Rig()
        rig.want(Self.a, Self.message(Self.a), isTold: true)
        rig.machine.forget(Self.a, now: rig.now)
        var attempts = 0
        while attempts < 100 {
            let taken = rig.take()
            if taken.isEmpty { break }
            attempts += 1
            _ = rig.finish(taken, Self.away)
            _ = rig.skip()
        }
        #expect(attempts == 30)
        #expect(rig.now > .seconds(6000) && rig.now < .seconds(9000), "about two hours: \(rig.now)")
        #expect(rig.machine.pending == 0 && rig.givenUp == [Key(slo: Self.a, policy: "warn")])
    }

    @Test func whatIsToldAlreadyCallsNobody() {
        var rig = Rig()
        rig.want(Self.a, nil)
        #expect(!rig.isNew)
        rig.want(Self.a, Self.message(Self.a))
        #expect(rig.isNew)
        rig.want(Self.a, Self.message(Self.a))
        #expect(!rig.isNew)
        _ = rig.finish(rig.take())
        rig.want(Self.a, Self.message(Self.a), isTold: true)
        #expect(!rig.isNew)
        rig.want(Self.a, Self.message(Self.a, .resolved))
        #expect(rig.isNew)
    }

    /// What is kept along is what counting would find: nothing is pending exactly when nothing is under way or due.
    @Test(arguments: 1...20) func pendingIsCountedAlong(seed: UInt64) {
        var rig = Rig(Self.traits(concurrency: 2))
        var dice = SeededGenerator(seed: seed)
        let slos = (0..<5).map { ObjectKey(namespace: "shop", name: "s\($0)") }
        var underWay: [[Key]] = []
        for step in 0..<300 {
            let slo = slos[Int.random(in: 0..<5, using: &dice)]
            switch Int.random(in: 0..<6, using: &dice) {
            case 0: rig.want(slo, Self.message(slo, .firing, since: Int64.random(in: 1...2, using: &dice)))
            case 1: rig.want(slo, Self.message(slo, .resolved, since: Int64.random(in: 1...2, using: &dice)), isTold: .random(using: &dice))
            case 2: rig.want(slo, nil)
            case 3: rig.machine.forget(slo, now: rig.now)
            case 4:
                let taken = rig.take()
                if !taken.isEmpty { underWay.append(taken) }
            default:
                if let keys = underWay.popLast() {
                    _ = rig.finish(keys, [.success("r"), Self.away, Self.refused][Int.random(in: 0..<3, using: &dice)])
                }
            }
            #expect((rig.machine.pending == 0) == (underWay.isEmpty && rig.machine.wait(now: rig.now) == nil), "step \(step)")
        }
        for keys in underWay { _ = rig.finish(keys) }
        for slo in slos { rig.want(slo, nil) }
        while true {
            _ = rig.skip()
            let taken = rig.take()
            if taken.isEmpty { break }
            _ = rig.finish(taken)
        }
        #expect(rig.machine.pending == 0)
    }

    @Test func aChangedSpecChangesNoLabelOfWhatLasts() {
        var rig = Rig(Self.traits(repetition: .seconds(60)))
        rig.want(Self.a, Self.message(Self.a))
        _ = rig.finish(rig.take())
        var other = Self.message(Self.a)
        other.notification.severity = .ticket
        other.notification.labels = ["team": "new"]
        other.notification.title = "new"
        rig.want(Self.a, other, isTold: true)
        _ = rig.skip()
        let sent = rig.machine.take(now: rig.now).first?.message.notification
        #expect(sent?.severity == .page && sent?.labels == [:] && sent?.title == "new")
    }
}
