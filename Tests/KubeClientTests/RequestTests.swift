import HTTPTransport
import Testing
import Values

@testable import KubeClient

@Suite struct RequestTests {
    @Test func queriesAreEncoded() {
        #expect(PercentEncoding.query([]) == "")
        #expect(
            PercentEncoding.query([QueryItem("labelSelector", "a=b,c in (d, ü)"), QueryItem("continue", "x+/=&")])
                == "?labelSelector=a%3Db%2Cc%20in%20%28d%2C%20%C3%BC%29&continue=x%2B%2F%3D%26")
    }

    @Test func headersOfACall() throws {
        var call = KubeCall(path: "/api/v1/pods")
        call.impersonation = Impersonation(
            user: "jane", uid: "7", groups: ["a", "b"], extra: ["Example.com/Scopes": ["view", "edit"], "ünder": ["x"]])
        let request = try call.request(server: "https://h:1", authorization: "Bearer t")
        #expect(request.url == "https://h:1/api/v1/pods")
        #expect(
            request.headers == [
                HTTPHeader("Accept", "application/json"), HTTPHeader("Authorization", "Bearer t"), HTTPHeader("Impersonate-User", "jane"),
                HTTPHeader("Impersonate-Uid", "7"), HTTPHeader("Impersonate-Group", "a"), HTTPHeader("Impersonate-Group", "b"),
                HTTPHeader("Impersonate-Extra-example.com%2Fscopes", "view"), HTTPHeader("Impersonate-Extra-example.com%2Fscopes", "edit"),
                HTTPHeader("Impersonate-Extra-%C3%BCnder", "x"),
            ])
    }

    @Test func jsonPointersEscape() {
        #expect(JSONPointer("metadata", "annotations", "plimsoll.dev/do~now").text == "/metadata/annotations/plimsoll.dev~1do~0now")
        #expect(JSONPointer().text == "")
        #expect(JSONPointer("a", "").text == "/a/")
    }

    @Test func patchBodies() {
        let patch = KubePatch.json([
            .test(JSONPointer("metadata", "uid"), "u"), .add(JSONPointer("a", "-"), 1), .replace(JSONPointer("b"), .null), .remove(JSONPointer("c")),
            .move(from: JSONPointer("d"), to: JSONPointer("e")), .copy(from: JSONPointer("e"), to: JSONPointer("f")),
        ])
        #expect(patch.contentType == "application/json-patch+json")
        #expect(
            patch.body.text()
                == #"[{"op":"test","path":"/metadata/uid","value":"u"},{"op":"add","path":"/a/-","value":1},{"op":"replace","path":"/b","value":null},{"op":"remove","path":"/c"},{"op":"move","from":"/d","path":"/e"},{"op":"copy","from":"/e","path":"/f"}]"#
        )
        #expect(!patch.isIdempotent)
        #expect(KubePatch.merge([:]).contentType == "application/merge-patch+json")
        #expect(KubePatch.apply([:], fieldManager: "m", force: true).contentType == "application/apply-patch+yaml")
    }

    @Test func base64() {
        for text in ["", "f", "fo", "foo", "foob", "fooba", "foobar"] {
            let encoded = Base64.encode(text.utf8)
            #expect(Base64.decode(encoded) == Array(text.utf8))
        }
        #expect(Base64.encode("foob".utf8) == "Zm9vYg==")
        #expect(Base64.decode("Zm9v\n Yg") == Array("foob".utf8))
        for wrong in ["Z", "Zm9v*", "Zm=9", "===="] { #expect(Base64.decode(wrong) == nil) }
    }

    @Test func secretsStaySecret() {
        let secret = Secret("hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        let configuration = KubeConfiguration(
            server: "https://h", origin: "test", clientKey: .data(Array("hunter2".utf8)), credential: .basic(user: "u", password: secret))
        var dumpedWhole = ""
        dump(configuration, to: &dumpedWhole)
        let reflected = String(reflecting: configuration)
        for text in [dumped, "\(secret)", String(reflecting: secret), "\(configuration)", dumpedWhole, reflected, "\(configuration.credential)"] {
            #expect(!text.contains("hunter2"))
            #expect(!text.contains("104, 117, 110"))  // the bytes of it
        }
    }
}
