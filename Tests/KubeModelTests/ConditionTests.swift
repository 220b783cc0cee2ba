import KubeModel
import Testing
import Values

struct ConditionTests {
    private func condition(_ type: String, _ status: ConditionStatus, at second: Int64, reason: String = "R", message: String = "m") -> Condition {
        Condition(
            type: type, status: status, reason: reason, message: message, observedGeneration: 1,
            lastTransitionTime: Instant(microseconds: second * 1_000_000))
    }

    @Test func timeMovesOnlyWhenTheStatusFlips() {
        var conditions: [Condition] = []
        conditions = conditions.setting(condition("Ready", .unknown, at: 1))
        conditions = conditions.setting(condition("Ready", .true, at: 2))
        conditions = conditions.setting(condition("Ready", .true, at: 3, reason: "Other", message: "new"))
        #expect(conditions == [condition("Ready", .true, at: 2, reason: "Other", message: "new")])
        conditions = conditions.setting(condition("Ready", .false, at: 4))
        #expect(conditions == [condition("Ready", .false, at: 4)])
    }

    @Test func orderDoesNotDependOnHistory() {
        let one = ([] as [Condition]).setting(condition("Stalled", .false, at: 1)).setting(condition("Ready", .true, at: 1))
        let other = ([] as [Condition]).setting(condition("Ready", .true, at: 1)).setting(condition("Stalled", .false, at: 1))
        #expect(one == other)
        #expect(one["Ready"]?.status == .true)
        #expect(one["None"] == nil)
        #expect(one.removing(type: "Stalled").map(\.type) == ["Ready"])
    }

    @Test func roundTrip() throws {
        let condition = condition("DataPresent", .unknown, at: 1_767_323_045, reason: "SourceDown", message: "a \"b\"\nc")
        #expect(Condition(json: try JSON(parsing: condition.json.text())) == condition)
        #expect(condition.json["lastTransitionTime"]?.stringValue == "2026-01-02T03:04:05Z")
    }

    @Test(arguments: [
        "{}", #"{"type":"Ready"}"#, #"{"type":"Ready","status":"true","lastTransitionTime":"2026-01-02T03:04:05Z"}"#,
        #"{"type":"Ready","status":"True","lastTransitionTime":"yesterday"}"#, "[]",
    ])
    func refusesNonsense(text: String) throws {
        #expect(Condition(json: try JSON(parsing: text)) == nil)
    }
}
