import Glibc
import KubeClient
import KubeModel
import PlimsollAPI
import TestSupport
import Values

/// A Deployment of real pods in a test's namespace, an account that may roll it, and an analysis of it.
struct RolloutFixture {
    static let image = "localhost/plimsoll/busybox:1"
    private static let roles = ResourceKind(group: "rbac.authorization.k8s.io", version: "v1", kind: "Role", plural: "roles")
    private static let roleBindings = ResourceKind(group: "rbac.authorization.k8s.io", version: "v1", kind: "RoleBinding", plural: "rolebindings")

    /// Whether the cluster has a node that runs containers.
    static var hasNode: Bool {
        guard TestEnvironment.kubeconfig != nil, let cluster = TestEnvironment.value("CLUSTER_DIR") else { return false }
        return access("\(cluster)/bin/ctr", X_OK) == 0
    }

    let world: World
    let name: String

    init(_ world: World, _ name: String = "checkout") {
        self.world = world
        self.name = name
    }

    /// More of the daemon's configuration.
    var settings: String {
        """
        controllers: [SLO, RolloutAnalysis]
        impersonation: {namespaces: [\(world.namespace)]}
        """
    }

    // MARK: What a pod does

    /// Becomes Ready and stays so.
    static func good(_ version: String) -> JSON { command("echo \(version); touch /tmp/ready; exec sleep 100000") }
    static let crashing = command("sleep 1; exit 3")
    static let neverReady = command("exec sleep 100001")

    static func command(_ text: String) -> JSON { ["/bin/sh", "-c", .string(text)] }

    // MARK: Making

    func makeAccount(_ account: String = "release-guard", consents: Bool = true) async throws {
        var metadata: JSON = ["name": .string(account)]
        if consents { metadata["annotations"] = ["plimsoll.dev/allow": "RolloutAnalysis"] }
        try await world.client.create(.serviceAccounts, namespace: world.namespace, body: ["metadata": metadata])
        try await world.client.create(
            Self.roles, namespace: world.namespace,
            body: [
                "metadata": ["name": .string(account)],
                "rules": [
                    ["apiGroups": ["apps"], "resources": ["deployments", "replicasets"], "verbs": ["get", "patch", "create"]],
                    ["apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": ["get"]],
                ],
            ])
        try await world.client.create(
            Self.roleBindings, namespace: world.namespace,
            body: [
                "metadata": ["name": .string(account)],
                "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": .string(account)],
                "subjects": [["kind": "ServiceAccount", "name": .string(account), "namespace": .string(world.namespace)]],
            ])
    }

    /// Changes what the Deployment asks for, or makes it, as `kubectl apply` does.
    func deploy(_ command: JSON, replicas: Int = 3, strategy: JSON = ["maxSurge": 1, "maxUnavailable": 0], more: JSON = [:]) async throws {
        let labels: JSON = ["app": .string(name)]
        var spec: JSON = [
            "replicas": .int(replicas), "selector": ["matchLabels": labels],
            "strategy": ["type": "RollingUpdate", "rollingUpdate": strategy],
            "template": [
                "metadata": ["labels": labels],
                "spec": [
                    "automountServiceAccountToken": false, "terminationGracePeriodSeconds": 1,
                    "containers": [
                        [
                            "name": "main", "image": .string(Self.image), "command": command,
                            "readinessProbe": ["exec": ["command": ["cat", "/tmp/ready"]], "periodSeconds": 1],
                        ]
                    ],
                ],
            ],
        ]
        spec = spec.merged(patch: more)
        try await world.client.patch(
            .deployments, world.key(name),
            .apply(
                [
                    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": .string(name), "namespace": .string(world.namespace)],
                    "spec": spec,
                ],
                fieldManager: "e2e", force: true))
    }

    func analyse(_ spec: JSON, as analysis: String? = nil) async throws {
        let whole: JSON = ["target": ["kind": "Deployment", "name": .string(name)], "serviceAccountName": "release-guard"]
        try await world.client.patch(
            RolloutAnalysis.resource, world.key(analysis ?? name),
            .apply(
                [
                    "apiVersion": .string(RolloutAnalysis.resource.apiVersion), "kind": "RolloutAnalysis",
                    "metadata": ["name": .string(analysis ?? name), "namespace": .string(world.namespace)], "spec": whole.merged(patch: spec),
                ], fieldManager: "e2e", force: true))
    }

    /// A gate of pod health, and a soak.
    static func observing(soak: String = "5s", readyWithin: String = "45s") -> JSON {
        [
            "strategy": ["observe": ["soak": .string(soak)]],
            "gates": [["name": "pods", "health": ["readyWithin": .string(readyWithin)]]],
        ]
    }

    // MARK: Looking

    func analysis(_ analysis: String? = nil) async throws -> JSON {
        try await world.client.get(RolloutAnalysis.resource, world.key(analysis ?? name), as: JSON.self)
    }

    func deployment() async throws -> JSON { try await world.client.get(.deployments, world.key(name), as: JSON.self) }

    func runs() async throws -> [JSON] {
        try await world.client.list(RolloutRun.resource, namespace: world.namespace, as: JSON.self).items.sorted {
            ($0["spec"]?["attempt"]?.intValue ?? 0) < ($1["spec"]?["attempt"]?.intValue ?? 0)
        }
    }

    func replicaSets() async throws -> [JSON] {
        try await world.client.list(.replicaSets, namespace: world.namespace, as: JSON.self).items
    }

    /// The pods of the version that a command makes: asked for, and available.
    func pods(_ command: JSON) async throws -> (wanted: Int64, available: Int64) {
        let own = try await replicaSets().first { $0["spec"]?["template"]?["spec"]?["containers"]?[0]?["command"] == command }
        return (own?["spec"]?["replicas"]?.intValue ?? 0, own?["status"]?["availableReplicas"]?.intValue ?? 0)
    }

    /// Of whatever version, as one list has it: Ready, and not on their way out.
    func readyPods() async throws -> Int {
        try await world.client.list(.pods, namespace: world.namespace, as: JSON.self).items.count { pod in
            pod["metadata"]?["deletionTimestamp"] == nil
                && (pod["status"]?["conditions"]?.arrayValue ?? []).contains { $0["type"] == "Ready" && $0["status"] == "True" }
        }
    }

    func commandAskedFor() async throws -> JSON? {
        try await deployment()["spec"]?["template"]?["spec"]?["containers"]?[0]?["command"]
    }

    func phase(_ analysis: String? = nil) async throws -> String { try await self.analysis(analysis)["status"]?["phase"]?.stringValue ?? "" }

    func condition(_ type: String, of analysis: String? = nil) async throws -> Condition? {
        (try await self.analysis(analysis)["status"]?["conditions"]?.arrayValue ?? []).compactMap(Condition.init(json:)).first { $0.type == type }
    }

    func wait(_ phase: String, within timeout: Swift.Duration = .seconds(60)) async throws {
        if try await eventually(within: timeout, { try await self.phase() == phase }) { return }
        throw Missing("phase \(phase) within \(timeout); its status: \(try await analysis()["status"]?.text() ?? "none")")
    }

    func wait(_ what: String, within timeout: Swift.Duration = .seconds(60), _ test: () async throws -> Bool) async throws {
        if try await eventually(within: timeout, test) { return }
        throw Missing("\(what) within \(timeout); its status: \(try await analysis()["status"]?.text() ?? "none")")
    }

    /// When the first pod of a command's version was made.
    func firstPod(_ command: JSON) async throws -> Instant? {
        let pods = try await world.client.list(.pods, namespace: world.namespace, as: JSON.self).items
        return pods.filter { $0["spec"]?["containers"]?[0]?["command"] == command }.compactMap {
            $0["metadata"]?["creationTimestamp"]?.stringValue.flatMap(Instant.init(rfc3339:))
        }.min()
    }

    /// Has the first version rolled out, and known to be good.
    func begin(_ command: JSON, replicas: Int = 3, _ spec: JSON) async throws {
        try await makeAccount()
        try await deploy(command, replicas: replicas)
        try await analyse(spec)
        try await wait("a version known to be good", within: .seconds(90)) {
            try await self.analysis()["status"]?["stable"]?["name"]?.stringValue != nil
        }
    }
}
