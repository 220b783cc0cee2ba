import KubeModel
import PrometheusModel
import ServiceLevels
import Testing
import Values

@Suite(.enabled(if: Promtool.path != nil, Comment(rawValue: Promtool.missing)))
struct PromtoolTests {
    static let id = #"plimsoll_instance="main",plimsoll_namespace="shop",plimsoll_slo="checkout-availability""#
    static func series(_ window: String, _ kind: String) -> String { "plimsoll:sli:events\(window){plimsoll_sli=\"\(kind)\",\(id)}" }
    static let total = #"http_requests_total{job="checkout",instance="a",code="200"}"#
    static let failed = #"http_requests_total{job="checkout",instance="a",code="500"}"#

    @Test func `promtool accepts the rules`() async throws {
        let specs = [SLOFixtures.checkout, SLOFixtures.goodForm, SLOFixtures.latency, SLOFixtures.grouped]
        for (scrape, evaluation) in [(15, 15), (15, 30), (30, 30), (60, 60), (30, 7)] {
            let settings = RuleSettings(scrapeInterval: .seconds(Int64(scrape)), evaluationInterval: .seconds(Int64(evaluation)))
            let files = try specs.enumerated().map { try SLOFixtures.rules($1, name: "slo-\($0)", settings: settings).file }
            let outcome = try await Promtool.check(files)
            #expect(outcome.passed, Comment(rawValue: outcome.output))
        }
    }

    /// The raw form that other tools use, as the baseline.
    static let raw = RuleFile(groups: [
        RuleGroup(
            name: "raw",
            rules: [
                .alerting(
                    alert: "Raw",
                    expr: ["1h", "5m"].map { window in
                        #"(sum(rate(http_requests_total{job="checkout",code=~"5.."}[\#(window)])) / sum(rate(http_requests_total{job="checkout"}[\#(window)])) > 0.0144)"#
                    }.joined(separator: " and "))
            ])
    ])

    @Test(arguments: [(15, 15), (15, 30), (30, 30)])
    func `a total outage fires no later than raw windows, half the base window and one evaluation`(scrape: Int, evaluation: Int) async throws {
        let settings = RuleSettings(scrapeInterval: .seconds(Int64(scrape)), evaluationInterval: .seconds(Int64(evaluation)))
        let bound = Int(settings.baseWindow.seconds) / 2 + evaluation
        let (before, end) = (3780, 4140)  // more than the long window before, and enough to fire after
        var tests: [PromtoolTest] = []
        for phase in stride(from: 0, to: scrape, by: scrape / 3) {
            for delay in stride(from: 0, to: 30, by: 10) {
                let outage = before + delay
                let absent = (phase + delay) % 2 == 0
                tests.append(
                    PromtoolTest(
                        name: "phase \(phase) outage \(outage) \(absent ? "error series absent before" : "error series at zero")", step: .seconds(5),
                        series: [
                            (Self.total, ScrapedCounter.values(for: end, step: 5, scrape: scrape, phase: phase) { Double(100 * min($0, outage)) }),
                            (
                                Self.failed,
                                ScrapedCounter.values(for: end, step: 5, scrape: scrape, phase: phase) {
                                    $0 > outage ? Double(100 * ($0 - outage)) : absent ? nil : 0
                                }
                            ),
                        ]
                    ).holding(
                        "(min(min_over_time(timestamp(ALERTS{alertname=\"\(SeriesNames.alert)\",plimsoll_tier=\"fast\",alertstate=\"firing\"})[6m:5s]))"
                            + " - min(min_over_time(timestamp(ALERTS{alertname=\"Raw\",alertstate=\"firing\"})[6m:5s]))) <= \(bound)",
                        at: .seconds(Int64(end))))
            }
        }
        let outcome = try await Promtool.test(
            [SLOFixtures.rules(SLOFixtures.checkout, settings: settings).file, Self.raw], every: .seconds(Int64(evaluation)), tests)
        #expect(outcome.passed, Comment(rawValue: outcome.output))
    }
}
