import Rollouts
import Values

/// Somebody who looks at a release tick by tick and may call it bad.
protocol RolloutJudge {
    /// - Returns: whether it calls the release bad now.
    mutating func look(_ cells: [String: PodTick], at time: Double) -> Bool
}

/// Ours.
struct EvidenceJudge: RolloutJudge {
    private var outcome: OutcomeEvidence
    private let settings: EvidenceSettings
    private let risk: Risk
    /// When it was first proved safe, in seconds.
    private(set) var safeAt: Double?

    var isSafe: Bool { outcome.isSafe(risk) }

    init(dispersion: DispersionFold, settings: EvidenceSettings, risk: Risk) {
        outcome = OutcomeEvidence(dispersion: dispersion)
        self.settings = settings
        self.risk = risk
    }

    mutating func look(_ cells: [String: PodTick], at time: Double) -> Bool {
        outcome.observe(cells, outcome: 0, settings: settings)
        if safeAt == nil, outcome.isSafe(risk) { safeAt = time + SimulatedService.tick }
        return outcome.badness.peak >= 1 / risk.falseAlarm
    }
}

/// "More than 1 % errors of the canary in a minute", as a static query with a failure limit.
struct StaticJudge: RolloutJudge {
    let failureLimit: Int
    private var minute = ArmCounts()
    private var failed = 0

    init(failureLimit: Int) { self.failureLimit = failureLimit }

    mutating func look(_ cells: [String: PodTick], at time: Double) -> Bool {
        for cell in cells.values where cell.arm == .canary { minute += ArmCounts(requests: cell.requests, bad: cell.bad[0]) }
        guard Int(time + SimulatedService.tick) % 60 == 0 else { return false }
        if minute.rate > 0.01 { failed += 1 }
        minute = ArmCounts()
        return failed > failureLimit
    }
}

/// Kayenta's judge: Mann-Whitney on the arms' error ratios by 10 s, judged again every minute on all there is (NetflixACAJudge and MannWhitneyClassifier
/// with their defaults: confidence 98 %, "High" where the shift's lower bound is above a quarter of the Hodges-Lehmann estimate).
struct MannWhitneyJudge: RolloutJudge {
    private var canary: [Double] = []
    private var stable: [Double] = []
    private var step = ComparedCounts()

    init() {}

    mutating func look(_ cells: [String: PodTick], at time: Double) -> Bool {
        for cell in cells.values {
            let counts = ArmCounts(requests: cell.requests, bad: cell.bad[0])
            if cell.arm == .canary { step.canary += counts } else { step.stable += counts }
        }
        let end = Int(time + SimulatedService.tick)
        guard end % 10 == 0 else { return false }
        // A ratio of nothing is NaN, which the judge takes out.
        if step.canary.requests > 0 { canary.append(step.canary.rate) }
        if step.stable.requests > 0 { stable.append(step.stable.rate) }
        step = ComparedCounts()
        return end % 60 == 0 && Self.isHigh(canary, stable)
    }

    static func isHigh(_ experiment: [Double], _ control: [Double]) -> Bool {
        guard let most = experiment.max(), let least = experiment.min(), let controlMost = control.max(), let controlLeast = control.min() else {
            return false
        }
        if experiment.sorted() == control.sorted() || (most == least && controlMost == controlLeast && most == controlMost) { return false }
        let range = (least - controlMost)...(most - controlLeast)
        let shift = Shift(experiment, control)
        let low = shift.root(2.326_347_874_040_841, range)
        return low > 0.25 * abs(shift.root(0, range))
    }

    /// The location shift between two samples.
    private struct Shift {
        let x: [Double]
        let y: [Double]

        init(_ x: [Double], _ y: [Double]) {
            self.x = x.sorted()
            self.y = y.sorted()
        }

        /// The shift at which the rank sum's z is `z`; an end of the range where there is none.
        func root(_ z: Double, _ range: ClosedRange<Double>) -> Double {
            var (low, high) = (range.lowerBound, range.upperBound)
            if score(low) - z <= 0 { return low }
            if score(high) - z >= 0 { return high }
            // Brent's method with 1e-4 in the judge; halving to a finer width gives the same for ratios.
            while high - low > 1e-7 {
                let middle = (low + high) / 2
                if score(middle) - z > 0 { low = middle } else { high = middle }
            }
            return (low + high) / 2
        }

        /// z of the rank sum of x - shift among y, with the corrections for ties and continuity.
        private func score(_ shift: Double) -> Double {
            let (m, n) = (Double(x.count), Double(y.count))
            var (i, j) = (0, 0)
            var (rank, sum, ties) = (0.0, 0.0, 0.0)
            while i < x.count || j < y.count {
                let value = min(i < x.count ? x[i] - shift : .infinity, j < y.count ? y[j] : .infinity)
                var (here, group) = (0.0, 0.0)
                while i < x.count, x[i] - shift <= value {
                    i += 1
                    here += 1
                    group += 1
                }
                while j < y.count, y[j] <= value {
                    j += 1
                    group += 1
                }
                sum += here * (rank + (group + 1) / 2)
                ties += group * group * group - group
                rank += group
            }
            let distance = sum - m * (m + 1) / 2 - m * n / 2
            let variance = m * n / 12 * (m + n + 1 - ties / ((m + n) * (m + n - 1)))
            guard variance > 0 else { return 0 }
            return (distance - (distance > 0 ? 0.5 : distance < 0 ? -0.5 : 0)) / variance.squareRoot()
        }
    }
}
