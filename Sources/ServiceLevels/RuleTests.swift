import KubeModel
package import PlimsollAPI
import PrometheusModel
package import Values

/// Unit tests of an SLO's alerts for `promtool test rules`: that each tier fires when it should, and does not when it should not. Pure.
///
/// They feed the recorded base series (`plimsoll:sli:events`), so they hold for every indicator; what the base rules make of raw series is the
/// generator's own concern, and tested there.
package struct RuleTests {
    /// The tests of one tier. promtool has one evaluation interval a file, and tiers of hours and of days need different ones.
    package struct File: Sendable, Hashable {
        package let tier: String
        package let json: JSON
    }

    /// Between two samples and two evaluations: the longest of these that a short window holds six times, or the first.
    private static let steps = [PromDuration.minutes(1), .minutes(5), .minutes(10), .minutes(30), .hours(1)]
    /// A label of the series that are fed, which the base rules' own do not have: theirs have no events here, and get into nobody's way.
    private static let fed = LabelMatcher("fed", .equal, "any")

    /// Events of one step: so many that chance is no matter to the low-traffic guard.
    private static let total = 1_000_000

    /// A stretch of time with one share of errors.
    private struct Phase {
        var length: PromDuration
        var ratio: Double
        init(_ length: PromDuration, _ ratio: Double) { (self.length, self.ratio) = (length, ratio) }
    }

    let rules: GeneratedRules
    let spec: SLOSpec
    let ruleFiles: [String]
    private let groups: [RuleGroup]

    /// - Parameters:
    ///   - ruleFile: where the SLO's rules are, from where the tests will be.
    ///   - shared: the rules that it shares with others, and where these are.
    package init(_ rules: GeneratedRules, spec: SLOSpec, ruleFile: String, shared: (shard: FleetShard, files: [String])? = nil) {
        self.rules = rules
        self.spec = spec
        ruleFiles = [ruleFile] + (shared?.files ?? [])
        groups = rules.groups + (shared?.shard.groups ?? [])
    }

    package var files: [File] {
        rules.tiers.map { tier in
            let step = Self.steps.last { $0 * 6 <= tier.short } ?? Self.steps[0]
            return File(
                tier: tier.name,
                json: [
                    "rule_files": .array(ruleFiles.map { .string($0) }), "evaluation_interval": .string(step.description),
                    // Alerts last, as what they read of the other groups must not be a step old: it would be no longer seen.
                    "group_eval_order": .array(groups.reversed().map { .string($0.name) }), "tests": .array(scenarios(tier, step)),
                ])
        } + worstMember
    }

    /// Time runs up to the moment that is judged, where the last phase ends.
    private func scenarios(_ tier: AlertTier, _ step: PromDuration) -> [JSON] {
        /// The share of errors that the tier lets pass.
        let edge = tier.burnRate.value.doubleValue * spec.errorBudget.doubleValue
        // Above the edge by a half, as far as there is room.
        let high = min(1, edge * 1.5)
        func part(_ window: PromDuration, _ share: Double) -> PromDuration {
            step * Int64((Double(window.milliseconds) * share / Double(step.milliseconds)).rounded())
        }
        let (long, short) = (tier.long, tier.short)
        var scenarios: [(name: String, phases: [Phase], fires: Bool)] = [
            ("burns a little too fast", [Phase(long, min((edge + high) / 2, edge * 1.1))], true),
            ("burns almost too fast", [Phase(long, edge * 0.9)], false),
            // With as much to spare as is to be had: a window that is twice as long does not burn.
            ("has burnt for most of the long window", [Phase(part(long, (1 + edge / high) / 2), high)], true),
            // A window that is half as long burns.
            ("has burnt for half of the long window", [Phase(part(long, 0.5), high)], false),
            ("has no errors", [Phase(long, 0)], false),
        ]
        // What burns a short window of more than half of the long one burns that too.
        if short * 2 < long { scenarios.append(("has burnt in nothing but the short window", [Phase(short, min(1, edge * 2))], false)) }
        if edge < 0.4 {
            let burst = edge * 2.4
            let share = Double(short.milliseconds) / Double(long.milliseconds)
            if share < 0.4 {
                scenarios.append(
                    (
                        "burns in the short window, and almost in the long one",
                        [Phase(long - short, edge * (0.9 - 2 * share) / (1 - share)), Phase(short, edge * 2)], false
                    ))
            }
            scenarios += [
                ("burns in the long window, and almost in the short one", [Phase(long, high), Phase(short, edge * 0.9)], false),
                // A short window that is twice as long burns.
                ("has stopped burning for the short window", [Phase(long, high), Phase(short, burst), Phase(short, 0)], false),
                // One that is half as long does not.
                (
                    "has burnt in the older part of the short window",
                    [Phase(long, high), Phase(part(short, 0.6), burst), Phase(short - part(short, 0.6), 0)], true
                ),
            ]
        } else {
            scenarios.append(("has stopped burning for the short window", [Phase(long, high), Phase(short, 0)], false))
        }
        return scenarios.map { test(tier, $0.name, $0.phases, fires: $0.fires, step) }
    }

    private func test(_ tier: AlertTier, _ name: String, _ phases: [Phase], fires: Bool, _ step: PromDuration) -> JSON {
        let all = ([Phase(tier.long, 0)] + phases).filter { $0.length > .zero }
        let end = all.reduce(PromDuration.zero) { $0 + $1.length }
        func values(_ value: (Phase) -> Int) -> String {
            all.map { "\(value($0))x\($0.length.milliseconds / step.milliseconds - 1)" }.joined(separator: " ")
        }
        return [
            "name": .string("tier \(tier.name): \(name)"), "interval": .string(step.description),
            "input_series": [
                ["series": .string(series(.total)), "values": .string(values { _ in Self.total })],
                ["series": .string(series(.errors)), "values": .string(values { Int((Double(Self.total) * $0.ratio).rounded()) })],
            ],
            "promql_expr_test": [
                [
                    "expr": .string("count(\(alert(tier))) or vector(0)"), "eval_time": .string((end - step).description),
                    "exp_samples": [["labels": "{}", "value": .int(fires ? 1 : 0)]],
                ]
            ],
        ]
    }

    /// The base series of the SLO, or of one group of it.
    private func series(_ kind: SeriesNames.Events) -> String {
        let labels = rules.identity.labels.merging([LabelNames.events: kind.rawValue]) { $1 }.map { LabelMatcher($0.key, .equal, $0.value) }
        let groups = spec.groupBy.map { LabelMatcher($0, .equal, "any") }
        return VectorSelector(metricName: SeriesNames.events, matchers: labels + groups + [Self.fed]).description
    }

    private func alert(_ tier: AlertTier) -> String {
        let tier = LabelMatcher(LabelNames.tier, .equal, tier.name)
        return spec.alerting.shadow
            ? "\(SeriesNames.shadowAlerts){\(tier)}" : "ALERTS{alertname=\"\(SeriesNames.alert)\",alertstate=\"firing\",\(tier)}"
    }
}
