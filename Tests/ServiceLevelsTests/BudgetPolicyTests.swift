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
        #expect(BudgetPolicy.isFrozen([try Self.step(below)], remaining: remaining, wasFrozen: was) == expected)
    }

    @Test func theHighestShareOfThoseThatFreezeCounts() throws {
        let policy = [try Self.step("50%", [.notify]), try Self.step("0%"), try Self.step("10%")]
        #expect(BudgetPolicy.isFrozen(policy, remaining: 0.09, wasFrozen: false))
        #expect(!BudgetPolicy.isFrozen(policy, remaining: 0.4, wasFrozen: false))
        #expect(!BudgetPolicy.isFrozen([policy[0]], remaining: -1, wasFrozen: true), "a policy that no longer freezes")
    }

    @Test func whatIsNotKnownStaysAsItWas() throws {
        let policy = [try Self.step("0%")]
        #expect(BudgetPolicy.isFrozen(policy, remaining: nil, wasFrozen: true))
        #expect(!BudgetPolicy.isFrozen(policy, remaining: nil, wasFrozen: false))
    }

    @Test func aWholeBudgetIsNeverFrozenForGood() throws {
        #expect(!BudgetPolicy.isFrozen([try Self.step("100%")], remaining: 1, wasFrozen: true))
    }
}
