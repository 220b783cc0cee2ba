import TestSupport

/// Many simulated days of random faults, each with a seed of its own; needs no cluster.
struct RandomDays {
    let seed: UInt64
    let count: UInt64

    func run() throws {
        let start = ContinuousClock.now
        var total = Simulation.Report(seed: seed)
        var failed: [UInt64] = []
        for seed in seed..<(seed + count) {
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
            if (seed - self.seed + 1).isMultiple(of: 50) { say("\(seed - self.seed + 1) of \(count) days, \(failed.count) failed") }
        }
        say(
            "RANDOM seeds=\(seed)-\(seed + count - 1) days=\(count) edits=\(total.edits) storms=\(total.storms) kills=\(total.kills)"
                + " reconciles=\(total.reconciles) lists=\(total.lists) watches=\(total.watches) took=\(ContinuousClock.now - start)"
                + " failed=\(failed.count) \(failed.isEmpty ? "ok" : "FAILED")")
        if !failed.isEmpty { throw Missing("convergence of the days with the seeds \(failed)") }
    }
}
