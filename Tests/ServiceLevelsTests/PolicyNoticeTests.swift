import KubeModel
import PlimsollAPI
import ServiceLevels
import Testing
import Values

struct PolicyNoticeTests {
    private static let key = ObjectKey(namespace: "shop", name: "checkout")
    private static let since = Instant(seconds: 1_785_000_000)

    private func spec() throws -> SLOSpec {
        var spec = try SLOFixtures.spec(SLOFixtures.checkout)
        spec.alerting.ticket.labels = ["team": "desk"]
        spec.policy = [
            SLOPolicyStep(name: "warn", remainingBelow: try #require(Percentage("25%")), actions: [.notify]),
            SLOPolicyStep(name: "freeze", remainingBelow: try #require(Percentage("0%")), actions: [.notify, .freezeRollouts]),
        ]
        return spec
    }

    private func figures() -> SLOFigures {
        var group = GroupFigures()
        group.period = EventCounts(total: 1_000_000, errors: 1120)
        group.windows = [.hours(1): EventCounts(total: 2000, errors: 28)]
        group.sampled = Self.since
        return SLOFigures(groups: [group])
    }

    private func notice(_ policy: String, _ state: NotificationState, figures: SLOFigures?, _ change: (inout SLOStatus) -> Void = { _ in }) throws
        -> PolicyNotice
    {
        var status = SLOStatus()
        status.errorBudget = SLOErrorBudget(remaining: "-12%", consumed: "112%")
        status.burnRates = [SLOBurnRate(window: "1h", rate: "14x")]
        status.exhaustedAt = Instant(rfc3339: "2026-07-30T10:00:00Z")
        change(&status)
        return PolicyNotice(
            SLONotification(policy: policy, notifier: "n", state: state, since: Self.since), key: Self.key, spec: try spec(), status: status,
            figures: figures, recentWindow: .hours(1))
    }

    @Test func saysWhatAPersonNeeds() throws {
        let notice = try notice("freeze", .sending, figures: figures())
        #expect(notice.severity == .page)
        #expect(notice.title == "shop/checkout: -12% of the error budget is left")
        #expect(
            notice.text
                == "checkout: Requests to checkout succeed. -12% of the error budget for 30d is left. "
                + "Policy freeze holds, as nothing is left, and rollouts are held back. 1120 of 1000000 events failed over 30d. "
                + "In the last 1h 2.8% of the budget went, 14x as fast as it lasts. At this pace it is gone at 2026-07-30T10:00:00Z.")
        #expect(notice.runbook == "https://runbooks.example.com/checkout")
        #expect(notice.labels == ["team": "shop"])
        #expect(notice.facts.map(\.name) == ["Objective", "Budget left", "Burn rate over 1h", "Gone at"])
    }

    @Test func aStepAboveZeroIsATicketWithTheRunbookThatThereIs() throws {
        let notice = try notice("warn", .firing, figures: nil) { $0.exhaustedAt = nil }
        #expect(notice.severity == .ticket && notice.labels == ["team": "desk"])
        #expect(notice.runbook == "https://runbooks.example.com/checkout")
        #expect(
            notice.text
                == "checkout: Requests to checkout succeed. -12% of the error budget for 30d is left. Policy warn holds, as less than 25% is left.")
    }

    @Test func theEndSaysHowLongItLasted() throws {
        let notice = try notice("warn", .resolving, figures: nil) { $0.errorBudget = SLOErrorBudget(remaining: "31%", consumed: "69%") }
        #expect(notice.title == "shop/checkout: policy warn no longer holds, 31% of the error budget is left")
        #expect(notice.text.contains("Policy warn held since 2026-07-25T17:20:00Z."))
        #expect(!notice.text.contains("gone"))
    }

    @Test func ofAStepThatIsGoneThereIsStillSomethingToSay() throws {
        let notice = try notice("removed", .resolving, figures: nil) { $0.errorBudget = nil }
        #expect(notice.title == "shop/checkout: policy removed no longer holds")
    }

    @Test func figuresThatMakeNoSenseAreLeftOut() throws {
        var broken = figures()
        broken.groups[0].period = EventCounts(total: .infinity, errors: .nan)
        let text = try notice("freeze", .sending, figures: broken).text
        #expect(!text.contains("events failed") && !text.contains("nan"))
    }
}
