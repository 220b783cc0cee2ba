import KubeModel
import Testing
import Values

@testable import PlimsollAPI

struct ConditionFieldsTests {
    @Test(arguments: ["", "A", "a", "9", "A_", "A_b", "A,", "A,b", "A:b", "A:", "RulesLoaded", "A b", "A-b", "A\n", "Å"])
    func reasonAndItsExpressionAgree(text: String) throws {
        let regex = try Regex(FieldPattern.conditionReason.regex)
        #expect(FieldPattern.conditionReason.accepts(text) == (try regex.wholeMatch(in: text) != nil))
    }

    @Test func theTableWritesWhatTheModelDoes() throws {
        let condition = Condition(
            type: ConditionType.stalled, status: .true, reason: "Invalid", message: "spec.service: is required", observedGeneration: 7,
            lastTransitionTime: Instant(microseconds: 1_767_323_045_000_000))
        let encoded: JSON = FieldType<Condition>.object().encode(condition)
        #expect(encoded == condition.json)
        var problems: [Problem] = []
        #expect(Condition.decode(encoded, at: "status.conditions[0]", problems: &problems) == condition)
    }
}
