import KubeModel
import PlimsollAPI
import Testing
import Values

struct ReleaseGateTests {
    private static let now = Instant(seconds: 1_790_000_000)

    /// An SLO whose budget is known, with changes.
    private static func slo(_ adjust: (inout SLO) -> Void = { _ in }) throws -> SLO {
        var slo = SLO(json: try SLOSamples.json(SLOSamples.whole))
        slo.status.observedGeneration = slo.metadata.generation
        slo.status.errorBudget = SLOErrorBudget(remaining: "40%", consumed: "60%")
        slo.status.conditions = [
            Condition(type: "BudgetHealthy", status: .true, reason: "WithinBudget", message: "lasts", observedGeneration: 3, lastTransitionTime: now)
        ]
        adjust(&slo)
        return slo
    }

    private static func answer(_ whenUnknown: WhenUnknown = .allow, _ adjust: (inout SLO) -> Void = { _ in }) throws -> GateAnswer {
        ReleaseGate.answer(try slo(adjust), whenUnknown: whenUnknown, now: now)
    }

    @Test func budgetThatIsLeftAllows() throws {
        let answer = try Self.answer(.deny)
        #expect(answer.allowed && answer.reason == .withinBudget && answer.remaining == "40%")
        #expect(
            answer.json == ["allowed": true, "reason": "WithinBudget", "message": "40% of the error budget is left", "remaining": "40%"])
    }

    /// Burning, or overspent without a policy that freezes: it is for the policy to say what that means.
    @Test func onlyThePolicyFreezes() throws {
        let answer = try Self.answer { $0.status.errorBudget = SLOErrorBudget(remaining: "-300%", consumed: "400%") }
        #expect(answer.allowed && answer.message == "-300% of the error budget is left")
    }

    @Test func aFrozenBudgetRefuses() throws {
        let answer = try Self.answer { $0.status.frozen = true }
        #expect(!answer.allowed && answer.reason == .frozen && answer.message == "the error budget is frozen: 40% of it is left")
    }

    @Test func aFrozenBudgetStaysFrozenWhenNothingIsKnown() throws {
        let answer = try Self.answer(.allow) {
            $0.status.frozen = true
            $0.status.conditions = []
            $0.status.errorBudget = nil
        }
        #expect(!answer.allowed && answer.reason == .frozen)
    }

    @Test(arguments: [WhenUnknown.allow, .deny]) func notKnowingCountsAsTheAskerSays(whenUnknown: WhenUnknown) throws {
        let doubts: [(String, (inout SLO) -> Void)] = [
            ("has not looked at this version", { $0.metadata.generation = 4 }), ("not known yet", { $0.status.errorBudget = nil }),
            ("not known yet", { $0.status.conditions = [] }), ("spec is invalid", { $0.spec = nil }),
            (
                "not known: away",
                {
                    $0.status.conditions[0] = Condition(
                        type: "BudgetHealthy", status: .unknown, reason: "PrometheusUnavailable", message: "away", observedGeneration: 3,
                        lastTransitionTime: Self.now)
                }
            ),
        ]
        for (words, doubt) in doubts {
            let answer = try Self.answer(whenUnknown, doubt)
            #expect(answer.reason == .unknown && answer.allowed == (whenUnknown == .allow))
            #expect(answer.message.contains(words), "\(answer.message)")
        }
    }

    @Test func anOverrideLetsAFixThroughForATime() throws {
        func answer(_ text: String) throws -> GateAnswer {
            try Self.answer {
                $0.status.frozen = true
                $0.metadata.annotations[Override.annotation] = text
            }
        }
        let open = try answer("2026-09-21T15:33:20Z   the fix of INC-7  ")
        #expect(open.allowed && open.reason == .overridden && open.message == "overridden until 2026-09-21T15:33:20Z: the fix of INC-7")
        #expect(try !answer("2020-01-01T00:00:00Z over").allowed)
        for text in ["", "tomorrow because", "2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z  "] {
            let answer = try answer(text)
            #expect(!answer.allowed && answer.message.contains("does not count"), "\(text): \(answer.message)")
        }
    }
}
