import PlimsollAPI
import Testing
import Values

@testable import ServiceLevels

struct NotificationPlanTests {
    private static let (t0, t1) = (Instant(seconds: 1000), Instant(seconds: 2000))
    private static let all = NotifierScope(known: ["chat", "oncall"], allowed: ["chat", "oncall"])
    private static let one = NotifierScope(known: ["chat", "oncall"], allowed: ["oncall"])

    private static func step(_ name: String, _ below: String, notifiers: [String] = [], _ actions: [SLOPolicyAction] = [.notify]) -> SLOPolicyStep {
        SLOPolicyStep(name: name, remainingBelow: Percentage(below) ?? Percentage(percent: .zero), actions: actions, notifiers: notifiers)
    }

    private static func record(_ state: NotificationState, _ since: Instant = t0, notifier: String = "oncall", reference: String = "")
        -> SLONotification
    {
        SLONotification(policy: "warn", notifier: notifier, state: state, since: since, reference: reference)
    }

    private func plan(
        _ policy: [SLOPolicyStep], _ prior: [SLONotification], _ remaining: Double?, scope: NotifierScope = Self.one,
        _ results: [NotificationResult] = []
    ) -> NotificationPlan {
        NotificationPlan(policy: policy, prior: prior, budget: .init(remaining: remaining), scope: scope, results: results, now: Self.t1)
    }

    private static func delivered(_ isFiring: Bool, _ since: Instant = t0, reference: String = "") -> NotificationResult {
        NotificationResult(policy: "warn", notifier: "oncall", isFiring: isFiring, since: since, outcome: .delivered(reference: reference))
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var prior: NotificationState?
        var remaining: Double?
        var result: NotificationResult?
        var expected: SLONotification?
        var testDescription: String { name }
    }

    @Test(arguments: [
        Case(name: "enough is left", prior: nil, remaining: 0.5, result: nil, expected: nil),
        Case(name: "too little is left", prior: nil, remaining: 0.2, result: nil, expected: record(.sending, t1)),
        Case(name: "nothing is known", prior: nil, remaining: nil, result: nil, expected: nil),
        Case(name: "not told yet", prior: .sending, remaining: 0.2, result: nil, expected: record(.sending)),
        Case(
            name: "told", prior: .sending, remaining: 0.2, result: delivered(true, reference: "OPS-1"),
            expected: record(.firing, reference: "OPS-1")),
        Case(name: "told of another occurrence", prior: .sending, remaining: 0.2, result: delivered(true, t1), expected: record(.sending)),
        Case(name: "told, and nothing is known any more", prior: .firing, remaining: nil, result: nil, expected: record(.firing)),
        Case(name: "about the edge it holds on", prior: .firing, remaining: 0.255, result: nil, expected: record(.firing)),
        Case(name: "well above it lets go", prior: .firing, remaining: 0.27, result: nil, expected: record(.resolving)),
        Case(name: "it ended before anybody was told", prior: .sending, remaining: 0.9, result: nil, expected: record(.resolving)),
        Case(
            name: "it ended while it was told", prior: .sending, remaining: 0.9, result: delivered(true, reference: "OPS-1"),
            expected: record(.resolving, reference: "OPS-1")),
        Case(name: "the end is to be told", prior: .resolving, remaining: 0.9, result: nil, expected: record(.resolving)),
        Case(name: "the end is not the begin", prior: .resolving, remaining: 0.9, result: delivered(true), expected: record(.resolving)),
        Case(name: "the end was told", prior: .resolving, remaining: 0.9, result: delivered(false), expected: nil),
        Case(name: "the end was told while nothing is known", prior: .resolving, remaining: nil, result: delivered(false), expected: nil),
        Case(name: "again, before the end was told", prior: .resolving, remaining: 0.1, result: nil, expected: record(.sending, t1)),
        Case(name: "again, as the end was told", prior: .resolving, remaining: 0.1, result: delivered(false), expected: record(.sending, t1)),
    ]) func steps(_ each: Case) {
        let prior = each.prior.map { [Self.record($0)] } ?? []
        #expect(plan(prior, each.remaining, each.result.map { [$0] } ?? []).records == (each.expected.map { [$0] } ?? []))
    }

    private func plan(_ prior: [SLONotification], _ remaining: Double?, _ results: [NotificationResult]) -> NotificationPlan {
        plan([Self.step("warn", "25%")], prior, remaining, results)
    }

    @Test func aStepThatIsGoneEndsThoughNothingIsKnown() {
        #expect(plan([], [Self.record(.firing)], nil).records == [Self.record(.resolving)])
        #expect(plan([Self.step("warn", "25%", [.freezeRollouts])], [Self.record(.sending)], nil).records == [Self.record(.resolving)])
        #expect(!plan([], [Self.record(.firing)], nil).isAsked)
    }

    @Test func aNotifierThatCameLaterTellsOfTheSameOccurrence() {
        let records = plan([Self.step("warn", "25%")], [Self.record(.firing)], 0.1, scope: Self.all).records
        #expect(records == [Self.record(.sending, notifier: "chat"), Self.record(.firing)])
        // And where the budget hovers about the edge too.
        #expect(plan([Self.step("warn", "25%")], [Self.record(.firing)], 0.255, scope: Self.all).records == records)
    }

    @Test func whoIsNoLongerAskedIsToldTheEndAndWhoIsNoLongerThereIsForgotten() {
        let prior = [Self.record(.firing, notifier: "chat"), Self.record(.firing, notifier: "gone"), Self.record(.firing)]
        let records = plan([Self.step("warn", "25%", notifiers: ["oncall"])], prior, 0.1, scope: Self.all).records
        #expect(records == [Self.record(.resolving, notifier: "chat"), Self.record(.firing)])
    }

    @Test func namesThatDoNotServeAreToldAndTheOthersAreServed() {
        let policy = [Self.step("a", "0%", [.freezeRollouts]), Self.step("warn", "25%", notifiers: ["oncall", "chat", "ghost"])]
        let found = plan(policy, [], 0.1)
        #expect(found.records == [Self.record(.sending, Self.t1)])
        #expect(found.troubles.map(\.reason) == ["NotifierNotAllowed", "NotifierUnknown"])
        #expect(found.troubles[0].message.hasPrefix(#"spec.policy[1].notifiers[1]: "chat" is not open to this namespace"#))
        #expect(
            found.troubles[1].message
                == #"spec.policy[1].notifiers[2]: "ghost" is no notifier of the daemon's configuration; open to this namespace: oncall"#)
        // Long before anybody would have to be told.
        #expect(plan(policy, [], 0.9).troubles == found.troubles)
    }

    @Test func aStepThatWouldTellNobodySaysSo() {
        let none = plan([Self.step("warn", "25%")], [], 0.9, scope: NotifierScope())
        #expect(none.troubles.first?.message == "spec.policy[0].actions: Notify tells nobody, as the daemon's configuration has no notifiers")
        let closed = plan([Self.step("warn", "25%")], [], 0.9, scope: NotifierScope(known: ["a"], allowed: []))
        #expect(closed.troubles.first?.reason == "NoNotifier")
        #expect(plan([Self.step("a", "0%", [.freezeRollouts])], [], 0.9, scope: NotifierScope()).troubles == [])
    }

    @Test func refusalsAreToldBeforeFailures() {
        func result(_ policy: String, _ outcome: NotificationResult.Outcome) -> NotificationResult {
            NotificationResult(policy: policy, notifier: "oncall", isFiring: true, since: Self.t0, outcome: outcome)
        }
        let found = plan(
            [Self.step("warn", "25%")], [Self.record(.sending)], 0.1, [result("a", .failing("away")), result("warn", .refused("HTTP 400"))])
        #expect(found.troubles.map(\.reason) == ["NotificationRefused", "NotificationFailing"])
        #expect(found.troubles[0].message == "notifier oncall, policy warn: HTTP 400")
        #expect(found.records == [Self.record(.sending)])
    }

    // MARK: Properties

    /// A world that keeps the status and delivers now and then, and a daemon that is killed at any instant: what it had in memory is gone.
    @Test(arguments: 0..<50) func whateverHappensEverybodyKnowsInTheEnd(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let policy = [Self.step("warn", "25%"), Self.step("out", "0%", notifiers: ["oncall"])]
        var status: [SLONotification] = []
        var results: [NotificationResult] = []
        /// Begins, and ends, as each peer sees them.
        var peers: [String: Set<Instant>] = [:]
        var begins: [String: Int] = [:]
        var now = Instant(seconds: 0)
        func deliver(_ record: SLONotification, known: Bool) {
            let peer = "\(record.notifier)/\(record.policy)"
            if record.state.isFiring {
                if peers[peer, default: []].insert(record.since).inserted { begins["\(peer)@\(record.since)", default: 0] += 1 }
            } else {
                peers[peer] = []
            }
            guard known else { return }
            results.removeAll { $0.policy == record.policy && $0.notifier == record.notifier }
            results.append(
                NotificationResult(
                    policy: record.policy, notifier: record.notifier, isFiring: record.state.isFiring, since: record.since,
                    outcome: .delivered(reference: "")))
        }
        func decide(_ remaining: Double?) {
            now = now.adding(.seconds(1))
            status =
                NotificationPlan(policy: policy, prior: status, budget: .init(remaining: remaining), scope: Self.all, results: results, now: now)
                .records
        }
        var remaining: Double? = 1
        for _ in 0..<200 {
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: remaining = Double.random(in: -1...1, using: &generator)
            case 1: remaining = nil
            case 2: results = []
            case 3: if let record = status.randomElement(using: &generator) { deliver(record, known: false) }
            case 4: if let record = status.randomElement(using: &generator) { deliver(record, known: true) }
            default: break
            }
            let before = Dictionary(uniqueKeysWithValues: status.map { ("\($0.policy)/\($0.notifier)", $0) })
            decide(remaining)
            for record in status where remaining == nil {
                let was = before["\(record.policy)/\(record.notifier)"]
                #expect(was?.since == record.since && was?.state.isFiring == record.state.isFiring, "nothing begins or ends unknown")
            }
        }
        for end in [-0.5, 0.1, 0.9] {
            for _ in 0..<4 {
                decide(end)
                for record in status where record.state != .firing { deliver(record, known: true) }
            }
            let expected: Set<String> = end < 0 ? ["chat/warn", "oncall/warn", "oncall/out"] : end < 0.25 ? ["chat/warn", "oncall/warn"] : []
            #expect(Set(status.map { "\($0.notifier)/\($0.policy)" }) == expected && status.allSatisfy { $0.state == .firing })
            #expect(Set(peers.filter { !$0.value.isEmpty }.keys) == expected, "the peers know what the status says")
        }
        #expect(begins.values.allSatisfy { $0 == 1 }, "no peer that can tell sees an occurrence begin twice")
    }
}
