import KubeModel
import PlimsollAPI
import ServiceLevels
import Testing
import Values

@testable import ServiceLevelsController

struct SLOReportTests {
    private func slo(groupBy: String = "[]") throws -> (SLO, SLOSpec) {
        let json = try YAML.parse(
            """
            metadata: {name: checkout, namespace: shop}
            spec:
              service: checkout
              objective: 99.9%
              window: {rolling: 30d}
              groupBy: \(groupBy)
              indicator: {ratio: {errors: 'x{code="5"}', total: x}}
            """
        ).first?.json
        let slo = SLO(json: try #require(json))
        return (slo, try #require(slo.spec))
    }

    private func figures(_ labels: [String: String] = [:], period: EventCounts, windows: [String: EventCounts] = [:]) throws -> GroupFigures {
        var group = GroupFigures(labels: labels)
        group.period = period
        for (window, counts) in windows { group.windows[try #require(PromDuration(window))] = counts }
        return group
    }

    @Test func figuresAreExact() throws {
        let (slo, spec) = try slo()
        var group = try figures(
            period: EventCounts(total: 3_000_000, errors: 1234),
            windows: ["1h": EventCounts(total: 7, errors: 2), "5m": EventCounts(total: 3, errors: 1), "6h": EventCounts(total: 0, errors: 0)])
        group.sampled = Instant(seconds: 1_000)
        let report = SLOReport(slo: slo, spec: spec, figures: SLOFigures(groups: [group]))
        #expect(report.key == ObjectKey(namespace: "shop", name: "checkout"))
        #expect(report.service == "checkout")
        #expect(report.objective == 0.999)
        #expect(report.sampled == Instant(seconds: 1_000))
        let only = try #require(report.groups.first)
        #expect(report.groups.count == 1)
        #expect(only.name == "")
        // By window, the SLO's own last; a window without traffic has no ratio.
        #expect(only.errorRatios.map(\.window) == ["5m", "1h", "30d"])
        let ratios: [Double] = [1.0 / 3.0, 2.0 / 7.0, 1234.0 / 3_000_000.0]
        #expect(only.errorRatios.map(\.ratio) == ratios)
        let remaining = try #require(only.remaining)
        let expected: Double = 1 - ratios[2] / 0.001
        #expect(abs(remaining - expected) < 1e-12)
    }

    @Test func anOverspentBudgetIsNegativeAndAnUnknownOneNil() throws {
        let (slo, spec) = try slo()
        let overspent = SLOReport(
            slo: slo, spec: spec, figures: SLOFigures(groups: [try figures(period: EventCounts(total: 1000, errors: 3))]))
        let remaining = try #require(overspent.groups.first?.remaining)
        #expect(abs(remaining - -2) < 1e-9)
        for period in [EventCounts(), EventCounts(total: 5), EventCounts(total: 0, errors: 0)] {
            let report = SLOReport(slo: slo, spec: spec, figures: SLOFigures(groups: [try figures(period: period)]))
            #expect(report.groups.first?.remaining == nil)
            #expect(report.groups.first?.errorRatios.isEmpty == true)
            #expect(report.sampled == nil)
        }
    }

    @Test func aWindowAsLongAsTheSLOsIsReportedOnce() throws {
        let (slo, spec) = try slo()
        let group = try figures(
            period: EventCounts(total: 100, errors: 1), windows: ["30d": EventCounts(total: 100, errors: 2), "1h": EventCounts(total: 10, errors: 0)])
        let ratios = SLOReport(slo: slo, spec: spec, figures: SLOFigures(groups: [group])).groups.first?.errorRatios ?? []
        #expect(ratios.map(\.window) == ["1h", "30d"])
        #expect(ratios.map(\.ratio) == [0, 0.01])
    }

    @Test func groupsAreNamedByTheirLabelsInTheSpecsOrder() throws {
        let (slo, spec) = try slo(groupBy: "[region, code]")
        let groups = [
            try figures(["code": "200", "region": "eu"], period: EventCounts(total: 10, errors: 0)),
            try figures(["region": "us"], period: EventCounts(total: 10, errors: 1)),
        ]
        let report = SLOReport(slo: slo, spec: spec, figures: SLOFigures(groups: groups))
        #expect(report.groups.map(\.name) == ["eu/200", "us/"])
    }
}
