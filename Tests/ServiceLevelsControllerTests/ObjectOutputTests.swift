import KubeClient
import KubeModel
import KubeRuntime
import PlimsollAPI
import ServiceLevels
import TestSupport
import Testing
import Values

@testable import ServiceLevelsController

/// What is sent for an object that the cache shows and the server may have lost by now; shape-tested against a scripted server.
struct ObjectOutputTests {
    private struct Bench {
        let output: ObjectOutput<RuleConfigMap>
        let server: ScriptedServer
        let slo: SLO
        let rules: GeneratedRules

        /// The bodies of requests of that method.
        func bodies(_ method: String) throws -> [JSON] {
            try server.requests.filter { $0.method == method }.map { try JSON(parsing: Array($0.body.utf8)) }
        }
    }

    /// - Parameter ownerUID: of the SLO that the cache has the ConfigMap of.
    private static func with(ownerUID: String, _ body: (Bench) async throws -> Void) async throws {
        let server = try ScriptedServer { _, _ in .json(#"{"metadata":{"name":"plimsoll-checkout","namespace":"shop","resourceVersion":"9"}}"#) }
        defer { server.stop() }
        let client = try KubeClient(configuration: KubeConfiguration(server: server.url, origin: "a script"))
        let slo = SLO(json: [
            "metadata": ["name": "checkout", "namespace": "shop", "uid": "slo-2"],
            "spec": [
                "service": "checkout", "objective": "99%", "window": ["rolling": "30d"],
                "indicator": ["ratio": ["errors": #"http_requests_total{code="500"}"#, "total": "http_requests_total"]],
            ],
        ])
        let settings = RuleSettings(scrapeInterval: .seconds(15), evaluationInterval: .seconds(15))
        let store = Store<RuleConfigMap>(indexes: ["owner": { $0.owner.map { [$0.description] } ?? [] }])
        let owner = OwnerReference(apiVersion: SLO.resource.apiVersion, kind: SLO.resource.kind, name: "checkout", uid: ownerUID)
        _ = store.apply(
            RuleConfigMap(
                metadata: ObjectMeta(
                    name: "plimsoll-checkout", namespace: "shop", uid: "map-1", resourceVersion: "5",
                    labels: [RuleObjects.instanceLabel: "main"], ownerReferences: [owner]),
                content: ContentDigest(.null)))
        let output = ObjectOutput(
            instance: "main", client: client, reflector: Reflector(source: KubeCollection(client, of: RuleConfigMap.self), store: store),
            gate: ConsistencyGate()
        ) { rules, slo in try RuleObjects.configMap(rules, for: slo, settings: settings) }
        let rules = try RuleGenerator.generate(
            instance: "main", key: slo.metadata.key, spec: try #require(slo.spec), settings: settings, now: .epoch)
        let result: Result<Void, any Error>
        do { result = .success(try await body(Bench(output: output, server: server, slo: slo, rules: rules))) } catch { result = .failure(error) }
        await client.shutdown()
        try result.get()
    }

    @Test func anApplyCarriesTheUIDOfTheObjectThatIsThere() async throws {
        try await Self.with(ownerUID: "slo-2") { bench in
            #expect(try await bench.output.write(bench.rules, for: bench.slo))
            let bodies = try bench.bodies("PATCH")
            #expect(bodies.map { $0["metadata"]?["uid"] } == ["map-1"])
            #expect(bench.server.requests.map(\.method) == ["PATCH"])
        }
    }

    @Test func aDeletionCarriesTheUIDAndTheVersion() async throws {
        try await Self.with(ownerUID: "slo-2") { bench in
            try await bench.output.remove(bench.slo.metadata.key)
            let bodies = try bench.bodies("DELETE")
            #expect(bodies.map { $0["preconditions"] } == [["uid": "map-1", "resourceVersion": "5"]])
        }
    }

    /// Of an SLO that had the name before: taken away as the object that it is, and another is made.
    @Test func aLeftoverIsDeletedByItsUIDAndItsSuccessorHasNone() async throws {
        try await Self.with(ownerUID: "slo-1") { bench in
            #expect(try await bench.output.write(bench.rules, for: bench.slo))
            #expect(bench.server.requests.map(\.method) == ["DELETE", "PATCH"])
            let (deletions, applied) = (try bench.bodies("DELETE"), try bench.bodies("PATCH"))
            #expect(deletions.map { $0["preconditions"] } == [["uid": "map-1", "resourceVersion": "5"]])
            #expect(applied.map { $0["metadata"]?["uid"] } == [nil])
        }
    }
}
