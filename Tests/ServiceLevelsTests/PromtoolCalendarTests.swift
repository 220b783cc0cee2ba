import PrometheusModel
import ServiceLevels
import Testing
import Values

/// The budget of a calendar's period, by the real promtool, whose time begins in 1970.
@Suite(.enabled(if: Promtool.path != nil, Comment(rawValue: Promtool.missing)))
struct PromtoolCalendarTests {
    private static let series =
        #"plimsoll:sli:events{plimsoll_instance="main",plimsoll_namespace="shop",plimsoll_slo="checkout-availability",fed="any",plimsoll_sli="#

    private static func period(_ kind: String) -> String { "round(plimsoll:sli:events_period{fed=\"any\",plimsoll_sli=\"\(kind)\"}) + 0" }

    /// Where 1970 begins at noon of UTC, and at half past nine.
    private static let zones: [(name: String, start: PromDuration)] = [("Etc/GMT+12", .hours(12)), ("Pacific/Marquesas", .minutes(9 * 60 + 30))]
    private static let noon = PromDuration.hours(12)

    /// 100 events every five minutes for 15 hours. All fail until the period begins; then one in a hundred.
    private func run(_ unit: String, in zone: (name: String, start: PromDuration) = zones[0], now: Instant, _ test: (PromtoolTest) -> PromtoolTest)
        async throws
    {
        let yaml = SLOFixtures.checkout.replacing("{rolling: 30d}", with: "{calendar: {unit: \(unit), timeZone: \(zone.name)}}")
        let rules = try SLOFixtures.rules(yaml, settings: RuleSettings(evaluationInterval: .minutes(5)), now: now)
        let slots = Int(zone.start.milliseconds / 300_000)
        let scenario = PromtoolTest(
            name: unit, step: .minutes(5),
            series: [
                (name: Self.series + #""total"}"#, values: "100x\(15 * 12)"),
                (name: Self.series + #""errors"}"#, values: "100x\(slots) 1x\(15 * 12 - slots)"),
            ])
        let outcome = try await Promtool.test([rules.file], every: .minutes(5), order: rules.groups, [test(scenario)])
        #expect(outcome.passed, Comment(rawValue: outcome.output))
    }

    private static let labels = #"{plimsoll_instance="main",plimsoll_namespace="shop",plimsoll_slo="checkout-availability",fed="any",plimsoll_sli="#

    private func expect(_ test: PromtoolTest, _ at: PromDuration, _ errors: Double, _ total: Double) -> PromtoolTest {
        test.expecting(Self.period("errors"), at: at, (Self.labels + #""errors"}"#, errors))
            .expecting(Self.period("total"), at: at, (Self.labels + #""total"}"#, total))
    }

    @Test(arguments: [("Month", 31, 0), ("Month", 31, 1), ("Quarter", 90, 0), ("Year", 365, 0)])
    func `a period begins anew, and counts on a whole one's events from the start`(unit: String, days: Int, zone: Int) async throws {
        let zone = Self.zones[zone]
        try await run(unit, in: zone, now: .epoch.adding(.hours(13))) { test in
            let times: [(PromDuration, Double)] = [
                (.zero, 0), (.minutes(5), 1), (.minutes(55), 11), (.hours(1), 12), (.minutes(65), 13), (.minutes(90), 18), (.hours(2), 24),
                (.minutes(125), 25), (.minutes(150), 30),
            ]
            return times.reduce(test) { expect($0, zone.start + $1.0, $1.1, Double(days * 28_800)) }
                .expecting(
                    "round(plimsoll:sli:coverage_period{fed=\"any\"}, 0.01) + 0", at: zone.start + .minutes(150), (Self.labels + #""total"}"#, 1))
        }
    }

    @Test func `once it is over nothing is said until the rules are made anew`() async throws {
        try await run("Month", now: .epoch) { test in
            // Of December only these 12 hours are known; all failed.
            expect(test, Self.noon - .minutes(5), 14_400, 14_500)
                .expecting("count(plimsoll:sli:events_period) or vector(0)", at: Self.noon, ("{}", 0))
        }
    }
}
