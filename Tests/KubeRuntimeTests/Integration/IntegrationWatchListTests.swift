import KubeClient
import KubeModel
import KubeRuntime
import TestSupport
import Testing
import Values

/// Watches that begin with all objects, where they are refused: by a 1.36 over an old etcd, and by a 1.20. That they succeed is shape-tested only.
@Suite("IntegrationWatchList", .enabled(if: RealCluster.isThere, RealCluster.why)) struct IntegrationWatchListTests {
    struct Gizmo: KubeObject {
        static let resource = ResourceKind(group: "watchlist.test.plimsoll.dev", version: "v1", kind: "Gizmo", plural: "gizmos", namespaced: false)
        var metadata = ObjectMeta()
        init(reading reader: inout JSONReader) throws {
            try reader.readObject { key, reader in if key == "metadata" { metadata = try ObjectMeta(reading: &reader) } }
        }
    }

    private static let definition: JSON = [
        "metadata": ["name": .string(Gizmo.resource.description)],
        "spec": [
            "group": .string(Gizmo.resource.group), "scope": "Cluster",
            "names": ["plural": "gizmos", "singular": "gizmo", "kind": "Gizmo", "listKind": "GizmoList"],
            "versions": [
                [
                    "name": "v1", "served": true, "storage": true,
                    "schema": ["openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
                ]
            ],
        ],
    ]

    private func create(_ client: KubeClient, _ name: String) async -> Bool {
        let body: JSON = [
            "apiVersion": .string(Gizmo.resource.apiVersion), "kind": "Gizmo", "metadata": ["name": .string(name)],
        ]
        // The server serves the kind a moment after its definition.
        return await eventually { (try? await client.create(Gizmo.resource, body: body)) != nil }
    }

    @Test(.enabled(if: TestEnvironment.crdServerKubeconfig != nil, "needs the CRD server of today (PLIMSOLL_TEST_CRDSERVER_KUBECONFIG)"))
    func aServerWhoseEtcdCannotTellIsListedAtOnce() async throws {
        let client = try KubeClient(configuration: try KubeConfiguration.load(explicitPath: TestEnvironment.crdServerKubeconfig, context: nil))
        defer { Task { await client.shutdown() } }
        _ = try? await client.create(.customResourceDefinitions, body: Self.definition)
        for index in 0..<30 { #expect(await create(client, "g\(index)")) }
        // 1.36 knows such watches, but over an etcd before 3.4.31 it says by 500 that it can't: the list is asked at once.
        let reflector = Reflector(source: KubeCollection<Gizmo>(client), store: Store<Gizmo>())
        try await whileRunning([reflector.run]) {
            await reflector.waitUntilSynced()
            #expect(reflector.store.count == 30)
            #expect(reflector.counters.watchLists == 1 && reflector.counters.lists == 1)
            #expect(await create(client, "later"))
            try await client.delete(Gizmo.resource, ObjectKey(name: "g0"))
            let store = reflector.store
            #expect(await eventually { store.get(ObjectKey(name: "later")) != nil && store.get(ObjectKey(name: "g0")) == nil })
            #expect(reflector.counters.watchLists == 1)
        }
        try await client.delete(.customResourceDefinitions, ObjectKey(name: Gizmo.resource.description))
    }

    @Test func aServerOfYesterdayRefusesAndIsListedForGood() async throws {
        try await RealCluster.withNamespace { client, namespace in
            try await client.create(.configMaps, namespace: namespace, body: RealCluster.configMap("a"))
            let store = Store<WordMap>()
            let reflector = Reflector(source: KubeCollection(client, namespace: namespace, labelSelector: "app=test"), store: store)
            try await whileRunning([reflector.run]) {
                await reflector.waitUntilSynced()
                #expect(store.count == 1)
                #expect(reflector.counters.watchLists == 1 && reflector.counters.lists == 1)
                try await client.create(.configMaps, namespace: namespace, body: RealCluster.configMap("b"))
                #expect(await eventually { store.count == 2 })
                #expect(reflector.trouble == nil)
            }
        }
    }

    /// What an apply with the UID of an object that was deleted meanwhile meets: a conflict, and no object come back.
    @Test func anApplyWithAUIDBringsNothingBack() async throws {
        try await RealCluster.withNamespace { client, namespace in
            let key = ObjectKey(namespace: namespace, name: "a")
            func apply(_ uid: String?) async throws -> JSON {
                var body: JSON = [
                    "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a", "namespace": .string(namespace)], "data": ["word": "x"],
                ]
                if let uid { body["metadata"]?["uid"] = .string(uid) }
                return try await client.patch(.configMaps, key, .apply(body, fieldManager: "plimsoll-test", force: true))
            }
            let uid = try #require(try await apply(nil)["metadata"]?["uid"]?.stringValue)
            #expect(try await apply(uid)["metadata"]?["uid"]?.stringValue == uid)
            try await client.delete(.configMaps, key)
            let gone = await #expect(throws: KubeError.self) { try await apply(uid) }
            #expect(gone?.isConflict == true)
            // Another under the name is not taken for it.
            _ = try await apply(nil)
            let other = await #expect(throws: KubeError.self) { try await apply(uid) }
            // 409, or 422 of servers that find the UID immutable first.
            #expect(other?.isConflict == true || other?.isInvalid == true, "\(String(describing: other))")
        }
    }
}
