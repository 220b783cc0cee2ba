import FoundationEssentials
import KubeClient
import KubeModel
import KubeRuntime
import TestSupport
import Values

/// The kind of the tests that acts on others' workloads: `spec.deployment` is changed as `spec.serviceAccountName`, the way that `spec.kind` does it.
struct Patcher: KubeObject {
    static let resource = ResourceKind(group: "test.plimsoll.dev", version: "v1", kind: "Patcher", plural: "patchers")
    var metadata = ObjectMeta()
    var kind = ""
    var account = ""
    var deployment = ""

    init(reading reader: inout JSONReader) throws {
        try reader.readObject { key, reader in
            switch key {
            case "metadata": metadata = try ObjectMeta(reading: &reader)
            case "spec":
                try reader.readObject { key, reader in
                    switch key {
                    case "kind": kind = try reader.readString()
                    case "serviceAccountName": account = try reader.readString()
                    case "deployment": deployment = try reader.readString()
                    default: break
                    }
                }
            default: break
            }
        }
    }

    static let definition: JSON = [
        "metadata": ["name": .string(resource.description)],
        "spec": [
            "group": .string(resource.group), "scope": "Namespaced",
            "names": ["plural": "patchers", "singular": "patcher", "kind": "Patcher", "listKind": "PatcherList"],
            "versions": [
                [
                    "name": "v1", "served": true, "storage": true,
                    "schema": ["openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
                ]
            ],
        ],
    ]
}

/// A daemon on the real API server with rights of its own to read and impersonate accounts, and nothing else; an author who may only create its objects;
/// namespaces for all places of the table.
struct AuthorityWorld: Sendable {
    let admin: KubeClient
    let daemon: KubeClient
    /// May create our objects, and nothing else.
    let author: KubeClient
    let daemonUser: String
    let policy: AuthorityPolicy
    private let home: String
    private let listed: String
    let other: String
    private let unlisted: String
    private let blind: String
    /// Of what is made in kube-system, which outlives the test's namespaces.
    private let mark: String

    static func with(_ body: (AuthorityWorld) async throws -> Void) async throws {
        let configuration = try KubeConfiguration.load(explicitPath: TestEnvironment.kubeconfig, context: nil)
        let admin = try KubeClient(configuration: configuration)
        let mark = "authority-\(UInt32.random(in: 0..<1_000_000))"
        let spaces = ["home", "listed", "other", "unlisted", "blind"].map { "\(mark)-\($0)" }
        for space in spaces { try await admin.create(.namespaces, body: ["metadata": ["name": .string(space)]]) }
        _ = try? await admin.create(.customResourceDefinitions, body: Patcher.definition)
        let result: Result<Void, any Error>
        do {
            try await admin.create(.serviceAccounts, namespace: spaces[0], body: ["metadata": ["name": "daemon"]])
            let answer = try await admin.create(
                .serviceAccounts, ObjectKey(namespace: spaces[0], name: "daemon"), subresource: "token",
                body: ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": ["expirationSeconds": 3600]])
            var own = configuration
            own.clientCertificate = nil
            own.clientKey = nil
            own.credential = .token(Secret(answer["status"]?["token"]?.stringValue ?? ""))
            let daemon = try KubeClient(configuration: own)
            let world = AuthorityWorld(
                admin: admin, daemon: daemon, author: admin.impersonating(user: "author-\(mark)", groups: ["system:authenticated"]),
                daemonUser: "system:serviceaccount:\(spaces[0]):daemon",
                policy: AuthorityPolicy(namespaces: [spaces[1], spaces[2], spaces[4], "kube-system"], ownNamespaces: [spaces[0]]), home: spaces[0],
                listed: spaces[1], other: spaces[2], unlisted: spaces[3], blind: spaces[4], mark: mark)
            do {
                try await world.grantRights()
                result = .success(try await body(world))
            } catch { result = .failure(error) }
            await daemon.shutdown()
        } catch { result = .failure(error) }
        for space in spaces { _ = try? await admin.delete(.namespaces, ObjectKey(name: space)) }
        for kind in [ResourceKind.deployments, .serviceAccounts, roles, roleBindings, Patcher.resource] {
            let left = try? await admin.list(kind, namespace: "kube-system", as: JSON.self)
            for item in left?.items ?? [] {
                let metadata = ObjectMeta(json: item["metadata"] ?? .null)
                if metadata.name.hasPrefix(mark) { _ = try? await admin.delete(kind, metadata.key) }
            }
        }
        _ = try? await admin.delete(.customResourceDefinitions, ObjectKey(name: Patcher.resource.description))
        await admin.shutdown()
        try result.get()
    }

    private static let roles = ResourceKind(group: "rbac.authorization.k8s.io", version: "v1", kind: "Role", plural: "roles")
    private static let roleBindings = ResourceKind(group: "rbac.authorization.k8s.io", version: "v1", kind: "RoleBinding", plural: "rolebindings")

    func namespace(_ place: AuthoritySituation.Place) -> String {
        switch place {
        case .listed: listed
        case .unlisted: unlisted
        case .listedWithoutRight: blind
        case .system: "kube-system"
        }
    }

    var namespaces: [String] { [listed, unlisted, blind, "kube-system"] }

    private func grantRights() async throws {
        for namespace in namespaces + [other] {
            let verbs: JSON = namespace == blind ? ["get"] : ["get", "impersonate"]
            try await grant(
                "daemon", in: namespace, to: ["kind": "ServiceAccount", "name": "daemon", "namespace": .string(home)],
                rules: [
                    ["apiGroups": [""], "resources": ["serviceaccounts"], "verbs": verbs],
                    ["apiGroups": [.string(Patcher.resource.group)], "resources": ["patchers"], "verbs": ["get", "list", "watch"]],
                ])
            try await grant(
                "author", in: namespace, to: ["kind": "User", "name": .string("author-\(mark)"), "apiGroup": "rbac.authorization.k8s.io"],
                rules: [["apiGroups": [.string(Patcher.resource.group)], "resources": ["patchers"], "verbs": ["create"]]])
        }
    }

    /// A Role of this name and its binding.
    func grant(_ name: String, in namespace: String, to subject: JSON, rules: JSON) async throws {
        let metadata: JSON = ["name": .string("\(mark)-\(name)")]
        try await admin.create(Self.roles, namespace: namespace, body: ["metadata": metadata, "rules": rules])
        try await admin.create(
            Self.roleBindings, namespace: namespace,
            body: [
                "metadata": metadata, "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": .string("\(mark)-\(name)")],
                "subjects": [subject],
            ])
    }

    /// The name of a row's objects: its Deployment, its account, its Patcher.
    func name(_ row: Int) -> String { "\(mark)-\(row)" }

    func makeAccount(_ name: String, in namespace: String, allow: String?, rules: JSON?) async throws {
        var metadata: JSON = ["name": .string(name)]
        if let allow { metadata["annotations"] = [Consent.annotation: .string(allow)] }
        try await admin.create(.serviceAccounts, namespace: namespace, body: ["metadata": metadata])
        guard let rules else { return }
        try await grant(
            name, in: namespace, to: ["kind": "ServiceAccount", "name": .string(name), "namespace": .string(namespace)], rules: rules)
        // The server's authorizer hears of a binding a little later.
        let account = admin.impersonating(serviceAccount: ObjectKey(namespace: namespace, name: name))
        let key = ObjectKey(namespace: namespace, name: name)
        let works = await eventually {
            (try? await account.patch(.deployments, key, .merge(["metadata": ["annotations": ["test": "x"]]]), dryRun: true)) != nil
        }
        if !works { throw Missing("the rights of ServiceAccount \(key) take no effect") }
    }

    func makeDeployment(_ name: String, in namespace: String) async throws {
        let labels: JSON = ["app": .string(name)]
        let container: JSON = ["name": "main", "image": "example.invalid/none:1"]
        try await admin.create(
            .deployments, namespace: namespace,
            body: [
                "metadata": ["name": .string(name)],
                "spec": [
                    "replicas": 0, "selector": ["matchLabels": labels],
                    "template": ["metadata": ["labels": labels], "spec": ["containers": [container]]],
                ],
            ])
    }

    func isTouched(_ deployment: String, in namespace: String) async throws -> Bool {
        let object = try await admin.get(.deployments, ObjectKey(namespace: namespace, name: deployment), as: JSON.self)
        return object["metadata"]?["annotations"]?["test.plimsoll.dev/touched"] != nil
    }

    /// The requests of the daemon's that the API server's audit log tells, about objects of this name.
    func audited(_ name: String) throws -> [AuditedRequest] {
        guard let path = TestEnvironment.value("AUDIT_LOG") else { throw Missing("AUDIT_LOG, which the cluster's env exports") }
        let log = try Data(contentsOf: URL(filePath: path))
        let user = Array(daemonUser.utf8)
        return log.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard line.firstRange(of: user) != nil, let event = try? JSON(parsing: Array(line)),
                event["user"]?["username"]?.stringValue == daemonUser, event["objectRef"]?["name"]?.stringValue == name
            else { return nil }
            return AuditedRequest(
                verb: event["verb"]?.stringValue ?? "", resource: event["objectRef"]?["resource"]?.stringValue ?? "",
                actingAs: event["impersonatedUser"]?["username"]?.stringValue,
                groups: Set((event["impersonatedUser"]?["groups"]?.arrayValue ?? []).compactMap(\.stringValue)),
                code: event["responseStatus"]?["code"]?.intValue ?? 0)
        }
    }
}

struct AuditedRequest: Hashable, Sendable {
    let verb: String
    let resource: String
    let actingAs: String?
    let groups: Set<String>
    let code: Int64
}
