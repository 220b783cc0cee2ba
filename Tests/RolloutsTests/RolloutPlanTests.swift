import PlimsollAPI
import Rollouts
import Testing
import Values

@Suite struct RolloutPlanTests {
    private func spec(_ yaml: String) throws -> RolloutAnalysisSpec {
        var problems: [Problem] = []
        let json = try #require(try YAML.parse(yaml).first).json
        let spec = RolloutAnalysisSpec.decode(json, at: "spec", problems: &problems)
        return try #require(spec, "\(problems)")
    }

    private static let head = "target: {kind: Deployment, name: checkout}\nserviceAccountName: guard\n"
    private static let gates = "gates: [{name: pods, health: {}}, {name: slow, onBreach: Alert, health: {}}]\n"

    @Test func withoutAStrategyTheWorkloadsOwnRollIsObserved() throws {
        let plan = RolloutPlan(try spec(Self.head + Self.gates), replicas: 4, maxSurge: 1)
        #expect(!plan.isGuarded)
        #expect(plan.steps == [.init(name: "observe", weight: 100, soak: .minutes(2))])
        #expect(plan.gates == [.init(name: "pods", onBreach: .rollback), .init(name: "slow", onBreach: .alert)])
    }

    @Test func weightsAreSuchAsThePodsCanHave() throws {
        let canary = "start: Guard\nstrategy: {canary: {steps: [{name: first, weight: 10%, soak: 10s}, {name: half, weight: 50%, soak: 20s}]}}\n"
        let plan = RolloutPlan(try spec(Self.head + Self.gates + canary), replicas: 4, maxSurge: 1)
        #expect(plan.isGuarded)
        #expect(plan.steps.map(\.weight) == [20, 60, 100])
        #expect(plan.steps.map(\.name) == ["first", "half", "full"])
        let single = RolloutPlan(try spec(Self.head + Self.gates + canary), replicas: 1, maxSurge: 1)
        #expect(single.steps.map(\.weight) == [100, 100, 100])
        let held = RolloutPlan(try spec(Self.head + Self.gates + canary + "holdBack: 5%\n"), replicas: 10, maxSurge: 0)
        #expect(held.steps.map(\.weight) == [10, 50, 90])
    }

    @Test(arguments: [
        ("target: {kind: StatefulSet, name: x}\nserviceAccountName: g\ngates: [{name: p, health: {}}]", "spec.target.kind"),
        (
            "target: {apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: x}\nserviceAccountName: g\ngates: [{name: p, health: {}}]",
            "spec.target.apiVersion"
        ),
        (head + gates + "waves: [{name: eu}]", "spec.waves"),
        (head + "gates: [{name: p, job: {template: {}}}]", "spec.gates[0].job"),
        (head + "gates: [{name: p, http: {source: x}}]", "spec.gates[0].http"),
        (head + "gates: [{name: p, analysisTemplate: {name: x}}]", "spec.gates[0].analysisTemplate"),
        (head + "gates: []", "spec.gates"),
        (head + "gates: [{name: p}]", "spec.gates[0]"),
        (head + gates + "strategy: {canary: {steps: [{name: a, weight: 10%}]}}", "spec.strategy"),
        (
            head + gates + "start: Guard\nstrategy: {canary: {steps: [{name: a, weight: 10%}, {name: a, weight: 10%}]}}",
            "spec.strategy.canary.steps[1].weight"
        ),
        (head + gates + "start: Guard\nstrategy: {canary: {steps: [{name: a, weight: 0%}]}}", "spec.strategy.canary.steps[0].weight"),
        (
            head + gates + "start: Guard\nstrategy: {canary: {steps: [{name: a, weight: 10%}], traffic: {httpRoute: {name: x}}}}",
            "spec.strategy.canary.traffic.httpRoute"
        ),
        (head + gates + "rollback: {method: Traffic}", "spec.rollback.method"),
        (head + gates + "risk: {tolerance: 0.9x}", "spec.risk.tolerance"),
        (head + "gates: [{name: e, compare: {errors: 'rate(x[1m])', total: x}}]", "spec.gates[0].compare.errors"),
        (head + "gates: [{name: e, compare: {errors: x, total: x}}]", "spec.gates[0].compare.errors"),
        (head + gates + "errorBudget: {slos: [{name: a}]}", "spec.errorBudget"),
        (head + gates + "holdBack: 5%", "spec.holdBack"),
    ])
    func whatIsWrongIsToldAtItsPlace(_ yaml: String, _ place: String) throws {
        var problems: [Problem] = []
        let json = try #require(try YAML.parse(yaml).first).json
        #expect(RolloutAnalysisSpec.decode(json, at: "spec", problems: &problems) == nil)
        #expect(problems.contains { "\($0.path)" == place }, "\(problems)")
    }

    @Test func whatOnlyTheEnginesKnowIsToldToo() throws {
        let bad = try spec(Self.head + "gates: [{name: q, query: {promql: x, success: 'result[0] <'}}, {name: r, query: {promql: x}}]")
        #expect(bad.engineProblems.map { "\($0.path)" } == ["spec.gates[0].query.success", "spec.gates[1].query.success"])
        let good = try spec(Self.head + "gates: [{name: q, query: {promql: x, success: 'result[0] < 1'}}]")
        #expect(good.engineProblems.isEmpty)
    }
}
