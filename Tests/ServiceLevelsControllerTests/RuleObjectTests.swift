import KubeModel
import Testing
import Values

@testable import ServiceLevelsController

struct RuleObjectTests {
    private func read<Object: RuleObject>(_ text: String, as type: Object.Type) throws -> Object {
        try JSONReader.read(Array(text.utf8)) { try Object(reading: &$0) }
    }

    @Test func aDigestTellsContentAndNotKeyOrder() throws {
        func digest(_ text: String) throws -> ContentDigest { ContentDigest(try JSON(parsing: text)) }
        #expect(try digest(#"{"a":1,"b":{"c":[1,2],"d":"x"}}"#) == digest(#"{ "b": {"d": "x", "c": [1, 2]}, "a": 1 }"#))
        let one = try digest(#"{"groups":[{"name":"a","rules":[1,2]}]}"#)
        for other in [
            #"{"groups":[{"name":"a","rules":[2,1]}]}"#, #"{"groups":[{"name":"b","rules":[1,2]}]}"#, #"{"groups":[{"name":"a","rules":[1,2,3]}]}"#,
            #"{"groups":[]}"#, "{}", "null",
        ] {
            #expect(try digest(other) != one, "\(other)")
        }
    }

    @Test func contentIsTheKindsOwnField() throws {
        let text = #"{"kind":"x","spec":{"groups":[]},"metadata":{"name":"a","namespace":"b","uid":"u"},"data":{"a.yaml":"groups: []"},"status":{}}"#
        let rule = try read(text, as: PrometheusRuleObject.self)
        #expect(rule.metadata.key == ObjectKey(namespace: "b", name: "a"))
        #expect(rule.content == ContentDigest(["groups": []]))
        #expect(try read(text, as: RuleConfigMap.self).content == ContentDigest(["a.yaml": "groups: []"]))
        // A ConfigMap that somebody emptied.
        #expect(try read(#"{"metadata":{"name":"a"}}"#, as: RuleConfigMap.self).content == ContentDigest(.null))
    }

    @Test func anObjectWithoutANameIsRefused() {
        #expect(throws: (any Error).self) { try read(#"{"data":{}}"#, as: RuleConfigMap.self) }
        #expect(throws: (any Error).self) { try read("[]", as: RuleConfigMap.self) }
    }

    @Test func onlyAnSLOIsItsOwner() throws {
        func owner(_ apiVersion: String, _ kind: String) throws -> ObjectKey? {
            try read(
                """
                {"metadata":{"name":"plimsoll-a","namespace":"shop","ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"p","uid":"1"},
                {"apiVersion":"\(apiVersion)","kind":"\(kind)","name":"a","uid":"2"}]}}
                """, as: PrometheusRuleObject.self
            ).owner
        }
        #expect(try owner("plimsoll.dev/v1alpha1", "SLO") == ObjectKey(namespace: "shop", name: "a"))
        #expect(try owner("plimsoll.dev/v1alpha1", "Drill") == nil)
        #expect(try owner("example.com/v1", "SLO") == nil)
    }
}
