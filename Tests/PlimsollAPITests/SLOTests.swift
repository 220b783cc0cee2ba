import KubeModel
import PlimsollAPI
import Testing
import Values

struct SLOTests {
    private func read(_ text: String) throws -> SLO {
        try JSONReader.read(Array(text.utf8)) { reader in try SLO(reading: &reader) }
    }

    @Test(arguments: [SLOSamples.whole, SLOSamples.minimal])
    func bytesAndTreeAgree(yaml: String) throws {
        let json = try SLOSamples.json(yaml)
        let fromBytes = try read(json.text())
        let fromTree = SLO(json: json)
        #expect(fromBytes.metadata == fromTree.metadata)
        #expect(fromBytes.spec == fromTree.spec)
        #expect(fromBytes.problems == fromTree.problems)
        #expect(fromBytes.status == fromTree.status)
    }

    @Test(arguments: [
        (#"{"metadata":{"name":"a"}}"#, "spec: is required: what the service promises"),
        (#"{"metadata":{"name":"a"},"spec":null}"#, "spec: is required: what the service promises"),
    ])
    func aBadSpecIsTold(text: String, problem: String) throws {
        let slo = try read(text)
        #expect(slo.spec == nil)
        #expect(slo.problems.map(\.description) == [problem])
        #expect(slo.metadata.name == "a")
    }

    @Test(arguments: [
        #"{"metadata":{"name":"a"},"spec":3}"#, #"{"spec":[],"metadata":{"name":"a"},"status":"x"}"#, #"{"metadata":{"name":"a"},"status":[1]}"#,
    ])
    func nonsenseIsAProblemAndNoError(text: String) throws {
        let slo = try read(text)
        #expect(slo.spec == nil)
        #expect(slo.problems.count == 1)
        #expect(slo.status == SLOStatus())
    }

    @Test(arguments: [
        "{}", "[]", "3", #"{"metadata":{}}"#, #"{"metadata":{"name":""},"spec":{}}"#, #"{"metadata":[]}"#, #"{"metadata":{"name":"a"}"#,
    ])
    func withoutMetadataItIsNone(text: String) {
        #expect(throws: (any Error).self) { try read(text) }
    }

    @Test func statusRoundTrip() throws {
        var status = SLOStatus()
        status.observedGeneration = 3
        status.conditions = [
            Condition(
                type: ConditionType.ready, status: .true, reason: "RulesLoaded", message: "All is well.", observedGeneration: 3,
                lastTransitionTime: Instant(microseconds: 1_767_323_045_000_000))
        ]
        status.errorBudget = SLOErrorBudget(remaining: "-12%", consumed: "112%")
        status.burnRates = [SLOBurnRate(window: "1h", rate: "14x")]
        status.exhaustedAt = Instant(rfc3339: "2026-01-02T03:04:05Z")
        status.alerts = [SLOAlertState(tier: "fast", state: .firing)]
        status.coverage = "97.2%"
        status.groups = [SLOGroup(labels: ["region": "eu north"], remaining: "3%", burnRate: "2x")]
        status.frozen = true
        status.lastSampled = Instant(rfc3339: "2026-01-02T03:04:06Z")
        let json = try JSON(parsing: status.json.text())
        #expect(SLOStatus(lenient: json) == status)
        var problems: [Problem] = []
        #expect(SLOStatus.decode(json, at: "status", problems: &problems) == status)
        #expect(SLOStatus().json == [:])
    }

    @Test func whatIsWrongInAStatusIsLeftOut() {
        let json: JSON = ["observedGeneration": "x", "errorBudget": ["remaining": "5%"], "burnRates": [3], "frozen": true, "later": 1]
        var expected = SLOStatus()
        expected.errorBudget = SLOErrorBudget(remaining: "5%", consumed: "")
        expected.frozen = true
        #expect(SLOStatus(lenient: json) == expected)
    }
}
