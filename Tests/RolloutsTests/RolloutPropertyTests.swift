import Rollouts
import Testing
import Values

/// Random days of a release: verdicts, people, GitOps, kills.
@Suite struct RolloutPropertyTests {
    private static let verdicts: [GateVerdict?] = [
        .safe, .safe, .safe, RolloutDeciderTests.missing, .blind("away"), .inconclusive("NaN"), nil, .bad,
    ]

    private func plan(_ random: inout SeededGenerator) -> RolloutPlan {
        Bool.random(using: &random) ? RolloutDeciderTests.canary : RolloutDeciderTests.observe
    }

    /// Whatever comes: nothing is raised or promoted without every gate's word, and no run is rolled back twice.
    @Test(arguments: 1...50) func nothingWithoutEvidenceAndNothingTwice(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var world = RolloutWorld(plan(&random))
        world.step()
        var version = 1
        for _ in 0..<400 {
            switch Int.random(in: 0..<20, using: &random) {
            case 0:
                version += 1
                world.apply("v\(version)")
            case 1: world.apply("v\(Int.random(in: 1...version, using: &random))")
            case 2: world.isReady.toggle()
            case 3: world.obstacle = Bool.random(using: &random) ? "gone" : nil
            case 4: world.budget = Bool.random(using: &random) ? .frozen("spent") : .allowed
            case 5:
                let verb = RolloutObservation.Command.Verb.allCases.filter { $0 != .promote }.randomElement(using: &random) ?? .pause
                world.command = .init(id: "\(world.now)", verb: verb, author: "ann")
            default:
                for gate in world.plan.gates { world.verdicts[gate.name] = Self.verdicts.randomElement(using: &random) ?? nil }
            }
            world.step(writes: Int.random(in: 0..<4, using: &random) == 0 ? Int.random(in: 0...2, using: &random) : .max)
            let runs = world.rollbacks.map { action in
                if case .rollBack(_, _, let run) = action { run } else { "" }
            }
            #expect(Set(runs).count == runs.count, "\(runs)")
            for case .rollBack(let from, let to, _) in world.rollbacks { #expect(from != to && !to.isEmpty) }
        }
        #expect(world.unproven.isEmpty, "\(world.unproven)")
    }

    /// The same release, with the daemon killed at every one of its writes: the same end.
    @Test(arguments: 1...50) func aKillBetweenAnyTwoWritesEndsTheSame(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let plan = plan(&random)
        let isBad = Bool.random(using: &random)
        let turnsAt = Int.random(in: 3...12, using: &random)
        let heals = isBad && Bool.random(using: &random)
        func day(_ kills: (Int) -> Int) -> RolloutWorld {
            var world = RolloutWorld(plan)
            world.step()
            world.apply("v2")
            for look in 0..<120 {
                for gate in plan.gates { world.verdicts[gate.name] = isBad && look >= turnsAt ? .bad : isBad ? RolloutDeciderTests.missing : .safe }
                if heals, look >= turnsAt + 4 { world.apply("v2") }
                world.step(writes: kills(look))
            }
            return world
        }
        let whole = day { _ in .max }
        #expect(whole.state.phase == (isBad ? .rolledBack : .promoted))
        for kill in 0..<40 {
            for writes in 0...2 {
                let killed = day { $0 == kill ? writes : .max }
                #expect(killed.state.phase == whole.state.phase && killed.template == whole.template && killed.weight == whole.weight)
                #expect(killed.rollbacks == whole.rollbacks && killed.quarantined == whole.quarantined)
                #expect(killed.unproven.isEmpty)
            }
        }
    }
}
