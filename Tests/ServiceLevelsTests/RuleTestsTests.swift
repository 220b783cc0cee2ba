import PlimsollAPI
import PrometheusModel
import ServiceLevels
import TestSupport
import Testing
import Values

/// The generated tests, by the real promtool: they pass on the rules, and each kind of slip in the rules makes one fail.
@Suite(.serialized, .enabled(if: Promtool.path != nil, Comment(rawValue: Promtool.missing)))
struct RuleTestsTests {
    /// Runs the generated tests, or those of some tiers, on rules that may have been tampered with.
    private func run(_ yaml: String, tiers: Set<String>? = nil, _ tamper: (String) -> String = { $0 }) async throws -> Promtool.Outcome {
        let scratch = try ScratchDirectory()
        let rules = try SLOFixtures.rules(yaml)
        try writeFile(scratch.file("rules.yaml"), tamper(rules.file.yaml))
        var names: [String] = []
        for file in RuleTests(rules, spec: try SLOFixtures.spec(yaml), ruleFile: "rules.yaml").files where tiers?.contains(file.tier) ?? true {
            names.append(scratch.file("\(file.tier).test.yaml"))
            try writeFile(names[names.count - 1], YAML.text(file.json))
        }
        return try await Promtool.run(["test", "rules"] + names, scratch)
    }

    @Test(arguments: [SLOFixtures.checkout, SLOFixtures.slices]) func theRulesPass(yaml: String) async throws {
        let outcome = try await run(yaml)
        #expect(outcome.passed, Comment(rawValue: outcome.output))
    }

    @Test(arguments: [SLOFixtures.composite, SLOFixtures.groupedComposite]) func theWorstMemberCounts(yaml: String) async throws {
        let outcome = try await run(yaml, tiers: ["worst.member"])
        #expect(outcome.passed, Comment(rawValue: outcome.output))
    }

    @Test(
        .enabled(if: isLong, "minutes long: PLIMSOLL_TEST_LONG=1"),
        arguments: [
            SLOFixtures.composite, SLOFixtures.goodForm, SLOFixtures.latency, SLOFixtures.grouped, SLOFixtures.gauge,
            SLOFixtures.checkout.replacing("30d", with: "7d"),
            SLOFixtures.checkout.replacing("99.9%", with: "92%"), SLOFixtures.checkout.replacing("30d", with: "1d"),
        ]) func theRulesOfEveryFixturePass(yaml: String) async throws
    {
        let outcome = try await run(yaml)
        #expect(outcome.passed, Comment(rawValue: outcome.output))
    }

    private static let isLong = TestEnvironment.value("PLIMSOLL_TEST_LONG") != nil

    /// What of the rules is changed, into what, and whose tests must notice.
    struct Slip: Sendable, CustomTestStringConvertible {
        let from: String
        let to: String
        let tier: String
        let yaml: String
        init(_ from: String, _ to: String, _ tier: String, _ yaml: String = SLOFixtures.checkout) {
            (self.from, self.to, self.tier, self.yaml) = (from, to, tier, yaml)
        }
        var testDescription: String { "\(from) -> \(to)" }
    }

    /// The low-traffic guard implies what the long window must be above; without it that is the only bound.
    private static let unguarded = SLOFixtures.checkout.replacing("alerting:\n", with: "alerting:\n  lowTraffic: \"Off\"\n")

    private static let slips = [
        Slip("> 14.4", "> 28.8", "fast"), Slip("\n      and\n", "\n      or\n", "fast"), Slip("events[59m59s999ms]", "events[1h59m59s999ms]", "fast"),
        Slip("events[4m59s999ms]", "events[9m59s999ms]", "fast"),
        Slip("max by (region) (\n        clamp_max", "avg by (region) (\n        clamp_max", "worst.member", SLOFixtures.groupedComposite),
    ]
    private static let moreSlips = [
        Slip("> 14.4", "> 7.2", "fast", unguarded), Slip("0.0144 *", "0.0288 *", "fast"), Slip("0.0144 *", "0.0072 *", "fast"),
        Slip("events[59m59s999ms]", "events[29m59s999ms]", "fast"), Slip("> 6\n", "> 12\n", "medium"), Slip("> 6\n", "> 3\n", "medium", unguarded),
        Slip("0.006 *", "0.003 *", "medium"), Slip("\n      and\n", "\n      or\n", "medium"),
        Slip("events[5h59m59s999ms]", "events[11h59m59s999ms]", "medium"), Slip("events[5h59m59s999ms]", "events[2h59m59s999ms]", "medium"),
        Slip("events[29m59s999ms]", "events[59m59s999ms]", "medium"), Slip("events[29m59s999ms]", "events[14m59s999ms]", "medium"),
        Slip("> 3\n", "> 1.5\n", "slow", unguarded), Slip("> 3\n", "> 6\n", "slow"), Slip("_slow[23h59m59s999ms]", "_slow[1d23h59m59s999ms]", "slow"),
        Slip("_slow[23h59m59s999ms]", "_slow[11h59m59s999ms]", "slow"), Slip("events[1h59m59s999ms]", "events[3h59m59s999ms]", "slow"),
        Slip("> 1\n", "> 2\n", "very-slow"), Slip("_slow[2d23h59m59s999ms]", "_slow[5d23h59m59s999ms]", "very-slow"),
        Slip("_slow[2d23h59m59s999ms]", "_slow[1d11h59m59s999ms]", "very-slow"),
    ]

    @Test(arguments: slips) func aSlipInTheRulesIsNoticed(slip: Slip) async throws { try await isNoticed(slip) }

    @Test(.enabled(if: isLong, "minutes long: PLIMSOLL_TEST_LONG=1"), arguments: moreSlips) func everySlipIsNoticed(slip: Slip) async throws {
        try await isNoticed(slip)
    }

    private func isNoticed(_ slip: Slip) async throws {
        let rules = try SLOFixtures.rules(slip.yaml).file.yaml
        // The name of a record keeps its window: only what is summed is changed.
        let selector = #"{plimsoll_instance="main",plimsoll_namespace="shop",plimsoll_slo="checkout-availability"}["#
        let isRange = slip.from.contains("[")
        let text = rules.replacing(
            isRange ? slip.from.replacing("[", with: selector) : slip.from, with: isRange ? slip.to.replacing("[", with: selector) : slip.to)
        #expect(text != rules, "\(slip.from) does not occur")
        let outcome = try await run(slip.yaml, tiers: [slip.tier]) { _ in text }
        #expect(!outcome.passed, "nobody noticed it")
    }
}
