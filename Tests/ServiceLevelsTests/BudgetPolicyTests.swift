import PlimsollAPI
import Testing
import Values

@testable import ServiceLevels

struct BudgetPolicyTests {
    private static func step(_ below: String, _ actions: [SLOPolicyAction] = [.freezeRollouts]) throws -> SLOPolicyStep {
        SLOPolicyStep(name: "s\(below)", remainingBelow: try #require(Percentage(below)), actions: actions)
    }

    @Test(arguments: [
        ("0%", 0.5, false, false), ("0%", 0.0001, false, false), ("0%", 0, false, true), ("0%", -3, false, true),
        // What froze at 0 % thaws only once a hundredth is there again.
        ("0%", 0.005, true, true), ("0%", 0.01, true, false),
        ("25%", 0.25, false, false), ("25%", 0.2499, false, true), ("25%", 0.255, true, true), ("25%", 0.26, true, false),
    ]) func freezesBelowTheShareAndThawsALittleAbove(below: String, remaining: Double, was: Bool, expected: Bool) throws {
        #expect(BudgetPolicy.isFrozen([try Self.step(below)], .init(remaining: remaining), wasFrozen: was) == expected)
    }

    @Test func theHighestShareOfThoseThatFreezeCounts() throws {
        let policy = [try Self.step("50%", [.notify]), try Self.step("0%"), try Self.step("10%")]
        #expect(BudgetPolicy.isFrozen(policy, .init(remaining: 0.09), wasFrozen: false))
        #expect(!BudgetPolicy.isFrozen(policy, .init(remaining: 0.4), wasFrozen: false))
        #expect(!BudgetPolicy.isFrozen([policy[0]], .init(remaining: -1), wasFrozen: true), "a policy that no longer freezes")
    }

    @Test func whatIsNotKnownStaysAsItWas() throws {
        let policy = [try Self.step("0%")]
        #expect(BudgetPolicy.isFrozen(policy, .init(remaining: nil), wasFrozen: true))
        #expect(!BudgetPolicy.isFrozen(policy, .init(remaining: nil), wasFrozen: false))
    }

    @Test func aWholeBudgetIsNeverFrozenForGood() throws {
        #expect(!BudgetPolicy.isFrozen([try Self.step("100%")], .init(remaining: 1), wasFrozen: true))
    }

    // MARK: What little is measured

    private func reading(_ counts: EventCounts, coverage: Double?, held: String = "") throws -> BudgetPolicy.Reading {
        var group = GroupFigures()
        group.period = counts
        group.coverage = coverage
        group.sampled = Instant(seconds: 1_000_000)
        let spec = try SLOFixtures.spec(SLOFixtures.checkout)
        let figures = BudgetFigures(SLOFigures(groups: [group]), spec: spec, forecastWindow: .hours(1), mayUseShorter: false)
        return BudgetPolicy.reading(figures, held: Percentage(held))
    }

    @Test(
        arguments: [
            // One of the first sixty says nothing about a month; half of the first thousand does.
            (60.0, 1.0, 0.001, false), (60, 1, nil, false), (1000, 500, 0.001, true), (1, 1, 0.3, false),
            // Of a window that is known each counts.
            (60, 1, 0.95, true),
        ] as [(Double, Double, Double?, Bool)])
    func chanceFreezesNobody(total: Double, errors: Double, coverage: Double?, expected: Bool) throws {
        let reading = try reading(EventCounts(total: total, errors: errors), coverage: coverage)
        #expect(BudgetPolicy.isFrozen([try Self.step("0%")], reading, wasFrozen: false) == expected)
    }

    @Test(
        arguments: [("97%", 0.001, true), ("97%", 0.86, true), ("97%", 0.88, false), ("97%", nil, true), ("", 0.001, false), ("5%", 0.01, false)]
            as [(String, Double?, Bool)])
    func whatFrozeIsNotForgottenWithItsMeasurements(held: String, coverage: Double?, expected: Bool) throws {
        let reading = try reading(EventCounts(total: 1e6, errors: 0), coverage: coverage, held: held)
        #expect(BudgetPolicy.isFrozen([try Self.step("0%")], reading, wasFrozen: true) == expected)
        #expect(!BudgetPolicy.isFrozen([try Self.step("0%")], reading, wasFrozen: false))
    }
}
