import KubeClient
import KubeModel
import PlimsollAPI
import TestSupport
import Testing
import Values

/// The release gate of the real daemon, asked with tokens of a real API server.
@Suite(.enabled(if: TestEnvironment.binary != nil && TestEnvironment.kubeconfig != nil, "needs the cluster and binary of Deploy/test.sh"))
struct GateTests {
    private static let roleBindings = ResourceKind(group: "rbac.authorization.k8s.io", version: "v1", kind: "RoleBinding", plural: "rolebindings")
    private static let roles = ResourceKind(group: "rbac.authorization.k8s.io", version: "v1", kind: "Role", plural: "roles")

    /// Lets an account read one SLO and nothing else.
    private func letRead(_ world: World, _ account: String, _ name: String) async throws {
        try await world.client.create(
            Self.roles, namespace: world.namespace,
            body: [
                "metadata": ["name": .string(account)],
                "rules": [["apiGroups": ["plimsoll.dev"], "resources": ["slos"], "resourceNames": [.string(name)], "verbs": ["get"]]],
            ])
        try await world.client.create(
            Self.roleBindings, namespace: world.namespace,
            body: [
                "metadata": ["name": .string(account)],
                "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": .string(account)],
                "subjects": [["kind": "ServiceAccount", "name": .string(account), "namespace": .string(world.namespace)]],
            ])
    }

    @Test func pipelinesAskWithTheirOwnTokens() async throws {
        try await World.with("gate") { world in
            let reader = try await Account(world, "reader", isAdmin: false)
            let stranger = try await Account(world, "stranger", isAdmin: false)
            try await letRead(world, "reader", "burnt")
            let daemon = try Daemon(world, serving: "gate: {enabled: true}")
            try await daemon.ready(world)
            // All requests of the API server count as errors: the budget is gone at once.
            var burnt = world.spec()
            burnt["indicator"] = [
                "ratio": ["errors": #"apiserver_request_total{job="apiserver",verb!="x"}"#, "total": #"apiserver_request_total{job="apiserver"}"#]
            ]
            burnt["policy"] = [["name": "freeze", "remainingBelow": "0%", "actions": ["FreezeRollouts"]]]
            try await world.apply("burnt", burnt)
            let url = "\(daemon.metricsURL)/gate/\(world.namespace)/burnt"
            func ask(_ token: String?, _ query: String = "") async throws -> (status: Int, json: JSON) {
                let answer = try await world.fetch(url + query, bearer: token)
                return (answer.status, (try? JSON(parsing: answer.text)) ?? .null)
            }
            #expect(await eventually(within: .seconds(60)) { (try? await ask(reader.token))?.json["reason"] == "Frozen" })
            let frozen = try await ask(reader.token)
            #expect(frozen.status == 200 && frozen.json["allowed"] == false, "\(frozen)")
            #expect(try await ask(reader.token, "?deny=status").status == 409)
            #expect(try await ask(nil).status == 401)
            #expect(try await ask("nonsense").status == 401)
            #expect(try await ask(stranger.token).status == 403)
            #expect(try await ask(reader.token, "?whenUnknown=Perhaps").status == 400)
            // Who may not read it is not told that it is not there.
            #expect(try await world.fetch("\(daemon.metricsURL)/gate/\(world.namespace)/other", bearer: stranger.token).status == 403)
            let slo = try await world.client.get(SLO.self, ObjectKey(namespace: world.namespace, name: "burnt"))
            #expect(slo.status.frozen)
            try await world.client.patch(
                SLO.resource, slo.metadata.key,
                .merge(["metadata": ["annotations": ["plimsoll.dev/override": "2099-01-01T00:00:00Z a fix"]]]))
            #expect(await eventually(within: .seconds(15)) { (try? await ask(reader.token, "?deny=status"))?.json["reason"] == "Overridden" })
            #expect(try await ask(reader.token, "?deny=status").status == 200)
            let metrics = try await world.fetch("\(daemon.metricsURL)/metrics").text
            #expect(metrics.contains(#"plimsoll_gate_answers_total{allowed="false",reason="Frozen"}"#))
            #expect(!daemon.process.output.contains(reader.token))
            #expect(try await daemon.stop() == .code(0))
        }
    }
}
