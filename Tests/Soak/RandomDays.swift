import TestSupport

/// Many simulated days of random faults, and many simulated elections, each with a seed of its own; needs no cluster.
struct RandomDays {
    let seed: UInt64
    let count: UInt64
    private var seeds: Range<UInt64> { seed..<(seed + count) }

    init(seed: UInt64, count: UInt64) {
        self.seed = seed
        self.count = max(1, count)
    }

    func run() throws {
        let failed = days() + elections()
        if !failed.isEmpty { throw Missing("days and elections without a complaint; these seeds had some: \(failed)") }
    }

    private func days() -> [UInt64] {
        let start = ContinuousClock.now
        var total = Simulation.Report(seed: seed)
        var failed: [UInt64] = []
        for seed in seeds {
            let report = Simulation.run(seed: seed)
            if !report.complaints.isEmpty {
                failed.append(seed)
                say("RANDOM \(report)")
            }
            total.edits += report.edits
            total.storms += report.storms
            total.kills += report.kills
            total.reconciles += report.reconciles
            total.lists += report.lists
            total.watches += report.watches
            total.steps += report.steps
            if (seed - self.seed + 1).isMultiple(of: 50) { say("\(seed - self.seed + 1) of \(count) days, \(failed.count) failed") }
        }
        say(
            "RANDOM seeds=\(name) days=\(count) edits=\(total.edits) storms=\(total.storms) kills=\(total.kills)"
                + " reconciles=\(total.reconciles) lists=\(total.lists) watches=\(total.watches) steps=\(total.steps)"
                + " took=\(ContinuousClock.now - start) failed=\(failed.count) \(failed.isEmpty ? "ok" : "FAILED")")
        return failed
    }

    private func elections() -> [UInt64] {
        let start = ContinuousClock.now
        var handovers = 0
        var failed: [UInt64] = []
        for seed in seeds {
            let report = ElectionSimulation.run(seed: seed)
            if !report.complaints.isEmpty { failed.append(seed) }
            for complaint in report.complaints { say("ELECTIONS \(complaint)") }
            handovers += report.handovers
        }
        say(
            "ELECTIONS seeds=\(name) handovers=\(handovers) took=\(ContinuousClock.now - start) failed=\(failed.count)"
                + " \(failed.isEmpty ? "ok" : "FAILED")")
        return failed
    }

    private var name: String { "\(seed)-\(seed + count - 1)" }
}
