import KubeModel
import PlimsollAPI
import ServiceLevels
import Testing
import Values

/// What the status, its condition and the events say of people who are told.
struct NotifiedTests {
    private typealias World = SLODeciderTests.World
    private static let yaml = SLOFixtures.checkout + "\npolicy: [{name: warn, remainingBelow: 25%, actions: [Notify]}]\n"

    @Test func fromBeginToEndEachStepIsWrittenAtOnceAndToldOnce() throws {
        var world = try World(Self.yaml)
        world.load()
        world.count(consumed: 0.1, burn: 1)
        world.observation.notifiers = NotifierScope(known: ["oncall"], allowed: ["oncall"])
        _ = world.step()
        #expect(world.condition("Notified")?.status == .true)
        world.now = world.now.adding(.seconds(10))
        world.count(consumed: 0.9, burn: 1)
        #expect(world.step().writesStatus, "a verdict waits for nothing")
        let record = try #require(world.slo.status.notifications.first)
        #expect(record == SLONotification(policy: "warn", notifier: "oncall", state: .sending, since: world.now))
        #expect(world.condition("Notified")?.status == .unknown && world.condition("Notified")?.reason == "Sending")

        func result(_ isFiring: Bool, _ outcome: NotificationResult.Outcome) -> NotificationResult {
            NotificationResult(policy: "warn", notifier: "oncall", isFiring: isFiring, since: record.since, outcome: outcome)
        }
        world.observation.notified = [result(true, .failing("can't connect to 10.0.0.1 after 1003 ms"))]
        #expect(world.step().events.map(\.reason) == ["NotificationFailing"])
        world.observation.notified = [result(true, .failing("can't connect to 10.0.0.1 after 1009 ms"))]
        let again = world.step()
        #expect(!again.writesStatus && again.events.isEmpty, "another number is no news")
        world.observation.notified = [result(true, .delivered(reference: "OPS-1"))]
        let told = world.step()
        #expect(told.events.map(\.reason) == ["Delivered", "NotificationSent"])
        #expect(told.events.last?.note == "oncall was told that policy warn holds (OPS-1)")
        #expect(world.slo.status.notifications.first?.state == .firing)
        #expect(!world.step().writesStatus)
        // Prometheus falls silent: it holds on.
        world.observation.figures = .unavailable("away")
        _ = world.step()
        #expect(world.slo.status.notifications.first?.state == .firing)
        world.count(consumed: 0.2, burn: 1)
        _ = world.step()
        #expect(world.slo.status.notifications.first?.state == .resolving)
        world.observation.notified = [result(false, .delivered(reference: "OPS-1"))]
        #expect(world.step().events.map(\.reason) == ["NotificationResolved"])
        #expect(world.slo.status.notifications == [] && world.condition("Notified")?.status == .true)
    }

    @Test func nobodyToTellIsAConditionAndKeepsNoRuleFromBeingWritten() throws {
        var world = try World(Self.yaml)
        let decision = world.step()
        #expect(decision.rules == world.rules.map { .write($0) })
        #expect(world.condition("Notified")?.reason == "NoNotifier")
        #expect(decision.events.contains { $0.kind == .warning && $0.reason == "NoNotifier" })
        #expect(world.condition("Stalled")?.status == .false)
        var plain = try World()
        _ = plain.step()
        #expect(plain.condition("Notified") == nil)
    }

    /// A Secret that isn't there is no news that should wait for an incident.
    @Test func aNotifierWhoseSecretCannotBeReadIsToldBeforeThereIsAnythingToTell() throws {
        var world = try World(Self.yaml)
        world.load()
        world.count(consumed: 0.1, burn: 1)
        let why = "cannot read the secret file /nope/x: No such file or directory"
        world.observation.notifiers = NotifierScope(
            known: ["oncall", "other"], allowed: ["oncall"], troubles: ["oncall": why, "other": "no matter"])
        let decision = world.step()
        #expect(world.condition("Notified")?.status == .false && world.condition("Notified")?.reason == "NotifierUnreadable")
        #expect(world.condition("Notified")?.message == "spec.policy[0]: notifier oncall can tell nobody: \(why)")
        #expect(decision.events.contains { $0.kind == .warning && $0.reason == "NotifierUnreadable" })
        world.observation.notifiers.troubles = [:]
        _ = world.step()
        #expect(world.condition("Notified")?.status == .true)
    }

    @Test func anInvalidSpecBeginsAndEndsNothingAndNotesWhatCameOfIt() throws {
        var world = try World(Self.yaml)
        world.load()
        world.count(consumed: 0.9, burn: 1)
        world.observation.notifiers = NotifierScope(known: ["oncall"], allowed: ["oncall"])
        _ = world.step()
        let since = try #require(world.slo.status.notifications.first).since
        let invalid = DesiredRules.invalid([Problem("spec.source", "is not there")])
        func decide() -> Decision { SLODecider.decide(world.slo, desired: invalid, observation: world.observation, now: world.now) }
        world.count(consumed: 0.1, burn: 1)
        #expect(decide().status.notifications == world.slo.status.notifications)
        func note(_ isFiring: Bool) {
            world.observation.notified = [
                NotificationResult(policy: "warn", notifier: "oncall", isFiring: isFiring, since: since, outcome: .delivered(reference: "OPS-1"))
            ]
        }
        note(true)
        let told = decide()
        #expect(told.status.notifications == [SLONotification(policy: "warn", notifier: "oncall", state: .firing, since: since, reference: "OPS-1")])
        #expect(told.status.conditions["Notified"]?.reason == "Delivered" && told.rules == .keep)
        world.slo.status = told.status
        world.slo.status.notifications[0].state = .resolving
        #expect(decide().status.notifications.map(\.state) == [.resolving], "the begin's delivery is not the end's")
        note(false)
        #expect(decide().status.notifications == [])
    }

    @Test func whatIsNotKeptIsWithheldAndSaid() throws {
        var world = try World(Self.yaml)
        world.load()
        world.count(consumed: 0.9, burn: 1)
        world.observation.notifiers = NotifierScope(known: ["oncall"], allowed: ["oncall"])
        world.observation.losesRecords = true
        let lost = world.step()
        #expect(lost.withheld.map(\.state) == [.sending] && lost.status.notifications == [])
        #expect(world.condition("Notified")?.reason == "StatusNotKept")
        #expect(lost.events.contains { $0.kind == .warning && $0.reason == "StatusNotKept" })
        // The condition remembers it, also over a restart.
        world.observation.losesRecords = false
        let again = world.step()
        #expect(!again.writesStatus && again.withheld == lost.withheld)
        // Nobody is to be told any more: nothing is amiss.
        world.count(consumed: 0.1, burn: 1)
        #expect(world.step().withheld == [] && world.condition("Notified")?.status == .true)
    }
}
