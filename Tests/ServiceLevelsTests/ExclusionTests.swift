import PrometheusModel
import ServiceLevels
import Testing
import Values

@Suite struct ExclusionTests {
    private static let nightly =
        SLOFixtures.checkout + "\nexclusions: [{name: nightly, schedule: \"0 2 * * *\", duration: 1h, timeZone: Europe/Oslo}]"

    private func instant(_ text: String) throws -> Instant { try #require(Instant(rfc3339: text)) }

    @Test func `rules know those of the week and four more`() throws {
        let now = try instant("2026-10-23T12:00:00Z")
        let rules = try SLOFixtures.rules(Self.nightly, now: now)
        // By Oslo's clocks, which are put back on the 25th: 2 o'clock comes twice, and counts once. The base window of 2 minutes comes on top.
        let first = try instant("2026-10-24T00:00:00Z").wholeSeconds
        let back = try instant("2026-10-25T00:00:00Z").wholeSeconds
        let winter = try instant("2026-10-26T01:00:00Z").wholeSeconds
        let text = rules.file.yaml
        for start in [first, back, winter] {
            #expect(text.contains("((time() <= bool \(start)) + (time() > bool \(start + 3720)))"), "\(start)")
        }
        #expect(text.ranges(of: "time() <= bool").count == 3 * 11, "in excluded, total and errors")
        #expect(rules.validUntil?.rfc3339 == "2026-10-29T00:00:00Z")
        for hours in 0..<132 { #expect(try SLOFixtures.rules(Self.nightly, now: now.adding(.hours(Int64(hours)))) == rules) }
        #expect(try SLOFixtures.rules(Self.nightly, now: now.adding(.hours(132))) != rules)
        #expect(rules.periodEnd == nil)
    }

    @Test func `one that lasts is among them`() throws {
        // Two days from a Wednesday on, of weeks that begin on Thursdays.
        let yaml = SLOFixtures.checkout + "\nexclusions: [{name: move, schedule: \"0 12 * * wed\", duration: 2d}]"
        let text = try SLOFixtures.rules(yaml, now: try instant("2026-11-19T12:00:00Z")).file.yaml
        #expect(text.contains("time() <= bool \(try instant("2026-11-18T12:00:00Z").wholeSeconds)"))
    }

    @Test func `frequent ones are written a day or an hour at a time`() throws {
        let now = try instant("2026-11-19T12:34:00Z")
        for (schedule, until, count) in [("0 */3 * * *", "2026-11-20T00:00:00Z", 8 + 4), ("*/10 * * * *", "2026-11-19T13:00:00Z", 6 + 4)] {
            let rules = try SLOFixtures.rules(
                SLOFixtures.checkout + "\nexclusions: [{name: x, schedule: \"\(schedule)\", duration: 1m}]", now: now)
            #expect(rules.validUntil?.rfc3339 == until)
            #expect(rules.file.yaml.ranges(of: "time() <= bool").count == 3 * count)
        }
    }

    @Test(arguments: [
        "{name: x, schedule: \"*/3 * * * *\", duration: 1m}", "{name: x, schedule: \"0 0 * * *\", duration: 23h59m}",
        "{name: x, schedule: \"0 0 * * *\", duration: 12h}, {name: late, schedule: \"0 12 * * *\", duration: 12h}",
    ])
    func `those that leave nothing are refused`(exclusions: String) throws {
        let now = try instant("2026-11-19T12:34:00Z")
        let error = #expect(throws: RuleProblems.self) {
            try SLOFixtures.rules(SLOFixtures.checkout + "\nexclusions: [\(exclusions)]", now: now)
        }
        #expect(
            error?.problems.first?.description.hasPrefix("spec.exclusions: leave no time in which anything counts") == true,
            "\(String(describing: error))")
    }

    @Test(.enabled(if: Promtool.path != nil, Comment(rawValue: Promtool.missing)))
    func `what fails in one neither counts nor pages`() async throws {
        // From 00:20 to 00:40 of 1970; all requests fail from 00:20 to 00:40.
        let yaml = SLOFixtures.checkout + "\nexclusions: [{name: soon, schedule: \"20 * * * *\", duration: 20m}]"
        func failed(_ begin: Int, _ end: Int) -> String {
            ScrapedCounter.values(for: 4500, step: 15, scrape: 30, phase: 15) { Double(10 * min(max($0 - begin, 0), end - begin)) }
        }
        let requests = ScrapedCounter.values(for: 4500, step: 15, scrape: 30, phase: 15) { Double(10 * $0) }
        func scenario(_ name: String, _ errors: String) -> PromtoolTest {
            PromtoolTest(
                name: name, step: .seconds(15),
                series: [
                    (name: #"http_requests_total{job="checkout",instance="a",code="200"}"#, values: requests),
                    (name: #"http_requests_total{job="checkout",instance="a",code="500"}"#, values: errors),
                ])
        }
        let firing = #"(count(count_over_time(ALERTS{alertname="\#(SeriesNames.alert)"}[1h])) or vector(0))"#
        let outcome = try await Promtool.test(
            [SLOFixtures.rules(yaml).file], every: .seconds(30),
            [
                scenario("within", failed(1200, 2400))
                    .expecting(firing, at: .seconds(4500), ("{}", 0))
                    .expecting("sum(plimsoll:sli:events_1h{plimsoll_sli=\"errors\"})", at: .seconds(3600), ("{}", 0))
                    .expecting("sum(plimsoll:sli:events_5m{plimsoll_sli=\"total\"})", at: .seconds(2400), ("{}", 0))
                    .expecting("plimsoll:sli:excluded == 1", at: .seconds(1200))
                    .expecting("sum(plimsoll:sli:excluded)", at: .seconds(1230), ("{}", 1))
                    .expecting("sum(plimsoll:sli:excluded)", at: .seconds(2520), ("{}", 1))
                    .expecting("sum(plimsoll:sli:excluded)", at: .seconds(2550), ("{}", 0)),
                scenario("after", failed(2700, 3300)).expecting("\(firing) > bool 0", at: .seconds(3600), ("{}", 1)),
            ])
        #expect(outcome.passed, Comment(rawValue: outcome.output))
    }

    @Test func `a backtest leaves them out too`() throws {
        var trace = Backtest.Trace(total: [], errors: [])
        for slot in 0..<2880 {
            trace.total.append(100)
            trace.errors.append((960..<1080).contains(slot) ? 100 : 0)
        }
        func alerts(_ yaml: String) throws -> Int {
            // 08:00 to 09:00
            let backtest = Backtest(try SLOFixtures.spec(yaml), settings: RuleSettings(), start: .epoch)
            return backtest.alerts(backtest.counted(trace)).count
        }
        #expect(try alerts(SLOFixtures.checkout) > 0)
        #expect(try alerts(SLOFixtures.checkout + "\nexclusions: [{name: x, schedule: \"0 8 * * *\", duration: 1h}]") == 0)
    }
}
