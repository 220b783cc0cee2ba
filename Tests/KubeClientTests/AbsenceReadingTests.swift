import KubeModel
import Testing
import Values

@testable import KubeClient

/// Only an API server's own discovery says that a kind is absent.
@Suite struct AbsenceReadingTests {
    static let slos = ResourceKind(group: "plimsoll.dev", version: "v1", kind: "SLO", plural: "slos")
    static let core = ResourceKind(group: "", version: "v1", kind: "ConfigMap", plural: "configmaps")

    @Test(arguments: [
        (#"{"kind":"APIResourceList","groupVersion":"plimsoll.dev/v1","resources":[{"name":"others"},{"name":"slos/status"}]}"#, true),
        (#"{"kind":"APIResourceList","groupVersion":"plimsoll.dev/v1","resources":[]}"#, true),
        (#"{"kind":"APIResourceList","groupVersion":"plimsoll.dev/v1","resources":[{"name":"slos"}]}"#, false),
        (#"{"kind":"APIResourceList","groupVersion":"plimsoll.dev/v2","resources":[]}"#, false),
        (#"{"kind":"APIResourceList","groupVersion":"plimsoll.dev/v1"}"#, false),
        (#"{"error":"no backend"}"#, false),
        ("[]", false),
    ])
    func resources(document: String, lacks: Bool) throws {
        #expect(AbsenceReading.lacks(Self.slos, inResources: try JSON(parsing: document)) == lacks)
    }

    @Test(arguments: [
        (#"{"kind":"APIGroupList","groups":[{"name":"apps","versions":[{"version":"v1"}]}]}"#, true),
        (#"{"kind":"APIGroupList","groups":[{"name":"plimsoll.dev","versions":[{"version":"v2"}]}]}"#, true),
        (#"{"kind":"APIGroupList","groups":[{"name":"plimsoll.dev","versions":[{"version":"v1"}]}]}"#, false),
        (#"{"kind":"APIGroupList","groups":[{"name":"plimsoll.dev"}]}"#, false),
        (#"{"kind":"APIGroupList","groups":[]}"#, false),
        (#"{"kind":"APIGroupList"}"#, false),
        (#"{"groups":[{"name":"apps"}]}"#, false),
        ("{}", false),
    ])
    func groups(document: String, lacks: Bool) throws {
        #expect(AbsenceReading.lacks(Self.slos, inGroups: try JSON(parsing: document)) == lacks)
        #expect(!AbsenceReading.lacks(Self.core, inGroups: try JSON(parsing: document)))
    }
}
