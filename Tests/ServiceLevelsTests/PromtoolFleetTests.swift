import KubeModel
import PrometheusModel
import ServiceLevels
import TestSupport
import Testing
import Values

/// Rules that SLOs share, by the real promtool: they say what each SLO's own would.
@Suite(.enabled(if: Promtool.path != nil, Comment(rawValue: Promtool.missing)))
struct PromtoolFleetTests {
    private static let hour = 60

    /// The base series of an SLO of both instances: errors begin at a minute, and are so many of a hundred.
    private static func fed(
        _ key: ObjectKey, groups: [[String: String]] = [[:]], minutes: Int, from start: Int, _ errors: Int
    ) -> [(name: String, values: String)] {
        ["main", "fleet"].flatMap { instance in
            groups.flatMap { group in
                ["total", "errors"].map { kind in
                    var labels = SeriesIdentity(instance: instance, key: key).labels.merging(group) { $1 }
                    labels["plimsoll_sli"] = kind
                    let text = labels.map { "\($0.key)=\"\($0.value)\"" }.sorted().joined(separator: ",")
                    let failed = group["region"] == "quiet" ? 0 : errors
                    return (
                        "plimsoll:sli:events{\(text)}", kind == "total" ? "100x\(minutes)" : "0x\(start - 1) \(failed)x\(minutes - start)"
                    )
                }
            }
        }
    }

    /// The rules without those that read raw series, as what these record is fed; and of alerts those of some tiers.
    private static func without(_ groups: [RuleGroup], tiers: Set<String>? = nil) -> [RuleGroup] {
        groups.map { group in
            let rules = group.rules.filter { rule in
                rule.name != SeriesNames.events && rule.name != SeriesNames.value
                    && (rule.labels["plimsoll_tier"].map { tiers?.contains($0) ?? true } ?? true)
            }
            return RuleGroup(name: group.name, interval: group.interval, rules: rules)
        }
    }

    @Test func `shared rules record and alert as an SLO's own`() async throws {
        let minutes = 3 * Self.hour / 2
        let slos = FleetShardTests.mixed
        let own = try slos.map { slo in
            try RuleGenerator.generate(instance: "main", key: slo.key, spec: SLOFixtures.spec(slo.yaml), settings: RuleSettings(), now: .epoch)
        }
        let shard = try FleetShardTests.shard(slos, instance: "fleet")
        var series: [(name: String, values: String)] = []
        for (index, slo) in slos.enumerated() {
            let groups: [[String: String]] =
                slo.yaml == SLOFixtures.grouped
                ? [["region": "eu", "service": "a"], ["region": "quiet", "service": "a"]]
                : slo.yaml == SLOFixtures.slices ? [["page": "home"]] : [[:]]
            series += Self.fed(slo.key, groups: groups, minutes: minutes, from: Self.hour, 20 + 10 * index)
        }
        let end = PromDuration.minutes(Int64(minutes) - 1)
        func same(_ name: String) -> String {
            let (a, b) = ("\(name){plimsoll_instance=\"main\"}", "\(name){plimsoll_instance=\"fleet\"}")
            return "count(\(a)) == bool count(\(b) == ignoring (plimsoll_instance) \(a))"
        }
        let names = ["5m", "30m", "1h", "2h", "6h", "1d", "3d", "period"].map { "plimsoll:sli:events_\($0)" }
        var test = PromtoolTest(name: "both layouts", step: .minutes(1), series: series)
        for name in names + [
            "plimsoll:sli:events_5m_slow", "plimsoll:sli:coverage_period", "plimsoll:error_budget:ratio", "plimsoll:objective:ratio",
        ] {
            test = test.expecting(same(name), at: end, ("{}", 1))
        }
        // Labels of alerts too; the info series' digests differ, as the rules do.
        for name in ["ALERTS", "plimsoll:shadow_alerts"] { test = test.expecting(same(name), at: end, ("{}", 1)) }
        test = test.expecting("count(ALERTS{plimsoll_instance=\"fleet\",plimsoll_tier=\"fast\"})", at: end, ("{}", 6))
            .expecting("count(ALERTS{plimsoll_instance=\"fleet\",tier=\"gold\",team=\"a \\\"$1\\\" \\\\\\\\ b\"}) > bool 0", at: end, ("{}", 1))
            .expecting("count(ALERTS{plimsoll_instance=\"fleet\",plimsoll_shard!=\"\"}) or vector(0)", at: end, ("{}", 0))
            .expecting("count(plimsoll_slo_info{plimsoll_instance=\"fleet\"})", at: end, ("{}", Double(slos.count)))
        let files = own.map { RuleFile(groups: Self.without($0.groups)) } + shard.parts.map(\.file)
        let order = shard.groups.reversed() + own.flatMap { $0.groups.reversed() }
        let outcome = try await Promtool.test(files, every: .minutes(1), order: Array(order), [test])
        #expect(outcome.passed, Comment(rawValue: outcome.output))
    }

    /// What the budget of one is reckoned with is not there: nobody else's alerts are silent for that.
    @Test func `without one's facts the others' alerts fire`() async throws {
        let (lost, kept) = (FleetShardTests.key("lost"), FleetShardTests.key("kept"))
        let minutes = 3 * Self.hour / 2
        let both = try FleetShardTests.shard([(SLOFixtures.checkout, lost), (SLOFixtures.checkout, kept)], instance: "fleet")
        let one = try FleetShardTests.shard([(SLOFixtures.checkout, kept)], instance: "fleet")
        let sums = RuleSettings.Pace.allCases.count
        let series = [lost, kept].flatMap { Self.fed($0, minutes: minutes, from: Self.hour, 50) }
        for (facts, expected) in [(both, 2.0), (one, 1.0)] {
            let groups = Self.without(Array(both.groups.prefix(sums) + facts.groups.dropFirst(sums)))
            let at = PromDuration.minutes(Int64(minutes) - 1)
            let test = PromtoolTest(name: "\(expected) with facts", step: .minutes(1), series: series)
                .expecting("count(ALERTS{plimsoll_instance=\"fleet\",plimsoll_tier=\"fast\",alertstate=\"firing\"})", at: at, ("{}", expected))
                .expecting(
                    "count(ALERTS{plimsoll_instance=\"fleet\",plimsoll_slo=\"kept\",plimsoll_tier=\"fast\",alertstate=\"firing\"})", at: at, ("{}", 1)
                )
            let outcome = try await Promtool.test([RuleFile(groups: groups)], every: .minutes(1), order: groups.reversed(), [test])
            #expect(outcome.passed, Comment(rawValue: outcome.output))
        }
    }

    @Test func `promtool accepts the rules`() async throws {
        let outcome = try await Promtool.check(FleetShardTests.shard(FleetShardTests.mixed).parts.map(\.file))
        #expect(outcome.passed, Comment(rawValue: outcome.output))
    }

    /// The texts of an alert, which come of series here.
    @Test func `alerts say to people what an SLO's own say`() async throws {
        let key = FleetShardTests.key("checkout-availability")
        let minutes = 2 * Self.hour
        let own = try RuleGenerator.generate(
            instance: "main", key: key, spec: SLOFixtures.spec(SLOFixtures.checkout), settings: RuleSettings(), now: .epoch)
        let shard = try FleetShardTests.shard([(SLOFixtures.checkout, key)], instance: "fleet")
        let text = """
            checkout: Requests to checkout succeed.
            1200 of 6000 events failed in the last 1h, which is 27.78% of the error budget for 30d. -9731% of the budget is left.
            """
        func alert(_ instance: String) -> (labels: [String: String], annotations: [String: String]) {
            (
                [
                    "namespace": "shop", "plimsoll_instance": instance, "plimsoll_namespace": "shop", "plimsoll_rank": "1",
                    "plimsoll_slo": "checkout-availability", "plimsoll_tier": "fast", "service": "checkout", "severity": "page", "team": "shop",
                    "tier": "fast",
                ],
                [
                    "summary": "shop/checkout-availability burns its error budget 200.0 times as fast as it lasts (alert above 14.4)",
                    "description": text, "runbook_url": "https://runbooks.example.com/checkout",
                ]
            )
        }
        var test = PromtoolTest(name: "texts", step: .minutes(1), series: Self.fed(key, minutes: minutes, from: Self.hour, 20))
        let (fast, shared) = (Self.without(own.groups, tiers: ["fast"]), Self.without(shard.groups, tiers: ["fast"]))
        test.alerts = [
            PromtoolTest.AlertExpectation(
                at: .minutes(Int64(minutes) - 1), name: SeriesNames.alert, alerts: [alert("main"), alert("fleet")])
        ]
        let outcome = try await Promtool.test(
            [RuleFile(groups: fast), RuleFile(groups: shared)], every: .minutes(1), order: shared.reversed() + fast.reversed(), [test])
        #expect(outcome.passed, Comment(rawValue: outcome.output))
    }
}
