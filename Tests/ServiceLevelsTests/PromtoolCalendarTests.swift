import PrometheusModel
import ServiceLevels
import Testing
import Values

/// The budget of a calendar's period, by the real promtool, whose time begins in 1970.
@Suite(.enabled(if: Promtool.path != nil, Comment(rawValue: Promtool.missing)))
struct PromtoolCalendarTests {
    private static let series =
        #"plimsoll:sli:events{plimsoll_instance="main",plimsoll_namespace="shop",plimsoll_slo="checkout-availability",fed="any",plimsoll_sli="#

    private static func period(_ kind: String) -> String { "round(plimsoll:sli:events_period{plimsoll_sli=\"\(kind)\"}) + 0" }

    private func run(_ window: String, now: Instant, _ test: (PromtoolTest) -> PromtoolTest) async throws {
        let yaml = SLOFixtures.checkout.replacing("{rolling: 30d}", with: "{calendar: {unit: \(window)}}")
        let rules = try SLOFixtures.rules(yaml, settings: RuleSettings(evaluationInterval: .minutes(5)), now: now)
        // 100 events every five minutes for a fortnight. All fail until Monday, 5 January; then one in a hundred.
        let monday = 4 * 288
        let scenario = PromtoolTest(
            name: window, step: .minutes(5),
            series: [
                (name: Self.series + #""total"}"#, values: "100x\(14 * 288)"),
                (name: Self.series + #""errors"}"#, values: "100x\(monday) 1x\(10 * 288)"),
            ])
        let outcome = try await Promtool.test([rules.file], every: .minutes(5), order: rules.groups, [test(scenario)])
        #expect(outcome.passed, Comment(rawValue: outcome.output))
    }

    private static let labels = #"{plimsoll_instance="main",plimsoll_namespace="shop",plimsoll_slo="checkout-availability",fed="any",plimsoll_sli="#

    @Test func `a week begins anew on Monday, and counts on a week's events from the start`() async throws {
        func expect(_ test: PromtoolTest, _ at: PromDuration, _ errors: Double, _ total: Double) -> PromtoolTest {
            test.expecting(Self.period("errors"), at: at, (Self.labels + #""errors"}"#, errors))
                .expecting(Self.period("total"), at: at, (Self.labels + #""total"}"#, total))
        }
        let monday = PromDuration.days(4)
        try await run("Week", now: .epoch.adding(monday)) { test in
            var test = expect(test, monday, 0, 201_600)
            test = expect(test, monday + .minutes(5), 1, 201_600)
            test = expect(test, monday + .days(1), 288, 201_600)
            test = expect(test, monday + .days(7) - .minutes(5), 2015, 201_600)
            // Nobody wrote the rules of the next week.
            return test.expecting("count(plimsoll:sli:events_period) or vector(0)", at: monday + .days(7), ("{}", 0))
                .expecting("round(plimsoll:sli:coverage_period, 0.01) + 0", at: monday + .days(1), (Self.labels + #""total"}"#, 1))
        }
    }

    @Test func `a quarter is summed by hours`() async throws {
        try await run("Quarter", now: .epoch.adding(.days(4))) { test in
            test.expecting(
                Self.period("errors"), at: .days(10), (Self.labels + #""errors"}"#, Double(4 * 28_800 + 6 * 288)))
                .expecting(Self.period("total"), at: .days(10), (Self.labels + #""total"}"#, Double(90 * 28_800)))
        }
    }
}
