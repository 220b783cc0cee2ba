import Rollouts
import Testing
import Values

@Suite struct RolloutDeciderTests {
    static let canary = RolloutPlan(
        isGuarded: true,
        steps: [
            .init(name: "first", weight: 10, soak: .seconds(20)), .init(name: "half", weight: 50, soak: .seconds(20)),
            .init(name: "all", weight: 100, soak: .seconds(20)),
        ], gates: [.init(name: "errors"), .init(name: "pods"), .init(name: "note", onBreach: .alert)])
    static let observe = RolloutPlan.observe(soak: .seconds(20), gates: [.init(name: "errors"), .init(name: "pods")])
    static let missing = GateVerdict.notEnoughEvidence(MissingEvidence(.tooFewRequests, canaryRequests: 230, wait: .minutes(4)))

    private func world(_ plan: RolloutPlan = canary) -> RolloutWorld {
        var world = RolloutWorld(plan)
        world.step()
        return world
    }

    private func run(_ world: inout RolloutWorld, steps: Int = 60, until phase: RolloutPhase? = nil) {
        for _ in 0..<steps where phase == nil || world.state.phase != phase { world.step() }
    }

    private func safe(_ world: inout RolloutWorld) { world.verdicts = ["errors": .safe, "pods": .safe, "note": .bad] }

    @Test func whatRunsWhenFirstSeenIsGood() {
        let world = world()
        #expect(world.state.stable == "v1" && world.state.phase == .idle)
        var rolling = RolloutWorld(Self.canary)
        rolling.weight = 50
        rolling.step()
        #expect(rolling.state.stable.isEmpty, "half of it is no version")
    }

    @Test func aGoodReleaseGoesThroughItsSteps() {
        for plan in [Self.canary, Self.observe] {
            var world = world(plan)
            world.apply("v2")
            safe(&world)
            var weights: [Int] = []
            for _ in 0..<60 where world.state.phase != .promoted {
                world.step()
                weights.append(world.weight)
            }
            #expect(world.state.phase == .promoted && world.state.stable == "v2" && world.weight == 100)
            #expect(world.rollbacks.isEmpty && world.unproven.isEmpty)
            #expect(weights == weights.sorted())
            if plan.isGuarded { #expect(weights.contains(10) && weights.contains(50)) }
            run(&world, steps: 5)
            #expect(world.state.phase == .promoted)
        }
    }

    @Test func withoutEvidenceItStays() {
        var world = world()
        world.apply("v2")
        world.verdicts = ["errors": Self.missing, "pods": .safe]
        run(&world, steps: 300)
        #expect(world.state.phase == .progressing && world.weight == 10)
        #expect(world.state.message == "step first: gate errors needs about 230 more requests of the canary, 4m at its present traffic")
        world.verdicts["errors"] = nil
        run(&world, steps: 10)
        #expect(world.state.message == "step first: gate errors has not judged yet")
    }

    @Test func noGateProvesNothing() {
        var world = world(RolloutPlan.observe(soak: .zero, gates: [.init(name: "note", onBreach: .alert)]))
        world.apply("v2")
        run(&world)
        #expect(world.state.phase == .progressing && world.state.stable == "v1")
    }

    @Test func aBadReleaseGoesBack() throws {
        for plan in [Self.canary, Self.observe] {
            var world = world(plan)
            world.apply("v2")
            world.verdicts = ["errors": .notEnoughEvidence(MissingEvidence(.noCanaryRequests)), "pods": .safe]
            run(&world, steps: 4)
            world.verdicts["errors"] = .bad
            let breached = world.now
            world.step()
            #expect(world.state.phase == .rollingBack && world.template == "v1", "decided and patched in one look")
            run(&world, steps: 10)
            let rollback = try #require(world.state.rollback)
            #expect(world.state.phase == .rolledBack && world.rollbacks == [.rollBack(from: "v2", to: "v1", run: "v2-1")])
            #expect(rollback.decidedAt == breached && rollback.reason == "gate errors called it bad")
            let patched = try #require(rollback.patchedAt)
            let stable = try #require(rollback.stableAt)
            #expect(breached < patched && patched <= stable)
        }
    }

    @Test func threeBadOnesInARowGoBackToTheGoodOne() {
        var world = world()
        for bad in ["v2", "v3", "v4"] {
            world.apply(bad)
            world.verdicts = ["errors": .bad, "pods": .safe]
            run(&world, steps: 12)
            #expect(world.state.phase == .rolledBack && world.template == "v1" && world.state.rejected == [bad])
        }
        #expect(world.rollbacks.count == 3)
        safe(&world)
        world.apply("v5")
        run(&world)
        #expect(world.state.phase == .promoted && world.state.stable == "v5" && world.state.rejected.isEmpty)
    }

    /// As self-heal does, in mid-rollout and at 100 %.
    @Test func whoAppliesTheBadOneAgainIsKeptOutWithoutAFight() {
        for plan in [Self.canary, Self.observe] {
            var world = world(plan)
            world.apply("v2")
            world.verdicts = ["errors": .bad, "pods": .safe]
            for _ in 0..<40 {
                world.step()
                world.apply("v2")
            }
            #expect(world.rollbacks.count == 2, "once, and once more when it is kept out")
            #expect(world.quarantined == ["v2"] && world.template == "v1" && world.state.phase == .rolledBack)
            // The fix goes through by itself, and what was kept out is forgotten.
            safe(&world)
            world.apply("v3")
            run(&world)
            #expect(world.state.phase == .promoted && world.quarantined.isEmpty)
        }
    }

    @Test func whoBreaksThroughTheQuarantineIsNotFought() {
        var world = world()
        world.apply("v2")
        world.verdicts = ["errors": .bad, "pods": .safe]
        for _ in 0..<40 {
            world.step()
            world.force("v2")
        }
        #expect(world.rollbacks.count == 2 && world.state.phase == .failed)
        #expect(world.state.message == "v2 came back though it is kept out")
        world.apply("v1")
        run(&world, steps: 8)
        #expect(world.state.phase == .rolledBack)
    }

    @Test func blindHoldsAndGoesOn() {
        var world = world()
        world.apply("v2")
        safe(&world)
        run(&world, steps: 4)
        world.verdicts["errors"] = .blind("Prometheus is away")
        run(&world, steps: 100)
        #expect(world.state.phase == .holding && world.weight == 10 && world.rollbacks.isEmpty)
        #expect(world.state.message == "gate errors is blind: Prometheus is away")
        // What needs no Prometheus still counts.
        var crashing = world
        crashing.verdicts["pods"] = .bad
        run(&crashing, steps: 12)
        #expect(crashing.state.phase == .rolledBack)
        safe(&world)
        run(&world)
        #expect(world.state.phase == .promoted)
    }

    @Test func holdAndAlert() {
        var plan = Self.canary
        plan.gates = [.init(name: "errors", onBreach: .hold), .init(name: "note", onBreach: .alert)]
        var world = world(plan)
        world.apply("v2")
        world.verdicts = ["errors": .bad, "note": .bad]
        run(&world)
        #expect(world.state.phase == .holding && world.state.message == "gate errors called it bad" && world.rollbacks.isEmpty)
        world.verdicts["errors"] = .safe
        run(&world)
        #expect(world.state.phase == .promoted)
    }

    @Test func aFrozenBudgetRefusesAStartAndNeverARollback() {
        var world = world()
        world.budget = .frozen("2% of the error budget is left")
        world.apply("v2")
        run(&world)
        #expect(world.state.phase == .waiting && world.weight == 0 && world.state.message == "2% of the error budget is left")
        world.budget = .allowed
        run(&world, steps: 3)
        world.budget = .frozen("gone")
        world.verdicts = ["errors": .bad]
        run(&world, steps: 12)
        #expect(world.state.phase == .rolledBack)
    }

    @Test func byHand() {
        func asked(_ verb: RolloutObservation.Command.Verb, _ world: inout RolloutWorld) {
            world.command = .init(id: "\(verb)-\(world.now)", verb: verb, author: "ann")
        }
        var world = world()
        world.apply("v2")
        world.verdicts = ["errors": Self.missing]
        run(&world, steps: 4)
        asked(.pause, &world)
        run(&world, steps: 4)
        #expect(world.state.phase == .holding && world.state.message == "paused by ann")
        asked(.resume, &world)
        run(&world, steps: 4)
        #expect(world.state.phase == .progressing)
        asked(.promote, &world)
        run(&world, steps: 8)
        #expect(world.state.phase == .promoted && world.state.message == "promoted by ann" && world.state.stable == "v2")
        world.apply("v3")
        run(&world, steps: 3)
        #expect(world.state.phase == .progressing, "a word counts once")
        asked(.abort, &world)
        run(&world, steps: 8)
        #expect(world.state.phase == .rolledBack && world.state.rollback?.reason == "aborted by ann")
        asked(.retry, &world)
        world.step()
        #expect(world.state.phase == .rolledBack, "there is nothing to try: the target asks for the good one")
        world.apply("v3")
        asked(.retry, &world)
        world.quarantined = []
        safe(&world)
        run(&world)
        #expect(world.state.phase == .promoted && world.state.stable == "v3" && world.state.attempt == 3)
    }

    @Test func whatCanNotBeRolledBackSaysSo() {
        var world = world()
        world.obstacle = "ConfigMap shop/checkout of v1 is gone"
        world.apply("v2")
        world.verdicts = ["errors": .bad]
        run(&world, steps: 5)
        #expect(world.state.phase == .failed && world.state.message == "can't be rolled back: ConfigMap shop/checkout of v1 is gone")
        world.obstacle = nil
        run(&world, steps: 10)
        #expect(world.state.phase == .rolledBack && world.template == "v1")
    }

    @Test func whoPutsItBackHimselfEndsTheRun() {
        var world = world()
        world.apply("v2")
        run(&world, steps: 4)
        world.apply("v1")
        run(&world, steps: 4)
        #expect(world.state.phase == .idle && world.state.stable == "v1" && world.rollbacks.isEmpty)
        world.apply("v2")
        run(&world, steps: 2)
        world.apply("v3")
        run(&world, steps: 2)
        #expect(world.state.candidate == "v3" && world.state.attempt == 3)
    }

    @Test func stateIsReadBack() throws {
        var world = world()
        world.apply("v2")
        world.verdicts = ["errors": .bad]
        for _ in 0..<8 {
            world.step()
            let text = world.state.json.text()
            #expect(try RolloutState(json: JSON(parsing: text)) == world.state)
        }
        #expect(RolloutState(json: "x") == nil && RolloutState(json: ["phase": "Dancing"]) == nil)
    }
}
