import PlimsollAPI
import Testing
import Values

struct AlertTierTests {
    private func text(_ tiers: [AlertTier]) -> String {
        tiers.map { "\($0.name) \($0.severity.rawValue) \($0.long)/\($0.short) \($0.burnRate)" }.joined(separator: ", ")
    }

    @Test(arguments: [
        ("30d", "fast page 1h/5m 14.4x, medium page 6h/30m 6x, slow ticket 1d/2h 3x, very-slow ticket 3d/6h 1x"),
        ("28d", "fast page 1h/5m 13.44x, medium page 6h/30m 5.6x, slow ticket 1d/2h 2.8x, very-slow ticket 3d/6h 0.933x"),
        ("90d", "fast page 1h/5m 43.2x, medium page 6h/30m 18x, slow ticket 1d/2h 9x, very-slow ticket 3d/6h 3x"),
        ("14d", "fast page 30m/5m 13.44x, medium page 3h/15m 5.6x, slow ticket 12h/1h 2.8x, very-slow ticket 1d/2h 1.4x"),
        ("7d", "fast page 15m/5m 13.44x, medium page 1h/5m 8.4x, slow ticket 6h/30m 2.8x, very-slow ticket 12h/1h 1.4x"),
        ("1d", "fast page 15m/5m 14.4x, medium page 30m/5m 6x, slow ticket 1h/5m 3x, very-slow ticket 2h/10m 1.2x"),
        ("1h", "fast page 15m/5m 14.4x, medium page 30m/5m 6x, slow ticket 1h/5m 3x"),
    ])
    func defaults(window: String, expected: String) throws {
        #expect(text(AlertTier.defaults(window: try #require(PromDuration(window)))) == expected)
    }

    /// Whatever the window: valid, ordered from fast to slow, and the same share of the budget unless the least window stands in.
    @Test(arguments: Array(stride(from: 1, through: 9600, by: 37)))
    func defaultsAreSound(hours: Int64) {
        let window = PromDuration.hours(hours)
        let tiers = AlertTier.defaults(window: window)
        #expect(!tiers.isEmpty)
        let least: [String: PromDuration] = ["fast": .minutes(15), "medium": .minutes(30), "slow": .hours(1), "very-slow": .hours(2)]
        let share = ["fast": 0.02, "medium": 0.05, "slow": 0.1, "very-slow": 0.1]
        for tier in tiers {
            #expect(tier.short < tier.long && tier.long <= window, "\(window): \(tier.name)")
            #expect(tier.burnRate.value >= ExactDecimal("0.9") ?? .zero, "\(window): \(tier.name)")
            let spent = tier.burnRate.value.doubleValue * tier.long.seconds / window.seconds
            let wanted = share[tier.name] ?? 0
            #expect(abs(spent - wanted) < 0.001 * wanted || (tier.long == least[tier.name] && spent > wanted), "\(window): \(tier.name) \(spent)")
        }
        for (fast, slow) in zip(tiers, tiers.dropFirst()) {
            #expect(fast.long < slow.long && fast.burnRate > slow.burnRate, "\(window): \(fast.name), \(slow.name)")
        }
    }

    @Test func defaultsThatCannotFireAreLeftOut() throws {
        var spec = SLOSpec()
        spec.window = SLOWindow(rolling: .days(30))
        spec.objective = try #require(Percentage("99.9%"))
        #expect(spec.effectiveTiers.tiers.count == 4)
        #expect(spec.effectiveTiers.notes.isEmpty)
        spec.objective = try #require(Percentage("90%"))
        #expect(spec.effectiveTiers.tiers.map(\.name) == ["medium", "slow", "very-slow"])
        #expect(
            spec.effectiveTiers.notes == [
                "The default tier fast (1h/5m at 14.4x) is left out: even a total outage burns more slowly at an objective of 90%."
            ])
        let own = AlertTier(name: "own", severity: .page, long: .hours(2), short: .minutes(10), burnRate: Factor(ExactDecimal(2)))
        spec.alerting.tiers = [own]
        #expect(spec.effectiveTiers.tiers == [own])
    }

    /// The greatest burn rate that is told is accepted, and a thousandth more is not.
    @Test(arguments: 1...50)
    func theGreatestBurnRateIsExact(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let objective = "\(Int.random(in: 1...99, using: &random)).\(Int.random(in: 1...999, using: &random))%"
        func problems(_ rate: String) throws -> [String] {
            var spec = try SLOSamples.spec("objective", .string(objective))
            spec["alerting"] = ["tiers": [["name": "a", "severity": "page", "long": "1h", "short": "5m", "burnRate": .string(rate)]]]
            return SLOSamples.problems(spec)
        }
        let told = try #require(try problems("9999x").first)
        let greatest = try #require(told.firstMatch(of: /at most ([0-9.]+)x would do/)).1
        #expect(try problems("\(greatest)x") == [], "seed \(seed), \(objective)")
        let more = try #require(ExactDecimal(String(greatest))) + (ExactDecimal("0.001") ?? .zero)
        #expect(try problems("\(more)x").count == 1, "seed \(seed), \(objective)")
    }
}
