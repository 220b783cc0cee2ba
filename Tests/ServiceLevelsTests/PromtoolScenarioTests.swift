import KubeModel
import PrometheusModel
import ServiceLevels
import Testing
import Values

/// What the rules make of awkward series, by the real promtool.
@Suite(.enabled(if: Promtool.path != nil, Comment(rawValue: Promtool.missing)))
struct PromtoolScenarioTests {
    private static let checkout = #"http_requests_total{job="checkout",instance="a",code="200"}"#
    private static let failed = #"http_requests_total{job="checkout",instance="a",code="500"}"#

    private static func events(_ window: String, _ kind: String) -> String { "plimsoll:sli:events\(window){plimsoll_sli=\"\(kind)\"}" }
    private static func value(_ expr: String) -> String { "round(sum(\(expr)), 0.001)" }

    /// Says 1 when the tier never was active in the last hour.
    private static func silent(_ tier: String) -> String { "(count(count_over_time(ALERTS{plimsoll_tier=\"\(tier)\"}[1h])) or vector(0)) == bool 0" }

    /// A counter at one scrape every 30 s, over 75 minutes: `value` of the time in seconds.
    private static func counter(_ value: (Int) -> Double?) -> String {
        ScrapedCounter.values(for: 4500, step: 15, scrape: 30, phase: 15, value)
    }

    private static func scenario(_ name: String, _ series: [(name: String, values: String)]) -> PromtoolTest {
        PromtoolTest(name: name, step: .seconds(15), series: series)
    }

    private func run(_ yaml: String, _ tests: [PromtoolTest]) async throws {
        let outcome = try await Promtool.test([SLOFixtures.rules(yaml).file], every: .seconds(30), tests)
        #expect(outcome.passed, Comment(rawValue: outcome.output))
    }

    @Test func `both windows are needed, missing errors are zero, restarts are no errors`() async throws {
        let end = PromDuration.seconds(4500)
        let steady: (Int) -> Double? = { Double(10 * $0) }
        try await run(
            SLOFixtures.checkout,
            [
                // 20 % of a minute: the last 5 minutes burn 40 times too fast, the hour does not burn.
                Self.scenario(
                    "short window alone",
                    [(Self.checkout, Self.counter(steady)), (Self.failed, Self.counter { Double(2 * min(max($0 - 4320, 0), 60)) })]
                ).expecting("sum(\(Self.events("_5m", "errors"))) > bool 0.0144 * sum(\(Self.events("_5m", "total")))", at: .seconds(4440), ("{}", 1))
                    .expecting(Self.silent("fast"), at: end, ("{}", 1)),
                // All fails for two minutes: it fires, and ends when the short window is clean though the hour still burns.
                Self.scenario(
                    "long window alone",
                    [(Self.checkout, Self.counter(steady)), (Self.failed, Self.counter { Double(10 * min(max($0 - 3600, 0), 120)) })]
                ).expecting("count(ALERTS{plimsoll_tier=\"fast\",alertstate=\"firing\"})", at: .seconds(3810), ("{}", 1))
                    .expecting("count(ALERTS{plimsoll_tier=\"fast\"}) or vector(0)", at: .seconds(4170), ("{}", 0))
                    .expecting(
                        "sum(\(Self.events("_1h", "errors"))) > bool 0.0144 * sum(\(Self.events("_1h", "total")))", at: .seconds(4170), ("{}", 1)),
                Self.scenario("no error series", [(Self.checkout, Self.counter(steady))])
                    .expecting(Self.value(Self.events("_1h", "errors")), at: end, ("{}", 0))
                    .expecting(Self.value(Self.events("_5m", "total")), at: end, ("{}", 3000))
                    .expecting(Self.silent("fast"), at: end, ("{}", 1)),
                Self.scenario("no total", [(#"http_requests_total{job="other",code="500"}"#, Self.counter(steady))])
                    .expecting("count({__name__=~\"plimsoll:sli:.*\"}) or vector(0)", at: end, ("{}", 0)),
                // Both counters restart from zero twice.
                Self.scenario(
                    "restart",
                    [
                        (Self.checkout, Self.counter { Double(10 * ($0 % 1500)) }),
                        (Self.failed, Self.counter { $0 < 1500 ? 700 : 0 }),
                    ]
                ).expecting(Self.value(Self.events("_1h", "errors")), at: end, ("{}", 0))
                    .expecting("sum(\(Self.events("_30m", "total"))) <= bool 18000", at: end, ("{}", 1)),
            ])
    }

    @Test func `zero by zero, NaN and new series poison nothing`() async throws {
        let end = PromDuration.seconds(4500)
        try await run(
            SLOFixtures.checkout,
            [
                Self.scenario(
                    "no traffic for half an hour",
                    [(Self.checkout, Self.counter { Double(max(0, $0 - 1800)) }), (Self.failed, Self.counter { _ in 0 })]
                )
                .expecting(Self.value(Self.events("_30m", "total")), at: .seconds(1800), ("{}", 0))
                .expecting(Self.value(Self.events("_30m", "total")), at: end, ("{}", 1800))
                .expecting(Self.value(Self.events("_1h", "errors")), at: end, ("{}", 0))
                .expecting("count(ALERTS) or vector(0)", at: .seconds(1800), ("{}", 0)),
                Self.scenario(
                    "a NaN in the errors' counter",
                    [
                        (Self.checkout, Self.counter { Double(10 * $0) }),
                        (
                            Self.failed,
                            Self.counter { $0 < 900 ? 0 : Double(min(3, $0 / 1200)) }.replacing(
                                " 2 _ 2 _ 2 _ 2 _ 2 _ 2 _ 2 _ 2 ", with: " 2 _ 2 _ 2 _ 2 _ 2 _ 2 _ NaN _ 2 ", maxReplacements: 1)
                        ),
                    ]
                ).expecting(Self.value(Self.events("_1h", "errors")), at: end, ("{}", 3)),
                // The first error of a target is the birth of its error series.
                Self.scenario(
                    "a newborn error",
                    [(Self.checkout, Self.counter { Double(10 * $0) }), (Self.failed, Self.counter { $0 > 1800 ? 1 : nil })]
                ).expecting(Self.value(Self.events("_1h", "errors")), at: end, ("{}", 1)),
                // What a new target's counters hold was not seen to happen.
                Self.scenario(
                    "a new target with a past",
                    [
                        (Self.checkout, Self.counter { Double(10 * $0) }),
                        (#"http_requests_total{job="checkout",instance="b",code="200"}"#, Self.counter { $0 > 1800 ? 1e6 : nil }),
                        (#"http_requests_total{job="checkout",instance="b",code="500"}"#, Self.counter { $0 > 1800 ? 1e5 : nil }),
                    ]
                ).expecting(Self.value(Self.events("_1h", "errors")), at: end, ("{}", 0))
                    .expecting(Self.value(Self.events("_1h", "total")), at: end, ("{}", 36000)),
                // Every series of the target changes a label: `stale` is what a live server writes when a series is gone.
                Self.scenario(
                    "a relabelled target",
                    [
                        (
                            Self.checkout,
                            Self.counter { $0 <= 1815 ? Double(10 * $0) : nil }.replacing(" _ _ _", with: " _ stale _", maxReplacements: 1)
                        ),
                        (
                            #"http_requests_total{job="checkout",instance="a",zone="z",code="200"}"#,
                            Self.counter { $0 > 1815 ? Double(10 * $0) : nil }
                        ),
                    ]
                ).expecting("sum(\(Self.events("_1h", "total"))) < bool 36001", at: end, ("{}", 1)),
            ])
    }

    @Test func `a group has its own budget and alert`() async throws {
        func series(_ region: String, _ code: String, _ value: (Int) -> Double?) -> (name: String, values: String) {
            (
                "http_requests_total{job=\"checkout\",instance=\"\(region)1\",region=\"\(region)\",service=\"web\",code=\"\(code)\"}",
                Self.counter(value)
            )
        }
        let test = Self.scenario(
            "one of two regions fails",
            [
                series("eu", "200") { Double(10 * $0) }, series("us", "200") { Double(10 * $0) },
                series("us", "500") { $0 > 3600 ? Double(10 * ($0 - 3600)) : nil },
            ]
        ).expecting(
            "count by (region, service, namespace, plimsoll_group) (ALERTS{plimsoll_tier=\"fast\",alertstate=\"firing\"})", at: .seconds(4500),
            (#"{region="us", service="web", namespace="shop", plimsoll_group="us/web"}"#, 1)
        ).expecting("sum by (region) (\(Self.events("_1h", "errors")))", at: .seconds(3600), (#"{region="eu"}"#, 0), (#"{region="us"}"#, 0))
        try await run(SLOFixtures.grouped, [test])
    }

    /// 50 requests an hour and one error: chance, not trouble.
    @Test func `the low-traffic guard keeps one error silent and lets an outage through`() async throws {
        let trickle: (Int) -> Double? = { Double($0 / 72) }
        let one = [(name: Self.checkout, values: Self.counter(trickle)), (name: Self.failed, values: Self.counter { $0 > 3900 ? 1 : 0 })]
        let half = [
            (name: Self.checkout, values: Self.counter(trickle)), (name: Self.failed, values: Self.counter { Double(max(0, $0 - 3600) / 144) }),
        ]
        try await run(SLOFixtures.checkout, [Self.scenario("one error", one).expecting(Self.silent("fast"), at: .seconds(4500), ("{}", 1))])
        try await run(
            SLOFixtures.checkout,
            [
                Self.scenario("half fails", half).expecting(
                    "sgn(sum(count_over_time(ALERTS{plimsoll_tier=\"fast\"}[15m])))", at: .seconds(4500), ("{}", 1))
            ])
        let plain = SLOFixtures.checkout.replacing("alerting:\n", with: "alerting:\n  lowTraffic: \"Off\"\n")
        try await run(
            plain,
            [
                Self.scenario("one error, no guard", one).expecting(
                    "sgn(sum(count_over_time(ALERTS{plimsoll_tier=\"fast\"}[10m])))", at: .seconds(4500), ("{}", 1))
            ])
    }

    @Test func `good events and histograms give the same errors`() async throws {
        let end = PromDuration.seconds(4500)
        try await run(
            SLOFixtures.goodForm,
            [
                Self.scenario("good of total", [(Self.checkout, Self.counter { Double(9 * $0) }), (Self.failed, Self.counter { Double($0) })])
                    .expecting("round(sum(\(Self.events("_5m", "errors"))))", at: end, ("{}", 300)),
                Self.scenario("nothing good", [(Self.failed, Self.counter { Double($0) })])
                    .expecting("round(sum(\(Self.events("_5m", "errors"))))", at: end, ("{}", 300)),
            ])
        func histogram(_ metric: String, _ le: String) -> String { "http_request_duration_seconds_\(metric){job=\"checkout\",instance=\"a\"\(le)}" }
        try await run(
            SLOFixtures.latency,
            [
                Self.scenario(
                    "one in ten is slow",
                    [
                        (histogram("count", ""), Self.counter { Double(10 * $0) }),
                        (histogram("bucket", ",le=\"0.5\""), Self.counter { Double(9 * $0) }),
                        (histogram("bucket", ",le=\"1\""), Self.counter { Double(10 * $0) }),
                    ]
                ).expecting("round(sum(\(Self.events("_5m", "errors"))))", at: end, ("{}", 300)),
                // A rollout that adds the bucket: the old version's requests are not slow for lack of it.
                Self.scenario(
                    "a target without the bucket",
                    [
                        (histogram("count", ""), Self.counter { Double(10 * $0) }),
                        (histogram("bucket", ",le=\"0.5\""), Self.counter { Double(9 * $0) }),
                        (histogram("count", "").replacing("\"a\"", with: "\"b\""), Self.counter { Double(20 * $0) }),
                        (histogram("bucket", ",le=\"1\"").replacing("\"a\"", with: "\"b\""), Self.counter { Double(20 * $0) }),
                    ]
                ).expecting("round(sum(\(Self.events("_5m", "errors"))))", at: end, ("{}", 300))
                    .expecting(Self.value(Self.events("_5m", "total")), at: end, ("{}", 9000)),
                // A threshold that is no bucket: no figure, rather than one that says all is slow, or none.
                Self.scenario(
                    "no such bucket",
                    [(histogram("count", ""), Self.counter { Double(10 * $0) }), (histogram("bucket", ",le=\"1\""), Self.counter { Double(9 * $0) })]
                ).expecting("count(\(Self.events("_5m", "errors"))) or vector(0)", at: end, ("{}", 0))
                    .expecting(Self.value(Self.events("_5m", "total")), at: end, ("{}", 3000)),
            ])
        for le in ["1", "1.0"] {
            try await run(
                SLOFixtures.latency.replacing("500ms", with: "1s"),
                [
                    Self.scenario(
                        "le=\(le)",
                        [
                            (histogram("count", ""), Self.counter { Double(10 * $0) }),
                            (histogram("bucket", ",le=\"\(le)\""), Self.counter { Double(9 * $0) }),
                        ]
                    ).expecting("round(sum(\(Self.events("_5m", "errors"))))", at: end, ("{}", 300))
                ])
        }
    }

    @Test func `an alert says what a person needs`() async throws {
        var test = Self.scenario(
            "a tenth fails", [(Self.checkout, Self.counter { Double(9 * $0) }), (Self.failed, Self.counter { Double($0) })])
        test.alerts = [
            PromtoolTest.AlertExpectation(
                at: .seconds(4500), name: SeriesNames.alert,
                alerts: [
                    (
                        labels: [
                            "severity": "page", "tier": "fast", "team": "shop", "service": "checkout", "namespace": "shop",
                            "plimsoll_instance": "main",
                            "plimsoll_namespace": "shop", "plimsoll_slo": "checkout-availability", "plimsoll_tier": "fast", "plimsoll_rank": "1",
                        ],
                        annotations: [
                            "summary": "shop/checkout-availability burns its error budget 100.0 times as fast as it lasts (alert above 14.4)",
                            "description":
                                "checkout: Requests to checkout succeed.\n3600 of 36000 events failed in the last 1h, which is 13.89% of the error "
                                + "budget for 30d. -9900% of the budget is left.",
                            "runbook_url": "https://runbooks.example.com/checkout",
                        ]
                    )
                ])
        ]
        // The tiers of days see the same here; only the first is compared.
        let rules = try SLOFixtures.rules(SLOFixtures.checkout)
        let fast = RuleFile(
            groups: rules.groups.map { group in
                var group = group
                group.rules.removeAll { rule in rule.labels["plimsoll_rank"].map { $0 != "1" } ?? false }
                return group
            })
        let outcome = try await Promtool.test([fast], every: .seconds(30), [test])
        #expect(outcome.passed, Comment(rawValue: outcome.output))
    }
}
