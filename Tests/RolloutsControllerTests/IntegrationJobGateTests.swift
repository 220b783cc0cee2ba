import KubeClient
import KubeModel
import KubeRuntime
import Rollouts
import RolloutsController
import TestSupport
import Testing
import Values

/// Jobs as measurements, on real containers and as an account that consents.
@Suite(.enabled(if: SampleImage.hasNode, "needs a cluster with a node")) struct IntegrationJobGateTests {
    private static let busybox = "localhost/plimsoll/busybox:1"
    private static func rbac(_ kind: String) -> ResourceKind {
        ResourceKind(group: "rbac.authorization.k8s.io", version: "v1", kind: kind, plural: "\(kind.lowercased())s")
    }

    private func template(_ command: [String], image: String = busybox) -> JSON {
        [
            "spec": [
                "template": [
                    "spec": [
                        "terminationGracePeriodSeconds": 1,
                        "containers": [
                            [
                                "name": "smoke", "image": .string(image), "imagePullPolicy": "IfNotPresent",
                                "command": .array(command.map { .string($0) }),
                            ]
                        ],
                    ]
                ]
            ]
        ]
    }

    /// An account that consents and may make Jobs, and the uid of an object that owns them.
    private func prepare(_ world: World) async throws -> String {
        let namespace = world.namespace
        try await world.client.create(
            .serviceAccounts, namespace: namespace,
            body: ["metadata": ["name": "guard", "annotations": ["plimsoll.dev/allow": "RolloutAnalysis"]]])
        try await world.client.create(
            Self.rbac("Role"), namespace: namespace,
            body: ["metadata": ["name": "guard"], "rules": [["apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "create", "delete"]]]])
        try await world.client.create(
            Self.rbac("RoleBinding"), namespace: namespace,
            body: [
                "metadata": ["name": "guard"], "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "guard"],
                "subjects": [["kind": "ServiceAccount", "name": "guard", "namespace": .string(namespace)]],
            ])
        let owner = try await world.client.create(.configMaps, namespace: namespace, body: ["metadata": ["name": "run"]])
        return try #require(owner["metadata"]?["uid"]?.stringValue)
    }

    private func ended(_ finding: JobMeasurement.Finding) -> ClassicPhase? {
        if case .ended(let phase, _) = finding { return phase }
        return nil
    }

    @Test func jobsEndAsTheyDo() async throws {
        try await World.with("jobs") { world in
            let uid = try await prepare(world)
            let authority = Authority(
                client: world.client, fence: nil, policy: AuthorityPolicy(namespaces: [world.namespace], ownNamespaces: ["plimsoll-system"]))
            let request = ActingRequest(kind: "RolloutAnalysis", object: world.key("checkout"), account: "guard")
            let shell = JobGateShell(instance: "test") { job in
                let pods = try? await world.client.listAll(.pods, namespace: world.namespace, as: JSON.self, labelSelector: "job-name=\(job)").items
                return (pods ?? []).compactMap { $0["status"]?["containerStatuses"]?[0]?["state"]?["waiting"]?["reason"]?.stringValue }
            }
            func measurement(_ gate: String) -> JobMeasurement {
                JobMeasurement(
                    owner: .init(apiVersion: "v1", kind: "ConfigMap", name: "run", uid: uid), namespace: world.namespace, gate: gate, number: 1)
            }
            for (gate, template, expected) in [
                ("good", template(["/bin/true"]), ClassicPhase.successful), ("bad", template(["/bin/false"]), .failed),
                ("image", template(["/bin/true"], image: "No:Image:At:All"), .inconclusive),
            ] {
                let one = measurement(gate)
                let first = try await authority.acting(request) { try await shell.begin(one, template: template, as: $0) }
                #expect(ended(first) == nil, "\(gate): \(first)")
                // Killed and told again: still the one Job.
                _ = try await authority.acting(request) { try await shell.begin(one, template: template, as: $0) }
                let isOver = try await eventually(within: .seconds(90), every: .seconds(1)) {
                    try await authority.acting(request) { ended(try await shell.look(one, as: $0)) } == expected
                }
                #expect(isOver, "\(gate)")
            }
            let jobs = ResourceKind(group: "batch", version: "v1", kind: "Job", plural: "jobs")
            let made = try await world.client.listAll(jobs, namespace: world.namespace, as: JSON.self).items
            #expect(made.count == 3)
            #expect(made.allSatisfy { $0["spec"]?["template"]?["spec"]?["serviceAccountName"] == "guard" })

            let long = measurement("long")
            _ = try await authority.acting(request) { try await shell.begin(long, template: template(["/bin/sleep", "1000"]), as: $0) }
            try await authority.acting(request) { try await shell.cancel(long, as: $0) }
            try await authority.acting(request) { try await shell.cancel(long, as: $0) }
            let afterwards = try await authority.acting(request) { try await shell.look(long, as: $0) }
            #expect(ended(afterwards) == .error || ended(afterwards) == nil)

            // A Job of somebody else under the name is left, and is no measurement.
            let stranger = measurement("stranger")
            var body = stranger.body(template(["/bin/true"]), account: "guard", instance: "x")
            body["metadata"]?["ownerReferences"] = []
            try await world.client.create(jobs, namespace: world.namespace, body: body)
            let told = try await authority.acting(request) { try await shell.begin(stranger, template: template(["/bin/true"]), as: $0) }
            #expect(ended(told) == .error)
            try await authority.acting(request) { try await shell.cancel(stranger, as: $0) }
            #expect(try await world.client.get(jobs, world.key(stranger.name), as: JSON.self)["metadata"]?["deletionTimestamp"] == nil)
        }
    }
}
