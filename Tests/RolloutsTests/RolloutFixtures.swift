import Rollouts
import Values

enum RolloutFixtures {
    static let start = Instant(seconds: 1_800_000_000)

    static func at(_ seconds: Double) -> Instant { start.adding(PromDuration(milliseconds: Int64(seconds * 1000))) }

    static func settings(gates: Int = 1, outcomes: Int = 1, risk: Risk = Risk()) -> EvidenceSettings {
        EvidenceSettings(risk: risk, gates: gates, outcomes: outcomes, since: start)
    }

    static func poisson(_ mean: Double, _ random: inout SeededGenerator) -> Double {
        // The number of arrivals of a unit rate before `mean`, by multiplying uniforms in the log's place; means here are small.
        var count = 0.0
        var left = mean
        while left > 0 {
            let part = min(left, 1)
            // P(no arrival in part) by inversion of the series of e^-part.
            var term = 1.0
            var zero = 1.0
            for n in 1...18 {
                term *= -part / Double(n)
                zero += term
            }
            var uniform = Double.random(in: 0..<1, using: &random)
            var chance = zero
            var k = 0.0
            while uniform >= chance, k < 40 {
                uniform -= chance
                k += 1
                chance *= part / k
            }
            count += k
            left -= part
        }
        return count
    }
}

/// Pods with raw counters, scraped every five seconds at an offset of their own.
struct ScrapedPods {
    struct Pod {
        var life: PodLife
        var total = 0.0
        var errors = 0.0
        var errorsShown = false
    }

    var pods: [Pod]
    let perTick: Double
    let badShare: (Arm) -> Double

    init(canary: Int, stable: Int, perTick: Double, badShare: @escaping (Arm) -> Double) {
        pods =
            (0..<stable).map {
                Pod(life: PodLife(name: "stable-\($0)", arm: .stable, startedAt: RolloutFixtures.at(-86_400)), total: 1000, errors: 3)
            }
            + (0..<canary).map { Pod(life: PodLife(name: "canary-\($0)", arm: .canary, startedAt: RolloutFixtures.at(1 + Double($0)))) }
        self.perTick = perTick
        self.badShare = badShare
    }

    /// All samples up to so many seconds, with lost scrapes, resets and NaN now and then.
    mutating func samples(seconds: Int, faults: Double = 0, _ random: inout SeededGenerator) -> [CounterSample] {
        var samples: [CounterSample] = []
        for tick in 0..<(seconds / 5) {
            for index in pods.indices {
                let at = RolloutFixtures.at(Double(tick * 5) + 0.37 * Double(index % 13))
                guard at > pods[index].life.startedAt, at > RolloutFixtures.start else { continue }
                let requests = RolloutFixtures.poisson(perTick, &random)
                pods[index].total += requests
                for _ in 0..<Int(requests) where Double.random(in: 0..<1, using: &random) < badShare(pods[index].life.arm) { pods[index].errors += 1 }
                let dice = Double.random(in: 0..<1, using: &random)
                if dice < faults { continue }
                if dice < 2 * faults { (pods[index].total, pods[index].errors) = (0, 0) }
                let pod = pods[index]
                let total = dice > 1 - faults ? .nan : pod.total
                samples.append(CounterSample(pod: pod.life.name, role: .total, at: at, value: total))
                // A series of errors comes with the first of them.
                if pod.errors > 0 || pod.errorsShown {
                    pods[index].errorsShown = true
                    samples.append(CounterSample(pod: pod.life.name, series: "code=500", role: .bad(0), at: at, value: pod.errors))
                }
            }
        }
        return samples
    }
}
