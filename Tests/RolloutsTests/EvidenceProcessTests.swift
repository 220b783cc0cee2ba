import Glibc
import Testing
import Values

@testable import Rollouts

@Suite struct EvidenceProcessTests {
    private static let bound = ComparedBound(tolerance: 1.2, excess: 0.0001)

    private func tick(_ random: inout SeededGenerator, canary: Double, stable: Double, _ rates: (Double, Double)) -> ComparedCounts {
        ComparedCounts(
            canary: ArmCounts(requests: canary, bad: min(canary, RolloutFixtures.poisson(canary * rates.0, &random))),
            stable: ArmCounts(requests: stable, bad: min(stable, RolloutFixtures.poisson(stable * rates.1, &random))))
    }

    /// The recursion against the sum over all start times that it stands for.
    @Test func mixesOverStartTimes() {
        var random = SeededGenerator(seed: 3)
        var process = BadnessProcess()
        var factors: [[Double]] = []
        #expect(process.value == 1)
        for _ in 0..<40 {
            let counts = tick(&random, canary: 20, stable: 80, (0.05, 0.02))
            process.observe(counts, Self.bound, dispersion: 1.5, logCap: 2)
            factors.append(
                BadnessProcess.multiples.map { multiple in
                    let bet = RateBet(multiple: multiple, share: 0.2, tolerance: Self.bound.tolerance, excess: Self.bound.excess)
                    return exp(min(bet.logFactor(counts, dispersion: 1.5), 2))
                })
            let t = factors.count
            var expected = 1 / (5 * Double(t))
            for k in BadnessProcess.multiples.indices {
                for start in 0..<t {
                    let product = factors[start...].reduce(1) { $0 * $1[k] }
                    expected += product * BadnessProcess.weights[k] * (start == 0 ? 0.8 : 1 / (5 * Double(start) * Double(start + 1)))
                }
            }
            #expect(abs(process.value / expected - 1) < 1e-9)
        }
    }

    @Test func ticksWithoutTheCanaryAreNone() {
        var process = BadnessProcess()
        process.observe(ComparedCounts(stable: ArmCounts(requests: 100, bad: 7)), Self.bound, dispersion: 1, logCap: 2)
        #expect(process == BadnessProcess())
    }

    /// At the bound itself, looked at after every tick of 20 minutes, with a weight and a base rate that swing.
    @Test func falseAlarmsStayBelowAlpha() {
        var random = SeededGenerator(seed: 5)
        var alarms = 0
        let runs = 600
        for _ in 0..<runs {
            var process = BadnessProcess()
            for t in 0..<240 {
                let share = t < 80 ? 0.1 : t < 160 ? 0.5 : 0.9
                let base = 0.01 * (2 + Glibc.sin(Double(t) / 20))
                let counts = tick(&random, canary: 200 * share, stable: 200 * (1 - share), (1.2 * base, base))
                process.observe(counts, ComparedBound(tolerance: 1.2, excess: 0), dispersion: 1, logCap: 10)
            }
            if process.peak >= 20 { alarms += 1 }
        }
        // 5 % are allowed, which is 30 of 600.
        #expect(alarms <= 30, "\(alarms)")
    }

    @Test func aWorseCanaryIsFoundWheneverItBegins() {
        var random = SeededGenerator(seed: 6)
        for late in [0, 360] {
            var process = BadnessProcess()
            for _ in 0..<late { process.observe(tick(&random, canary: 50, stable: 450, (0.001, 0.001)), Self.bound, dispersion: 1, logCap: 2.3) }
            #expect(process.peak < 100)
            for _ in 0..<60 { process.observe(tick(&random, canary: 50, stable: 450, (0.05, 0.001)), Self.bound, dispersion: 1, logCap: 2.3) }
            #expect(process.peak >= 100, "\(late)")
        }
    }

    @Test func noSingleTickDecides() {
        let settings = RolloutFixtures.settings()
        var process = BadnessProcess()
        let disaster = ComparedCounts(canary: ArmCounts(requests: 500, bad: 500), stable: ArmCounts(requests: 4500, bad: 0))
        var ticks = 0
        while process.value < 100 {
            process.observe(disaster, settings.bad, dispersion: 1, logCap: settings.logTickCap)
            ticks += 1
        }
        #expect(ticks == 2)
        for _ in 0..<10_000 { process.observe(disaster, settings.bad, dispersion: 1, logCap: settings.logTickCap) }
        #expect(process.value.isFinite)
    }

    @Test func withoutBadEventsSafetyTakesThreeHundredRequestsAtOnePercent() throws {
        let bound = ComparedBound(tolerance: 1.2, excess: 0.01)
        let threshold = log(1 / 0.05)
        let pace = ComparedCounts(canary: ArmCounts(requests: 10), stable: ArmCounts(requests: 90))
        var process = SafetyProcess()
        let needed = try #require(process.requestsMissing(pace, bound, dispersion: 1, threshold: threshold))
        // 300 with the best bet, and the mixture's price.
        #expect(needed > 300 && needed < 500)
        var requests = 0.0
        while process.logValue < threshold {
            process.observe(pace, bound, dispersion: 1)
            requests += 10
        }
        #expect(abs(requests - needed) <= 10)
        #expect(process.requestsMissing(pace, bound, dispersion: 1, threshold: threshold) == 0)
    }

    @Test func aCanaryAtTheBoundIsNeverProvedSafe() {
        let pace = ComparedCounts(canary: ArmCounts(requests: 1000, bad: 40), stable: ArmCounts(requests: 9000, bad: 225))
        #expect(SafetyProcess().requestsMissing(pace, ComparedBound(tolerance: 1.2, excess: 0.01), dispersion: 1, threshold: 3) == nil)
        #expect(SafetyProcess().requestsMissing(ComparedCounts(), ComparedBound(tolerance: 1.2, excess: 0.01), dispersion: 1, threshold: 3) == nil)
        var random = SeededGenerator(seed: 8)
        var proofs = 0
        for _ in 0..<400 {
            var process = SafetyProcess()
            var isProved = false
            for _ in 0..<150 {
                process.observe(tick(&random, canary: 40, stable: 160, (0.034, 0.02)), ComparedBound(tolerance: 1.2, excess: 0.01), dispersion: 1)
                isProved = isProved || process.logValue >= log(20)
            }
            if isProved { proofs += 1 }
        }
        // 5 % are allowed.
        #expect(proofs <= 20, "\(proofs)")
    }

    /// With no tolerance for a ratio the excess is a ceiling of its own, for the time when no stable pod is left.
    @Test func aCeilingNeedsNoStablePods() {
        var process = BadnessProcess()
        let failing = ComparedCounts(canary: ArmCounts(requests: 100, bad: 6))
        for _ in 0..<30 { process.observe(failing, ComparedBound(tolerance: 0, excess: 0.01), dispersion: 1, logCap: 2.3) }
        #expect(process.peak > 100)
        var compared = BadnessProcess()
        for _ in 0..<30 { compared.observe(failing, Self.bound, dispersion: 1, logCap: 2.3) }
        #expect(compared.peak <= 1.0001, "against nothing there is no comparison")
    }
}
