import KubeModel
import PlimsollAPI
import PrometheusModel
import ServiceLevels
import TestSupport
import Testing
import Values

/// The evaluator of our rules, against the rules themselves in the real promtool.
@Suite struct BacktestTests {
    /// promtool evaluates all groups at one pace. At 30 s the windows of hours come more often than on a server, at 5 minutes all come as there.
    struct Setup: Sendable, CustomStringConvertible {
        let seed: UInt64
        let interval: PromDuration
        let slots: Int
        let tiers: String
        var description: String { "seed \(seed), \(interval)" }

        /// How far apart the same moment may be.
        var tolerance: Int { interval == .seconds(30) ? 4 : 0 }
    }

    static let setups =
        (1...10).map { Setup(seed: $0, interval: .minutes(5), slots: 7 * 288, tiers: "") }
        + (11...20).map {
            Setup(
                seed: $0, interval: .seconds(30), slots: 16 * 120,
                tiers: "  tiers: [{name: fast, severity: page, long: 1h, short: 5m, burnRate: 14.4x}, "
                    + "{name: medium, severity: page, long: 6h, short: 30m, burnRate: 6x}]\n")
        }

    private static func traffic(_ setup: Setup, _ random: inout SeededGenerator) -> RandomTraffic {
        let rate = ([0.4, 5, 50, 1_000] as [Double]).randomElement(using: &random) ?? 5
        var traffic = RandomTraffic(perSlot: rate, errorRatio: 0.0005)
        traffic.holes = ([0, 0.02, 0.3] as [Double]).randomElement(using: &random) ?? 0
        // One that no traffic is too low for.
        traffic.outages = [.init(start: Int.random(in: 0..<setup.slots * 3 / 4, using: &random), slots: setup.slots / 8, errorRatio: 1)]
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            traffic.outages.append(
                RandomTraffic.Outage(
                    start: Int.random(in: 0..<setup.slots, using: &random), slots: Int.random(in: 1...setup.slots / 8, using: &random),
                    errorRatio: ([0.004, 0.01, 0.05, 0.5, 1] as [Double]).randomElement(using: &random) ?? 1))
        }
        return traffic
    }

    private static let isLong = TestEnvironment.value("PLIMSOLL_TEST_LONG") != nil

    @Test(.enabled(if: Promtool.path != nil, Comment(rawValue: Promtool.missing)), arguments: setups.filter { [1, 11].contains($0.seed) })
    func agreesWithPromtool(setup: Setup) async throws { try await check(setup) }

    @Test(
        .enabled(if: isLong && Promtool.path != nil, "minutes long: PLIMSOLL_TEST_LONG=1"), arguments: setups.filter { ![1, 11].contains($0.seed) })
    func agreesWithPromtoolOnEveryTrace(setup: Setup) async throws { try await check(setup) }

    private func check(_ setup: Setup) async throws {
        var random = SeededGenerator(seed: setup.seed)
        let spec = try SLOFixtures.spec(SLOFixtures.checkout.replacing("alerting:\n", with: "alerting:\n" + setup.tiers))
        let settings = RuleSettings(evaluationInterval: setup.interval)
        let trace = Self.traffic(setup, &random).trace(slots: setup.slots, &random)
        let alerts = Backtest(spec, settings: settings, start: .epoch).alerts(trace)
        #expect(!alerts.isEmpty, "a trace that shows nothing")
        let rules = try RuleGenerator.generate(
            instance: "main", key: .init(namespace: "shop", name: "checkout-availability"), spec: spec, settings: settings, now: .epoch)
        var test = PromtoolTest(name: "\(setup)", step: setup.interval, series: [])
        for (kind, values) in [("total", trace.total), ("errors", trace.errors)] {
            test.series.append(
                (
                    name: #"plimsoll:sli:events{plimsoll_instance="main",plimsoll_namespace="shop",plimsoll_slo="checkout-availability","#
                        + #"plimsoll_sli="\#(kind)",fed="any"}"#,
                    values: values.map { $0.map { String(Int($0)) } ?? "_" }.joined(separator: " ")
                ))
        }
        var firing = 0
        for tier in rules.tiers {
            let times = alerts.filter { $0.tier == tier.name }.map { (slot($0.start, setup), slot($0.end, setup)) }
            var asked = Set((0..<60).map { _ in Int.random(in: 0..<setup.slots, using: &random) })
            for (start, end) in times { asked.formUnion([start - 1, start, end, end + 1, start - 1 - setup.tolerance, end + 1 + setup.tolerance]) }
            for at in asked.sorted() where (0..<setup.slots).contains(at) {
                // Near an edge either is right.
                let isNearEdge = times.contains { abs($0.0 - at) <= setup.tolerance || abs($0.1 - at) <= setup.tolerance }
                if setup.tolerance > 0, isNearEdge { continue }
                let fires = times.contains { $0.0 <= at && at <= $0.1 }
                if fires { firing += 1 }
                test = test.expecting(
                    #"count(ALERTS{alertname="\#(SeriesNames.alert)",alertstate="firing",plimsoll_tier="\#(tier.name)"}) or vector(0)"#,
                    at: setup.interval * Int64(at), (labels: "{}", value: fires ? 1 : 0))
            }
        }
        #expect(firing > 0, "nothing fires long enough to be asked for")
        let outcome = try await Promtool.test([rules.file], every: setup.interval, order: rules.groups.reversed(), [test])
        #expect(outcome.passed, Comment(rawValue: String(outcome.output.prefix(2_000))))
    }

    private func slot(_ at: Instant, _ setup: Setup) -> Int { Int(at.since(.epoch).milliseconds / setup.interval.milliseconds) }

    private static let start = Instant(seconds: 1_800_000_000)

    private func outage(_ ratio: Double, perSlot: Double, hours: Int) throws -> (Backtest, Backtest.Trace) {
        var random = SeededGenerator(seed: 7)
        var traffic = RandomTraffic(perSlot: perSlot, errorRatio: 0)
        traffic.outages = [.init(start: 2880, slots: hours * 120, errorRatio: ratio)]
        return (
            Backtest(try SLOFixtures.spec(SLOFixtures.checkout), settings: RuleSettings(), start: Self.start), traffic.trace(slots: 5760, &random)
        )
    }

    @Test func anOutageIsNamedWithItsTiers() throws {
        let (backtest, trace) = try outage(1, perSlot: 100, hours: 1)
        let alerts = backtest.alerts(trace)
        #expect(alerts.map(\.tier).first == "fast")
        #expect(Set(alerts.map(\.tier)) == ["fast", "medium", "slow", "very-slow"])
        let fast = try #require(alerts.first)
        let began = fast.start.since(Self.start.adding(.days(1)))
        #expect(began >= .zero && began <= .minutes(2))
        // Five minutes after the outage the short window is clean.
        #expect(fast.end.since(Self.start.adding(.hours(25))) <= .minutes(5))
    }

    @Test func budgetIsWeightedByEvents() throws {
        let (backtest, trace) = try outage(1, perSlot: 10, hours: 1)
        let last = try #require(backtest.budget(trace, every: .hours(1)).last)
        // One hour of 30 days at even traffic, of a budget of 0.1 %; of what lies before the trace's 47 hours nothing is known.
        #expect(abs(last.remaining - (1 - 1.0 / 720 / 0.001)) < 0.05)
        #expect(backtest.budget(trace, every: .hours(1)).first?.remaining == 1)
        #expect(Backtest.supported([trace])?.text == "97%")
        #expect(Backtest.supported([]) == nil)
    }
}
