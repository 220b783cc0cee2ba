import KubeModel
import PlimsollAPI
import PrometheusModel
import ServiceLevels
import Testing
import Values

@Suite struct FleetReadingTests {
    private static func sample(_ name: String, _ slo: String, _ value: Double, _ more: [String: String] = [:], instance: String = "main")
        -> VectorSample
    {
        let identity = ["__name__": name, "plimsoll_instance": instance, "plimsoll_namespace": "shop", "plimsoll_slo": slo]
        return VectorSample(metric: identity.merging(more) { $1 }, timestamp: 1_000_000, value: value)
    }

    @Test func `figures are told apart by SLO, group, window and kind`() throws {
        let eu = ["region": "eu", "plimsoll_sli": "total"]
        let reading = try FleetReading(
            [
                .events: .vector([
                    Self.sample("plimsoll:sli:events_period", "a", 1000, ["plimsoll_sli": "total"]),
                    Self.sample("plimsoll:sli:events_period", "a", 3, ["plimsoll_sli": "errors"]),
                    Self.sample("plimsoll:sli:events_1h30m", "a", 7, ["plimsoll_sli": "errors"]),
                    Self.sample("plimsoll:sli:events_period", "b", 5, eu),
                    Self.sample("plimsoll:sli:events_period", "b", 6, ["region": "ap", "plimsoll_sli": "total"]),
                    Self.sample("plimsoll:sli:events_period", "a", 99, ["plimsoll_sli": "total"], instance: "other"),
                    Self.sample("plimsoll:sli:events_1h", "a", .nan, ["plimsoll_sli": "total"]),
                    Self.sample("plimsoll:sli:events_5m_slow", "a", 1, ["plimsoll_sli": "total"]),
                    VectorSample(metric: [:], timestamp: 0, value: 0),
                ]),
                .freshness: .vector([Self.sample("", "a", 999_970, ["plimsoll_sli": "total"])]),
                .coverage: .vector([Self.sample("plimsoll:sli:coverage_period", "a", 1.0007, ["plimsoll_sli": "total"])]),
                .alerts: .vector([
                    Self.sample("ALERTS", "a", 1, ["alertstate": "firing", "plimsoll_tier": "fast", "region": "eu"]),
                    Self.sample("ALERTS", "a", 1, ["alertstate": "pending", "plimsoll_tier": "fast", "region": "us"]),
                ]),
            ], instance: "main")
        let a = try #require(reading.figures[ObjectKey(namespace: "shop", name: "a")])
        #expect(a.groups.count == 1)
        #expect(a.groups.first?.period == EventCounts(total: 1000, errors: 3))
        #expect(a.groups.first?.windows == [PromDuration.minutes(90): EventCounts(errors: 7)])
        #expect(a.groups.first?.coverage == 1)
        #expect(a.sampled == Instant(seconds: 999_970))
        #expect(a.alerts == ["fast": .firing])
        let b = try #require(reading.figures[ObjectKey(namespace: "shop", name: "b")])
        #expect(b.groups.map(\.labels) == [["region": "ap"], ["region": "eu"]])
        #expect(b.sampled == nil)
        #expect(reading.figures.count == 2)
    }

    @Test func `an answer of another shape is nonsense, a missing one is empty`() throws {
        #expect(throws: FleetReading.Nonsense.self) { try FleetReading([.events: .scalar(timestamp: 0, value: 1)], instance: "main") }
        #expect(try FleetReading([:], instance: "main").figures.isEmpty)
    }

    @Test func `a coarser groupBy of the past is no group beside the finer ones`() {
        func group(_ labels: [String: String], sampled: Int64?) -> GroupFigures {
            var group = GroupFigures(labels: labels)
            group.sampled = sampled.map { Instant(seconds: $0) }
            return group
        }
        let figures = SLOFigures(groups: [
            group(["region": "eu"], sampled: nil), group(["region": "us"], sampled: nil), group(["region": "eu", "zone": "a"], sampled: 100),
        ])
        // Nothing finer is measured of `us`: what is known of it stays.
        #expect(figures.groups(by: ["region", "zone"]).map(\.labels) == [["region": "us"], ["region": "eu", "zone": "a"]])
    }

    @Test func `queries name only this instance`() {
        for question in FleetQueries.Question.allCases {
            #expect(FleetQueries(instance: "main").promql(question).contains("plimsoll_instance=\"main\""))
        }
        #expect(FleetQueries(instance: "a\"}").promql(.alerts).contains("plimsoll_instance=\"a\\\"}\""))
    }

    private func figures(period: EventCounts, hour: EventCounts) -> SLOFigures {
        var group = GroupFigures()
        group.period = period
        group.windows = [.hours(1): hour]
        group.sampled = Instant(seconds: 1_000_000)
        return SLOFigures(groups: [group])
    }

    @Test func `the budget is weighed by events, and what did not happen spends nothing`() throws {
        let spec = try SLOFixtures.spec(SLOFixtures.checkout)
        let spent = try #require(
            BudgetFigures(
                figures(period: EventCounts(total: 1_000_000, errors: 280), hour: EventCounts(total: 100, errors: 1)), spec: spec,
                forecastWindow: .hours(1), mayUseShorter: false))
        #expect(abs(spent.remaining - 0.72) < 1e-12)
        #expect(abs((spent.burnRates[.hours(1)] ?? 0) - 10) < 1e-12)
        // 72 % of the budget at 10 times: 7.2 % of 30 days.
        let forecast = try #require(spent.exhaustion(window: .days(30)))
        #expect(abs(forecast.in.seconds - 0.072 * 30 * 86400) < 1)

        let idle = try #require(
            BudgetFigures(
                figures(period: EventCounts(total: 0, errors: 0), hour: EventCounts(total: 0, errors: 0)), spec: spec, forecastWindow: .hours(1),
                mayUseShorter: false)
        )
        #expect(idle.remaining == 1)
        #expect(idle.exhaustion(window: .days(30)) == nil)

        let young = figures(period: EventCounts(), hour: EventCounts(total: 1000, errors: 1))
        #expect(BudgetFigures(young, spec: spec, forecastWindow: .hours(1), mayUseShorter: false) == nil)
        #expect(abs((BudgetFigures(young, spec: spec, forecastWindow: .hours(1), mayUseShorter: true)?.remaining ?? 1)) < 1e-9)
        // Errors unknown is not errors zero.
        #expect(
            BudgetFigures(
                figures(period: EventCounts(total: 10), hour: EventCounts(total: 10)), spec: spec, forecastWindow: .hours(1), mayUseShorter: true)
                == nil)
    }
}
