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
    /// Where errors can't be twice what a tier lets pass, the tests need to be finer.
    private static let fineSteps = [PromDuration.seconds(5), .seconds(10), .seconds(30)] + steps
    /// From this share of errors on.
    private static let highEdge = 0.4
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
            let step = step(tier)
            return File(
                tier: tier.name,
                json: [
                    "rule_files": .array(ruleFiles.map { .string($0) }), "evaluation_interval": .string(step.description),
                    // Alerts last, as what they read of the other groups must not be a step old: it would be no longer seen.
                    "group_eval_order": .array(groups.reversed().map { .string($0.name) }), "tests": .array(scenarios(tier, step)),
                ])
        } + worstMember
    }

    /// The share of errors that a tier lets pass.
    private func edge(_ tier: AlertTier) -> Double { tier.burnRate.value.doubleValue * spec.errorBudget.doubleValue }

    private func step(_ tier: AlertTier) -> PromDuration {
        let customary = Self.steps.last { $0 * 6 <= tier.short } ?? Self.steps[0]
        let edge = edge(tier)
        guard edge >= Self.highEdge else { return customary }
        return Self.fineSteps.last { $0 <= customary && Quiet(tier.short, $0, edge).isComplete } ?? Self.fineSteps[0]
    }

    /// For how long everything must have been well again, after nothing but errors, for a short window and one twice or half as long to differ.
    private struct Quiet {
        /// It no longer burns, and one twice as long still does.
        var stopped: PromDuration?
        /// It still burns, and one half as long no longer does.
        var burning: PromDuration?

        var isComplete: Bool { stopped != nil && burning != nil }

        init(_ short: PromDuration, _ step: PromDuration, _ edge: Double) {
            let samples = Int(short.milliseconds / step.milliseconds)
            func share(_ quiet: Int, of samples: Int) -> Double { 1 - Double(min(quiet, samples)) / Double(samples) }
            /// The one with the most to spare on both sides.
            func longest(_ spare: (Int) -> Double) -> PromDuration? {
                guard let best = (1...max(samples, 1)).max(by: { spare($0) < spare($1) }), spare(best) > 0.01 * edge else { return nil }
                return step * Int64(best)
            }
            stopped = longest { min(edge - share($0, of: samples), share($0, of: samples * 2) - edge) }
            // Of an odd number the half that is rounded up.
            burning = longest { min(share($0, of: samples) - edge, edge - share($0, of: (samples + 1) / 2)) }
        }
    }

    /// Time runs up to the moment that is judged, where the last phase ends.
    private func scenarios(_ tier: AlertTier, _ step: PromDuration) -> [JSON] {
        let edge = edge(tier)
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
        let almostInTheShort = [Phase(long, high), Phase(short, edge * 0.9)]
        if edge < Self.highEdge {
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
                ("burns in the long window, and almost in the short one", almostInTheShort, false),
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
            // The long window still burns if what is less in the short one weighs little in it.
            let share = Double(short.milliseconds) / Double(long.milliseconds)
            if high * (1 - share) + edge * 0.9 * share > edge * 1.01 {
                scenarios.append(("burns in the long window, and almost in the short one", almostInTheShort, false))
            }
            let quiet = Quiet(short, step, edge)
            func isLongBurning(_ quiet: PromDuration) -> Bool { 1 - Double(quiet.milliseconds) / Double(long.milliseconds) > edge * 1.01 }
            if let stopped = quiet.stopped, isLongBurning(stopped) {
                scenarios.append(("has failed throughout, and stopped in the short window", [Phase(long, 1), Phase(stopped, 0)], false))
            }
            if let burning = quiet.burning, isLongBurning(burning) {
                scenarios.append(("has failed throughout, and stopped right now", [Phase(long, 1), Phase(burning, 0)], true))
            }
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
