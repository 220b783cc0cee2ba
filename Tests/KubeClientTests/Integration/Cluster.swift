import KubeClient
import KubeModel
import Logging
import Synchronization
import TestSupport
import Values

/// The real API server of Deploy/cluster, and a namespace of its own for each test.
enum Cluster {
    static let isThere = TestEnvironment.kubeconfig != nil

    static func configuration() throws -> KubeConfiguration {
        guard let path = TestEnvironment.kubeconfig else { throw Missing(description: "PLIMSOLL_TEST_KUBECONFIG is not set") }
        return try KubeConfiguration.load(explicitPath: path, context: nil)
    }

    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs `body` with a client of `configuration` (the admin's by default) and shuts it down.
    static func withClient<Result>(
        _ configuration: KubeConfiguration? = nil, options: KubeClientOptions = KubeClientOptions(), _ body: (KubeClient) async throws -> Result
    ) async throws -> Result {
        let client = try KubeClient(configuration: configuration ?? Self.configuration(), options: options)
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(client)) } catch { result = .failure(error) }
        await client.shutdown()
        return try result.get()
    }

    /// Runs `body` as the admin in a fresh namespace that is deleted afterwards.
    static func withNamespace(_ body: (KubeClient, String) async throws -> Void) async throws {
        try await withClient { client in
            let name = "kubeclient-\(UInt32.random(in: 0..<1_000_000))"
            try await client.create(.namespaces, body: ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]])
            let result: Swift.Result<Void, any Error>
            do { result = .success(try await body(client, name)) } catch { result = .failure(error) }
            try await client.delete(.namespaces, ObjectKey(name: name))
            try result.get()
        }
    }

    static func configMap(_ name: String, _ data: JSON = ["a": "1"], labels: JSON = [:]) -> JSON {
        ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name), "labels": labels], "data": data]
    }

    /// A service account with the right to read configmaps in its namespace, and a token for it.
    static func reader(_ client: KubeClient, _ namespace: String, name: String = "reader") async throws -> String {
        try await client.create(
            .serviceAccounts, namespace: namespace, body: ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": .string(name)]])
        try await allow(
            client, namespace, name: name,
            subject: ["kind": "ServiceAccount", "name": .string(name), "namespace": .string(namespace)])
        let answer = try await client.create(
            .serviceAccounts, ObjectKey(namespace: namespace, name: name), subresource: "token",
            body: ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": ["expirationSeconds": 3600]])
        guard let token = answer["status"]?["token"]?.stringValue else { throw Missing(description: "no token in \(answer)") }
        return token
    }

    static func allow(_ client: KubeClient, _ namespace: String, name: String, subject: JSON) async throws {
        try await client.create(
            roles, namespace: namespace,
            body: [
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": ["name": .string(name)],
                "rules": [["apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]]],
            ])
        try await client.create(
            roleBindings, namespace: namespace,
            body: [
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": ["name": .string(name)],
                "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": .string(name)], "subjects": [subject],
            ])
    }

    /// A custom resource with a status subresource, served.
    static func makeKind(_ client: KubeClient) async throws -> ResourceKind {
        let group = "t\(UInt32.random(in: 0..<1_000_000)).example.com"
        let kind = ResourceKind(group: group, version: "v1", kind: "Thing", plural: "things")
        let open: JSON = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        try await client.create(
            .customResourceDefinitions,
            body: [
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": ["name": "things.\(group)"],
                "spec": [
                    "group": .string(group), "scope": "Namespaced", "names": ["plural": "things", "kind": "Thing"],
                    "versions": [
                        [
                            "name": "v1", "served": true, "storage": true, "subresources": ["status": [:]],
                            "schema": ["openAPIV3Schema": ["type": "object", "properties": ["spec": open, "status": open]]],
                        ]
                    ],
                ],
            ])
        guard try await eventually({ try await client.serves(kind) }) else { throw Missing(description: "\(kind) is not served") }
        return kind
    }

    static func removeKind(_ client: KubeClient, _ kind: ResourceKind) async throws {
        try await client.delete(.customResourceDefinitions, ObjectKey(name: "\(kind.plural).\(kind.group)"))
    }

    static let roles = ResourceKind(group: "rbac.authorization.k8s.io", version: "v1", kind: "Role", plural: "roles")
    static let roleBindings = ResourceKind(group: "rbac.authorization.k8s.io", version: "v1", kind: "RoleBinding", plural: "rolebindings")

    /// The error of `body`; nil if it has none.
    static func error(_ body: () async throws -> Void) async -> KubeError? {
        do {
            try await body()
            return nil
        } catch { return error as? KubeError }
    }
}

/// A configmap's name, version and data.
struct ConfigMap: KubeObject {
    static let resource = ResourceKind.configMaps
    var metadata = ObjectMeta()
    var data: [String: String] = [:]

    init(reading reader: inout JSONReader) throws {
        var metadata = ObjectMeta()
        var data: [String: String] = [:]
        try reader.readObject { key, reader in
            switch key {
            case "metadata": metadata = try ObjectMeta(reading: &reader)
            case "data": try reader.readObject { key, reader in data[key] = try reader.readString() }
            default: break
            }
        }
        self.metadata = metadata
        self.data = data
    }
}

/// Keeps what is logged.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock(\.self) }

    func logger() -> Logger {
        var logger = Logger(label: "test") { _ in Handler(lines: self) }
        logger.logLevel = .trace
        return logger
    }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.lines.withLock { $0.append("\(event.level): \(event.message) \(event.metadata ?? [:])") }
        }
    }
}
