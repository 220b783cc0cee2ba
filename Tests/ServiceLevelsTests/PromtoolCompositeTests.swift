import KubeModel
import PrometheusModel
import ServiceLevels
import Testing
import Values

/// What a composite counts, by the real promtool: from its members' raw series, through their rules, to its figures and alerts.
@Suite(.enabled(if: Promtool.path != nil, Comment(rawValue: Promtool.missing)))
struct PromtoolCompositeTests {
    private static let composite = SLOFixtures.composite.replacing(", {name: front.end}, {name: search, namespace: ai}", with: ", {name: probes}")

    /// Of the two members and the composite the base rules, and of the composite its hour and its fastest alert: others cost time and say no more.
    private static func files(_ composite: String = composite, checkout: String = SLOFixtures.checkout) throws -> [RuleFile] {
        let members = [try SLOFixtures.rules(checkout, name: "checkout"), try SLOFixtures.rules(SLOFixtures.gauge, name: "probes")]
        let all = members + [try SLOFixtures.rules(composite, name: "shop")]
        return all.map { rules in
            RuleFile(
                groups: rules.groups.prefix(1).map { group in
                    var group = group
                    group.rules.removeAll { rule in
                        let isBase = rule.name == SeriesNames.events
                        let isWanted = ["_5m", "_1h"].contains { rule.name == SeriesNames.events + $0 } || rule.labels["plimsoll_rank"] == "1"
                        return !(isBase || isWanted && rules.identity.key.name == "shop")
                    }
                    return group
                })
        }
    }

    /// Two hours of scrapes, one every 30 s.
    private static let end = PromDuration.seconds(7200)
    private static func scrapes(_ value: (Int) -> Double?) -> String { ScrapedCounter.values(for: 7200, step: 15, scrape: 30, phase: 15, value) }

    /// Ten requests a second, of which a share fails between two times.
    private static func checkout(_ share: Double, _ times: Range<Int>, region: String = "eu") -> [(name: String, values: String)] {
        let labels = "job=\"checkout\",instance=\"\(region)\",region=\"\(region)\""
        func bad(_ time: Int) -> Double { 10 * share / (1 - share) * Double(max(0, min(time, times.upperBound) - times.lowerBound)) }
        return [
            ("http_requests_total{\(labels),code=\"200\"}", scrapes { Double($0) * 10 }),
            ("http_requests_total{\(labels),code=\"500\"}", scrapes(bad)),
        ]
    }

    private static func probe(down: Range<Int>) -> (name: String, values: String) {
        ("probe_success{job=\"blackbox\",instance=\"p\"}", scrapes { down.contains($0) ? 0 : 1 })
    }

    private static func minutes(_ window: String, _ kind: String, by: String = "") -> String {
        "round(sum by (\(by)) (plimsoll:sli:events\(window){plimsoll_sli=\"\(kind)\",plimsoll_slo=\"shop\"}), 0.01)"
    }

    private static let scenarios: [PromtoolTest] = [
        // Ten minutes in which a tenth fails, later ten minutes in which all does: eleven bad minutes of sixty.
        PromtoolTest(
            name: "one after the other", step: .seconds(15), series: checkout(0.1, 4200..<4800) + [probe(down: 5400..<6000)]
        )
        .expecting(minutes("_1h", "total"), at: end, ("{}", 60))
        .holding("abs(sum(plimsoll:sli:events_1h{plimsoll_sli=\"errors\",plimsoll_slo=\"shop\"}) - 11) < 0.05", at: end),
        // At the same time they count once, as the worse does.
        PromtoolTest(name: "both at once", step: .seconds(15), series: checkout(0.1, 4200..<4800) + [probe(down: 4200..<4800)])
            .expecting(minutes("_1h", "errors"), at: end, ("{}", 10)),
        PromtoolTest(name: "all is well", step: .seconds(15), series: checkout(0, 0..<0) + [probe(down: 0..<0)])
            .expecting(minutes("_1h", "total"), at: end, ("{}", 60))
            .expecting(minutes("_1h", "errors"), at: end, ("{}", 0))
            .expecting("count(ALERTS{plimsoll_slo=\"shop\"}) or vector(0)", at: end, ("{}", 0)),
        // A member without series says nothing, and one without events neither.
        PromtoolTest(name: "one member", step: .seconds(15), series: [probe(down: 4200..<4800)])
            .expecting(minutes("_1h", "total"), at: end, ("{}", 60))
            .expecting(minutes("_1h", "errors"), at: end, ("{}", 10)),
        PromtoolTest(
            name: "one member without events", step: .seconds(15),
            series: [("http_requests_total{job=\"checkout\",instance=\"a\",code=\"200\"}", scrapes { _ in 7 }), probe(down: 4200..<4800)]
        )
        .expecting(minutes("_1h", "total"), at: end, ("{}", 60))
        .expecting(minutes("_1h", "errors"), at: end, ("{}", 10)),
        // Nothing happened, and that is known; nothing is known, and that is no figure.
        PromtoolTest(
            name: "no events", step: .seconds(15),
            series: [("http_requests_total{job=\"checkout\",instance=\"a\",code=\"200\"}", scrapes { _ in 7 })]
        )
        .expecting(minutes("_1h", "total"), at: end, ("{}", 0))
        .expecting(minutes("_1h", "errors"), at: end, ("{}", 0)),
        PromtoolTest(name: "no series", step: .seconds(15), series: [("up", scrapes { _ in 1 })])
            .expecting("count({__name__=~\"plimsoll:sli:.*\",plimsoll_slo=\"shop\"}) or vector(0)", at: end, ("{}", 0)),
        // What ended is not seen for the five minutes that Prometheus looks back, but for one evaluation.
        PromtoolTest(
            name: "a member ends in the middle of its outage", step: .seconds(15),
            series: checkout(0, 0..<0) + [("probe_success{job=\"blackbox\",instance=\"p\"}", scrapes { $0 < 5100 ? ($0 < 4500 ? 1 : 0) : nil })]
        )
        .holding("abs(sum(plimsoll:sli:events_1h{plimsoll_sli=\"errors\",plimsoll_slo=\"shop\"}) - 11) < 0.5", at: end),
    ]

    /// Prometheus gives groups their own moments within the interval: the composite's may come before its members', and sees what was.
    @Test(arguments: [true, false]) func eachMomentIsTheWorstMembers(membersFirst: Bool) async throws {
        let rules = try Self.files()
        let groups = (membersFirst ? rules : rules.reversed()).flatMap(\.groups)
        let outcome = try await Promtool.test(
            rules, every: .seconds(30), order: groups, Array(Self.scenarios.prefix(membersFirst ? 2 : Self.scenarios.count)))
        #expect(outcome.passed, Comment(rawValue: outcome.output))
    }

    @Test func anOutageOfOneMemberPages() async throws {
        let rules = try Self.files()
        // 0.5 % of an hour at 14.4 is 4.32 minutes.
        let test = PromtoolTest(name: "an outage", step: .seconds(15), series: Self.checkout(0, 0..<0) + [Self.probe(down: 6000..<7300)])
            .holding("ALERTS{plimsoll_slo=\"shop\",plimsoll_tier=\"fast\",alertstate=\"firing\"}", at: .seconds(6390))
            .expecting("count(ALERTS{plimsoll_slo=\"shop\",plimsoll_tier=\"fast\"}) or vector(0)", at: .seconds(6240), ("{}", 0))
        let outcome = try await Promtool.test(rules, every: .seconds(30), order: rules.flatMap(\.groups), [test])
        #expect(outcome.passed, Comment(rawValue: outcome.output))
    }

    @Test func aGroupedMembersWorstGroupCountsAndGroupsStayApartWhereTheCompositeHasThem() async throws {
        let grouped = SLOFixtures.checkout.replacing("indicator:", with: "groupBy: [region]\nindicator:")
        let series = Self.checkout(0.5, 4200..<4800) + Self.checkout(0, 0..<0, region: "us")
        var rules = try Self.files(checkout: grouped)
        var outcome = try await Promtool.test(
            rules, every: .seconds(30), order: rules.flatMap(\.groups),
            [
                PromtoolTest(name: "one region of two", step: .seconds(15), series: series)
                    .expecting(Self.minutes("_1h", "total"), at: Self.end, ("{}", 60))
                    .holding("abs(sum(plimsoll:sli:events_1h{plimsoll_sli=\"errors\",plimsoll_slo=\"shop\"}) - 5) < 0.3", at: Self.end)
            ])
        #expect(outcome.passed, Comment(rawValue: outcome.output))
        rules = try Self.files(
            Self.composite.replacing("window:", with: "groupBy: [region]\nwindow:").replacing(", {name: probes}", with: ""), checkout: grouped)
        outcome = try await Promtool.test(
            rules, every: .seconds(30), order: rules.flatMap(\.groups),
            [
                PromtoolTest(name: "by region", step: .seconds(15), series: series)
                    .expecting(Self.minutes("_1h", "total", by: "region"), at: Self.end, (#"{region="eu"}"#, 60), (#"{region="us"}"#, 60))
                    .expecting(
                        Self.minutes("_1h", "errors", by: "region") + " > bool 4.5", at: Self.end, (#"{region="eu"}"#, 1),
                        (#"{region="us"}"#, 0))
            ])
        #expect(outcome.passed, Comment(rawValue: outcome.output))
    }

    /// The same by a backtest, which has no rules of members to read.
    @Test func aBacktestTakesTheWorstOfItsTraces() {
        func trace(_ total: [Double?], _ errors: [Double?], _ labels: [String: String] = [:]) -> Backtest.Trace {
            Backtest.Trace(labels: labels, total: total, errors: errors)
        }
        let members = [
            trace([10, 10, nil, 0, 5], [1, 0, nil, 0, 9], ["region": "eu"]), trace([2, nil, nil, 0, 4], [1, 1, nil, 0, nil], ["region": "us"]),
        ]
        let worst = Backtest.worst(of: members, by: [], settings: RuleSettings())
        #expect(worst.count == 1)
        #expect(worst.first?.total == [0.5, 0.5, nil, 0, 0.5])
        #expect(worst.first?.errors == [0.25, 0, nil, 0, 0.5])
        let grouped = Backtest.worst(of: members, by: ["region"], settings: RuleSettings())
        #expect(grouped.map(\.labels) == [["region": "eu"], ["region": "us"]])
        #expect(grouped.last?.errors == [0.25, nil, nil, 0, nil])
        #expect(Backtest.worst(of: [], by: [], settings: RuleSettings()).isEmpty)
    }
}
