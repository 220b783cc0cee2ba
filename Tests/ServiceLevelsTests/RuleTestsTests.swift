import PlimsollAPI
import PrometheusModel
import ServiceLevels
import TestSupport
import Testing
import Values

/// The generated tests, by the real promtool: they pass on the rules, and each kind of slip in the rules makes one fail.
@Suite(.enabled(if: Promtool.path != nil, Comment(rawValue: Promtool.missing)))
struct RuleTestsTests {
    /// Runs the generated tests on rules that may have been tampered with.
    private func run(_ yaml: String, _ tamper: (String) -> String = { $0 }) async throws -> Promtool.Outcome {
        let scratch = try ScratchDirectory()
        let rules = try SLOFixtures.rules(yaml)
        try writeFile(scratch.file("rules.yaml"), tamper(rules.file.yaml))
        var names: [String] = []
        for file in RuleTests(rules, spec: try SLOFixtures.spec(yaml), ruleFile: "rules.yaml").files {
            names.append(scratch.file("\(file.suffix).test.yaml"))
            try writeFile(names[names.count - 1], YAML.text(file.json))
        }
        return try await Promtool.run(["test", "rules"] + names, scratch)
    }

    @Test(arguments: [
        SLOFixtures.checkout, SLOFixtures.goodForm, SLOFixtures.latency, SLOFixtures.grouped, SLOFixtures.gauge, SLOFixtures.slices,
        SLOFixtures.checkout.replacing("30d", with: "7d"), SLOFixtures.checkout.replacing("99.9%", with: "92%"),
    ]) func theRulesPass(yaml: String) async throws {
        let outcome = try await run(yaml)
        #expect(outcome.passed, Comment(rawValue: outcome.output))
    }

    /// What of the rules is changed, and into what. Each occurs in an alert's expression.
    @Test(arguments: [
        ("> 14.4", "> 28.8"), ("> 14.4", "> 7.2"), ("> 6\n", "> 12\n"), ("> 3\n", "> 1.5\n"), ("0.0144 *", "0.0288 *"), ("0.006 *", "0.003 *"),
        ("\n      and\n", "\n      or\n"), ("events[59m59s999ms]", "events[1h59m59s999ms]"), ("events[59m59s999ms]", "events[29m59s999ms]"),
        ("events[4m59s999ms]", "events[9m59s999ms]"), ("events[29m59s999ms]", "events[14m59s999ms]"),
        ("_slow[23h59m59s999ms]", "_slow[1d23h59m59s999ms]"),
        ("_slow[2d23h59m59s999ms]", "_slow[1d11h59m59s999ms]"), ("events[5h59m59s999ms]", "events[11h59m59s999ms]"),
    ]) func aSlipInTheRulesFails(from: String, to: String) async throws {
        let rules = try SLOFixtures.rules(SLOFixtures.checkout).file.yaml
        let text = from.contains("[") ? Self.ranged(rules, from, to) : rules.replacing(from, with: to)
        #expect(text != rules, "\(from) does not occur")
        let outcome = try await run(SLOFixtures.checkout) { _ in text }
        #expect(!outcome.passed, "nobody noticed \(from) -> \(to)")
    }

    private static let selector = #"{plimsoll_instance="main",plimsoll_namespace="shop",plimsoll_slo="checkout-availability"}["#

    private static func ranged(_ rules: String, _ from: String, _ to: String) -> String {
        rules.replacing(from.replacing("[", with: selector), with: to.replacing("[", with: selector))
    }
}
