import Glibc
import Rollouts
import Values

/// Releases by simulation: how often a healthy one is called bad, and how soon a bad one, by ours and by others on the same counts.
struct RolloutRuns {
    let runs: Int
    let seed: UInt64

    private static let risk = Risk()
    /// One history of the stable pods for so many runs.
    private static let runsPerHistory = 20

    struct Row {
        var name: String
        var service: SimulatedService
        var seconds: Double
        /// Whether the release is worse than tolerated.
        var isBad: Bool
        /// The figure's target, in percent: at most where it is healthy, at least where it is bad.
        var target: Double?
        /// Nil: the default.
        var negligible: Double?
        /// Of the stable pods before the rollout, from which their dispersion is estimated.
        var historySeconds = 6 * 3600.0
    }

    /// When a judge called it bad, for those runs in which it did.
    private struct Tally {
        var times: [Double] = []

        mutating func add(_ time: Double?) { if let time { times.append(time) } }
        func share(of runs: Int) -> Double { 100 * Double(times.count) / Double(runs) }
        func time(_ quantile: Double) -> String {
            let sorted = times.sorted()
            return sorted.isEmpty ? "-" : "\(Int(sorted[min(sorted.count - 1, Int(Double(sorted.count) * quantile))]))s"
        }
    }

    func run() {
        print("runs \(runs) seed \(seed) tick 5s alpha 1% tolerance 1.2x, a history of 6h per \(Self.runsPerHistory) runs")
        print(
            "JUDGE spinnaker#6278 7x100+3x1 against 10x1 \(MannWhitneyJudge.isHigh(Self.mixed(7), Self.mixed(0)) ? "High" : "Pass"), 8x100 "
                + "\(MannWhitneyJudge.isHigh(Self.mixed(8), Self.mixed(0)) ? "High" : "Pass")")
        print("ROW row seconds called-bad median p90 uncorrected static static-of-3 mann-whitney safe-at-end first-safe-median")
        for (index, row) in (Self.healthy + Self.bad + Self.unknown).enumerated() { measure(row, seed: seed &+ UInt64(index) &* 1_000_003) }
    }

    private static func mixed(_ high: Int) -> [Double] { (0..<10).map { $0 < high ? 100 : 1 } }

    private func measure(_ row: Row, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let since = Instant(seconds: 1_800_000_000)
        var settings = EvidenceSettings(risk: Self.risk, since: since)
        if let negligible = row.negligible { settings.bad.excess = negligible }
        var tallies = [Tally](repeating: Tally(), count: 5)
        var safe = Tally()
        var safeAtEnd = 0
        var history = DispersionFold()
        var factors: [Double] = []
        for run in 0..<runs {
            if run % Self.runsPerHistory == 0 {
                factors = row.service.factors(&random)
                history = DispersionFold()
                for time in stride(from: -row.historySeconds, to: 0, by: SimulatedService.tick) {
                    history.add(
                        tick: row.service.tick(at: time, factors: factors, &random).mapValues { ArmCounts(requests: $0.requests, bad: $0.bad[0]) })
                }
            }
            // The stable pods stay where they are; the canary's are placed anew.
            factors = Array(row.service.factors(&random).prefix(row.service.canaryPods)) + factors.suffix(row.service.stablePods)
            var ours = EvidenceJudge(dispersion: history, settings: settings, risk: Self.risk)
            var judges: [any RolloutJudge] = [
                UncorrectedJudge(settings: settings, risk: Self.risk), StaticJudge(failureLimit: 0), StaticJudge(failureLimit: 2),
                MannWhitneyJudge(),
            ]
            var found = [Double?](repeating: nil, count: 5)
            for time in stride(from: 0, to: row.seconds, by: SimulatedService.tick) {
                let cells = row.service.tick(at: time, factors: factors, &random)
                let end = time + SimulatedService.tick
                if found[0] == nil, ours.look(cells, at: time) { found[0] = end }
                for index in judges.indices where found[index + 1] == nil {
                    if judges[index].look(cells, at: time) { found[index + 1] = end }
                }
            }
            for index in found.indices { tallies[index].add(found[index].map { $0 - row.service.badAfter }) }
            safe.add(ours.safeAt)
            if ours.isSafe, found[0] == nil { safeAtEnd += 1 }
        }
        report(row, tallies, safe, safeAtEnd)
    }

    private func report(_ row: Row, _ tallies: [Tally], _ safe: Tally, _ safeAtEnd: Int) {
        func percent(_ tally: Tally) -> String { ExactDecimal(tally.share(of: runs))?.rounded(digits: 2).description ?? "?" }
        let share = tallies[0].share(of: runs)
        print(
            "ROW \(row.name) \(Int(row.seconds)) \(percent(tallies[0]))% \(tallies[0].time(0.5)) \(tallies[0].time(0.9)) "
                + tallies.dropFirst().map { percent($0) + "%" }.joined(separator: " ") + " \(100 * safeAtEnd / runs)% \(safe.time(0.5))")
        if let target = row.target {
            let isGood = row.isBad ? share >= target : share <= target
            let text = ExactDecimal(target)?.description ?? "?"
            print("FIGURE \(row.name) \(percent(tallies[0])) percent \(row.isBad ? ">=" : "<=")\(text) \(isGood ? "ok" : "short")")
        }
        for (peer, tally) in zip(["uncorrected", "static", "static_of_3", "mann_whitney"], tallies.dropFirst()) {
            print("PEER \(row.name)_\(peer) \(percent(tally)) percent")
        }
    }
}

/// The same test without what keeps it honest on real traffic: no dispersion, no cap on a tick, no pod left out.
private struct UncorrectedJudge: RolloutJudge {
    private var process = BadnessProcess()
    private let settings: EvidenceSettings
    private let threshold: Double

    init(settings: EvidenceSettings, risk: Risk) {
        self.settings = settings
        threshold = 1 / risk.falseAlarm
    }

    mutating func look(_ cells: [String: PodTick], at time: Double) -> Bool {
        var counts = ComparedCounts()
        for cell in cells.values {
            let one = ArmCounts(requests: cell.requests, bad: cell.bad[0])
            if cell.arm == .canary { counts.canary += one } else { counts.stable += one }
        }
        process.observe(counts, settings.bad, dispersion: 1, logCap: .greatestFiniteMagnitude)
        return process.peak >= threshold
    }
}
