import PrometheusModel
import ServiceLevels
import Testing
import Values

/// What the rules of each indicator count, by the real promtool.
@Suite(.enabled(if: Promtool.path != nil, Comment(rawValue: Promtool.missing)))
struct PromtoolIndicatorTests {
    private static let end = PromDuration.seconds(4500)

    private static func events(_ window: String, _ kind: String) -> String {
        "round(sum(plimsoll:sli:events\(window){plimsoll_sli=\"\(kind)\"}), 0.01)"
    }

    /// One scrape every 30 s, over 75 minutes: `value` of the time in seconds.
    private static func scrapes(_ value: (Int) -> Double?) -> String {
        ScrapedCounter.values(for: 4500, step: 15, scrape: 30, phase: 15, value)
    }

    private func run(_ yaml: String, _ tests: [PromtoolTest]) async throws {
        let outcome = try await Promtool.test([SLOFixtures.rules(yaml).file], every: .seconds(30), tests)
        #expect(outcome.passed, Comment(rawValue: outcome.output))
    }

    @Test func `PromQL of one's own gives events a second`() async throws {
        func series(_ name: String, _ region: String, _ rate: Double) -> (name: String, values: String) {
            ("\(name){region=\"\(region)\"}", Self.scrapes { Double($0) * rate })
        }
        try await run(
            SLOFixtures.queried,
            [
                PromtoolTest(
                    name: "one of two regions fails by a tenth", step: .seconds(15),
                    series: [series("all_total", "eu", 10), series("ok_total", "eu", 9), series("all_total", "us", 5), series("ok_total", "us", 5)]
                )
                .expecting(Self.events("_5m", "total"), at: Self.end, ("{}", 4500))
                .expecting(Self.events("_5m", "errors"), at: Self.end, ("{}", 300))
                .expecting("count by (region) (ALERTS{plimsoll_tier=\"medium\"})", at: Self.end, (#"{region="eu"}"#, 1)),
                // Good events that are missing are none; a total that is missing is no data.
                PromtoolTest(name: "nothing good", step: .seconds(15), series: [series("all_total", "eu", 10)])
                    .expecting(Self.events("_5m", "errors"), at: Self.end, ("{}", 3000)),
                PromtoolTest(name: "no total", step: .seconds(15), series: [series("ok_total", "eu", 10)])
                    .expecting("count({__name__=~\"plimsoll:sli:.*\"}) or vector(0)", at: Self.end, ("{}", 0)),
            ])
    }

    @Test func `each scrape of a gauge is an event`() async throws {
        func probe(_ instance: String, _ value: (Int) -> Double?) -> (name: String, values: String) {
            ("probe_success{job=\"blackbox\",instance=\"\(instance)\"}", Self.scrapes(value))
        }
        try await run(
            SLOFixtures.gauge,
            [
                PromtoolTest(
                    name: "one of two probes fails for ten minutes", step: .seconds(15),
                    series: [probe("a") { _ in 1 }, probe("b") { (1800..<2400).contains($0) ? 0 : 1 }]
                )
                .expecting(Self.events("_1h", "total"), at: Self.end, ("{}", 240))
                .expecting(Self.events("_1h", "errors"), at: Self.end, ("{}", 20))
                .expecting("count(ALERTS{plimsoll_tier=\"medium\",alertstate=\"firing\"})", at: .seconds(2460), ("{}", 1)),
                // Half is half bad; NaN is nothing, and poisons nothing; below zero is nothing, and above one is good.
                PromtoolTest(
                    name: "odd values", step: .seconds(15),
                    series: [
                        probe("half") { _ in 0.5 }, probe("nan") { $0 == 2715 ? .nan : 1 }, probe("below") { _ in -1 }, probe("above") { _ in 3 },
                    ]
                )
                .expecting(Self.events("_5m", "total"), at: Self.end, ("{}", 30))
                .expecting(Self.events("_5m", "errors"), at: Self.end, ("{}", 5)),
                PromtoolTest(name: "no probe", step: .seconds(15), series: [("up", Self.scrapes { _ in 1 })])
                    .expecting("count({__name__=~\"plimsoll:sli:.*\"}) or vector(0)", at: Self.end, ("{}", 0)),
            ])
    }

    @Test func `a slice is bad when its mean is, and a shadow alerts nobody`() async throws {
        func lcp(_ page: String, _ device: String = "desk", _ value: (Int) -> Double?) -> (name: String, values: String) {
            ("web_vitals_lcp_seconds_p75{page=\"\(page)\",device=\"\(device)\"}", Self.scrapes(value))
        }
        let vitals = PromtoolTest(
            name: "the cart is slow for an hour, and the start page for a moment", step: .seconds(15),
            series: [
                lcp("start") { $0 == 3015 ? 9 : 2.5 }, lcp("cart") { $0 > 900 ? 4 : 2 }, lcp("cart", "phone") { _ in 1 },
            ])
        try await run(
            SLOFixtures.slices,
            [
                // Twelve slices an hour and page.
                vitals.expecting(
                    "round(sum by (page) (plimsoll:sli:events_1h{plimsoll_sli=\"total\"}), 0.01)", at: Self.end, (#"{page="start"}"#, 12),
                    (#"{page="cart"}"#, 12)
                )
                .expecting(
                    "round(sum by (page) (plimsoll:sli:events_30m{plimsoll_sli=\"errors\"}), 0.01)", at: Self.end, (#"{page="start"}"#, 1),
                    (#"{page="cart"}"#, 6)
                )
                .expecting("count(ALERTS) or vector(0)", at: Self.end, ("{}", 0))
                .expecting(
                    "count by (page, plimsoll_tier, alertstate) (plimsoll:shadow_alerts{plimsoll_tier=\"fast\"})", at: Self.end,
                    (#"{page="cart",plimsoll_tier="fast",alertstate="firing"}"#, 1)),
                PromtoolTest(name: "NaN is no value", step: .seconds(15), series: [lcp("cart") { _ in .nan }])
                    .expecting("count({__name__=~\"plimsoll:sli:.*\"}) or vector(0)", at: Self.end, ("{}", 0)),
            ])
        let atLeast = SLOFixtures.slices.replacing("AtMost", with: "AtLeast")
        try await run(
            atLeast,
            [
                PromtoolTest(name: "at least", step: .seconds(15), series: [lcp("low") { _ in 2 }, lcp("even") { _ in 2.5 }])
                    .expecting(
                        "round(sum by (page) (plimsoll:sli:events_5m{plimsoll_sli=\"errors\"}), 0.01)", at: Self.end, (#"{page="low"}"#, 1),
                        (#"{page="even"}"#, 0))
            ])
    }
}
