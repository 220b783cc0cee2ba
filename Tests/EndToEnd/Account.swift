import KubeClient
import KubeModel
import TestSupport
import Values

/// A service account of a test's own, and kubeconfigs that use it.
struct Account {
    private let world: World
    let token: String

    /// - Parameter isAdmin: may do everything; otherwise nothing.
    init(_ world: World, _ name: String, isAdmin: Bool) async throws {
        self.world = world
        let key = ObjectKey(namespace: world.namespace, name: name)
        try await world.client.create(.serviceAccounts, namespace: world.namespace, body: ["metadata": ["name": .string(name)]])
        if isAdmin {
            try await world.client.create(
                ResourceKind(
                    group: "rbac.authorization.k8s.io", version: "v1", kind: "RoleBinding", plural: "rolebindings"),
                namespace: world.namespace,
                body: [
                    "metadata": ["name": .string(name)],
                    "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"],
                    "subjects": [["kind": "ServiceAccount", "name": .string(name), "namespace": .string(world.namespace)]],
                ])
        }
        let request: JSON = [
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": ["expirationSeconds": 3600],
        ]
        let answer = try await world.client.create(.serviceAccounts, key, subresource: "token", body: request)
        guard let token = answer["status"]?["token"]?.stringValue else { throw Missing("a token of \(key)") }
        self.token = token
    }

    /// A kubeconfig whose user is `user` (YAML flow style) on the test's API server.
    func kubeconfig(_ name: String, user: String) throws -> String {
        let server = world.client.configuration
        let authority: String
        switch server.certificateAuthority {
        case .file(let path)?: authority = path
        case .data(let bytes)?:
            authority = world.scratch.file("ca.pem")
            try writeFile(authority, String(decoding: bytes, as: UTF8.self))
        case nil: throw Missing("the API server's authority")
        }
        let path = world.scratch.file(name)
        try writeFile(
            path,
            """
            apiVersion: v1
            kind: Config
            current-context: x
            contexts: [{name: x, context: {cluster: x, user: x}}]
            clusters: [{name: x, cluster: {server: "\(server.server)", certificate-authority: "\(authority)"}}]
            users: [{name: x, user: \(user)}]

            """)
        return path
    }
}
