import Glibc
import Rollouts
import Values

/// Counts as chance brings them.
enum Chance {
    /// Poisson: by inversion, in parts that don't underflow.
    static func poisson(_ mean: Double, _ random: inout SeededGenerator) -> Double {
        var count = 0.0
        var left = mean
        while left > 0 {
            let part = min(left, 30)
            var uniform = Double.random(in: 0..<1, using: &random)
            var chance = exp(-part)
            var k = 0.0
            while uniform >= chance, k < 200 {
                uniform -= chance
                k += 1
                chance *= part / k
            }
            count += k
            left -= part
        }
        return count
    }

    /// Geometric from 1, by its mean.
    static func geometric(mean: Double, _ random: inout SeededGenerator) -> Double {
        let uniform = Double.random(in: 0..<1, using: &random)
        return mean <= 1 ? 1 : 1 + floor(log(1 - uniform) / log(1 - 1 / mean))
    }
}

/// A service with a canary beside it, for one row of the benchmark. Rates are shares of requests, times are in seconds.
struct SimulatedService: Sendable {
    /// How many bad events one cause makes.
    enum Clumps: Sendable {
        case single
        case fixed(Double)
        case geometric(mean: Double)
    }

    var requestsPerSecond = 20.0
    var canaryPods = 1
    var stablePods = 9
    var baseRate = 0.001
    /// Of the canary, once it is bad.
    var canaryRate = 0.001
    /// When it turns bad.
    var badAfter = 0.0
    var clumps = Clumps.single
    /// Each pod by itself is an outlier with this chance, with so many times the errors.
    var outliers: (chance: Double, factor: Double) = (0, 1)
    /// The canary's share of traffic at a time.
    var share: @Sendable (Double) -> Double = { _ in 0.1 }
    /// By what traffic and the base rate are multiplied at a time.
    var swing: @Sendable (Double) -> (traffic: Double, rate: Double) = { _ in (1, 1) }

    static let tick = 5.0

    /// Which pods are outliers: the canary's first.
    func factors(_ random: inout SeededGenerator) -> [Double] {
        (0..<(canaryPods + stablePods)).map { _ in
            outliers.chance > 0 && Double.random(in: 0..<1, using: &random) < outliers.chance ? outliers.factor : 1
        }
    }

    /// One tick that begins at a time; before zero there is no canary, and its traffic is the stable pods'.
    func tick(at time: Double, factors: [Double], _ random: inout SeededGenerator) -> [String: PodTick] {
        let swing = swing(time)
        let all = requestsPerSecond * Self.tick * swing.traffic
        let canaryShare = time < 0 ? 0 : share(time)
        var cells: [String: PodTick] = [:]
        cells.reserveCapacity(factors.count)
        for (pod, factor) in factors.enumerated() {
            let isCanary = pod < canaryPods
            if isCanary, time < 0 { continue }
            let mean = isCanary ? all * canaryShare / Double(canaryPods) : all * (1 - canaryShare) / Double(stablePods)
            let rate = min(1, (isCanary && time >= badAfter ? canaryRate : baseRate) * swing.rate * factor)
            let bad = badEvents(mean * rate, &random)
            let good = Chance.poisson(mean * (1 - rate), &random)
            cells[isCanary ? "c\(pod)" : "s\(pod)"] = PodTick(arm: isCanary ? .canary : .stable, requests: good + bad, bad: [bad])
        }
        return cells
    }

    private func badEvents(_ mean: Double, _ random: inout SeededGenerator) -> Double {
        switch clumps {
        case .single: return Chance.poisson(mean, &random)
        case .fixed(let size): return size * Chance.poisson(mean / size, &random)
        case .geometric(let size):
            return (0..<Int(Chance.poisson(mean / size, &random))).reduce(0) { sum, _ in sum + Chance.geometric(mean: size, &random) }
        }
    }
}
