import KubeModel
import Testing
import Values

struct KubeStatusTests {
    @Test func invalidObject() throws {
        let status = try #require(
            KubeStatus(
                json: JSON(
                    parsing: """
                        {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"SLO.plimsoll.dev \\"a\\" is invalid","reason":"Invalid",
                         "details":{"name":"a","group":"plimsoll.dev","kind":"SLO","causes":[
                           {"reason":"FieldValueRequired","message":"Required value","field":"spec.service"},{"reason":"FieldValueInvalid"}]},"code":422}
                        """)))
        #expect(status.code == 422)
        #expect(status.reason == "Invalid")
        #expect(
            status.causes == [
                .init(reason: "FieldValueRequired", message: "Required value", field: "spec.service"), .init(reason: "FieldValueInvalid"),
            ])
        #expect(status.description == #"422 Invalid: SLO.plimsoll.dev "a" is invalid"#)
        #expect(status.retryAfterSeconds == nil)
        #expect(status.continueToken == nil)
    }

    @Test func tooManyRequestsAndExpired() throws {
        let throttled = try JSON(parsing: #"{"kind":"Status","reason":"TooManyRequests","details":{"retryAfterSeconds":7},"code":429}"#)
        #expect(KubeStatus(json: throttled)?.retryAfterSeconds == 7)
        let expired = try JSON(parsing: #"{"kind":"Status","metadata":{"continue":"abc"},"reason":"Expired","message":"gone","code":410}"#)
        #expect(KubeStatus(json: expired)?.continueToken == "abc")
    }

    @Test func somethingElse() throws {
        #expect(KubeStatus(json: ["kind": "ConfigMap"]) == nil)
        #expect(KubeStatus(json: "Status") == nil)
        #expect(KubeStatus(json: ["kind": "Status"])?.description == "0")
    }
}
