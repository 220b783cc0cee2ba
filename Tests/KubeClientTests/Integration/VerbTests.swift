import HTTPTransport
import KubeClient
import KubeModel
import Testing
import Values

@Suite("IntegrationKubeClientVerbs", .enabled(if: Cluster.isThere, "needs the real API server (PLIMSOLL_TEST_KUBECONFIG)"))
struct IntegrationVerbTests {
    @Test func createReadReplaceDelete() async throws {
        try await Cluster.withNamespace { client, namespace in
            let key = ObjectKey(namespace: namespace, name: "one")
            let created = try await client.create(.configMaps, namespace: namespace, body: Cluster.configMap("one"))
            #expect(created["metadata"]?["uid"]?.stringValue?.isEmpty == false)
            let exists = await Cluster.error { try await client.create(.configMaps, namespace: namespace, body: Cluster.configMap("one")) }
            #expect(exists?.isAlreadyExists == true && exists?.isConflict == false)

            let read = try await client.get(ConfigMap.self, key)
            #expect(read.data == ["a": "1"])
            #expect(read.metadata.resourceVersion == created["metadata"]?["resourceVersion"]?.stringValue)

            var next = created
            next["data"] = ["a": "2"]
            let replaced = try await client.replace(.configMaps, key, body: next)
            #expect(replaced["data"]?["a"] == "2")
            let stale = await Cluster.error { try await client.replace(.configMaps, key, body: next) }
            #expect(stale?.isConflict == true)
            #expect(stale?.isRetriable == true)

            try await client.delete(.configMaps, key)
            let gone = await Cluster.error { _ = try await client.get(ConfigMap.self, key) }
            #expect(gone?.isNotFound == true && gone?.isUnknownResource == false)
        }
    }

    @Test func dryRunChangesNothing() async throws {
        try await Cluster.withNamespace { client, namespace in
            let key = ObjectKey(namespace: namespace, name: "dry")
            try await client.create(.configMaps, namespace: namespace, body: Cluster.configMap("dry"), dryRun: true)
            #expect(await Cluster.error { _ = try await client.get(ConfigMap.self, key) }?.isNotFound == true)
            try await client.create(.configMaps, namespace: namespace, body: Cluster.configMap("dry"))
            try await client.patch(.configMaps, key, .merge(["data": ["a": "2"]]), dryRun: true)
            try await client.delete(.configMaps, key, dryRun: true)
            #expect(try await client.get(ConfigMap.self, key).data == ["a": "1"])
        }
    }

    @Test func mergeAndJSONPatch() async throws {
        try await Cluster.withNamespace { client, namespace in
            let key = ObjectKey(namespace: namespace, name: "patched")
            let created = try await client.create(.configMaps, namespace: namespace, body: Cluster.configMap("patched", ["a": "1", "b": "2"]))
            let merged = try await client.patch(.configMaps, key, .merge(["data": ["a": .null, "c": "3"]]))
            #expect(merged["data"] == ["b": "2", "c": "3"])

            let version = created["metadata"]?["resourceVersion"] ?? .null
            let stale = await Cluster.error {
                try await client.patch(.configMaps, key, .merge(["metadata": ["resourceVersion": version], "data": ["d": "4"]]))
            }
            #expect(stale?.isConflict == true)

            let changed = try await client.patch(
                .configMaps, key,
                .json([
                    .test(JSONPointer("data", "b"), "2"), .replace(JSONPointer("data", "b"), "5"), .remove(JSONPointer("data", "c")),
                    .add(JSONPointer("metadata", "annotations"), ["plimsoll.dev/do": "x"]),
                    .add(JSONPointer("metadata", "annotations", "plimsoll.dev/on"), "y"),
                ]))
            #expect(changed["data"] == ["b": "5"])
            #expect(changed["metadata"]?["annotations"] == ["plimsoll.dev/do": "x", "plimsoll.dev/on": "y"])
            let refused = await Cluster.error {
                try await client.patch(.configMaps, key, .json([.test(JSONPointer("data", "b"), "2"), .remove(JSONPointer("data", "b"))]))
            }
            #expect(refused?.status?.code == 422)
            #expect(try await client.get(ConfigMap.self, key).data == ["b": "5"])
        }
    }

    @Test func serverSideApply() async throws {
        try await Cluster.withNamespace { client, namespace in
            let key = ObjectKey(namespace: namespace, name: "applied")
            let made = try await client.patch(.configMaps, key, .apply(Cluster.configMap("applied"), fieldManager: "one", force: false))
            #expect(made["data"] == ["a": "1"])
            let conflict = await Cluster.error {
                try await client.patch(.configMaps, key, .apply(Cluster.configMap("applied", ["a": "2"]), fieldManager: "two", force: false))
            }
            #expect(conflict?.isConflict == true)
            #expect(conflict?.status?.causes.contains { $0.reason == "FieldManagerConflict" && $0.field == ".data.a" } == true)
            let forced = try await client.patch(.configMaps, key, .apply(Cluster.configMap("applied", ["a": "2"]), fieldManager: "two", force: true))
            #expect(forced["data"] == ["a": "2"])
            // What a manager leaves out of its intent goes.
            let less = try await client.patch(.configMaps, key, .apply(Cluster.configMap("applied", [:]), fieldManager: "two", force: true))
            #expect((less["data"] ?? [:])["a"] == nil)
            // An object that was deleted and made anew isn't taken for the old one.
            var resurrecting = Cluster.configMap("applied")
            resurrecting["metadata"]?["uid"] = "00000000-0000-0000-0000-000000000000"
            let other = await Cluster.error { try await client.patch(.configMaps, key, .apply(resurrecting, fieldManager: "one", force: true)) }
            // 1.20 calls it an immutable field, later servers a conflict.
            #expect(other?.isConflict == true || other?.isInvalid == true, "\(String(describing: other))")
        }
    }

    @Test func deletePreconditions() async throws {
        try await Cluster.withNamespace { client, namespace in
            let key = ObjectKey(namespace: namespace, name: "guarded")
            let created = try await client.create(.configMaps, namespace: namespace, body: Cluster.configMap("guarded"))
            let uid = try #require(created["metadata"]?["uid"]?.stringValue)
            let wrongUID = await Cluster.error { try await client.delete(.configMaps, key, uid: "00000000-0000-0000-0000-000000000000") }
            #expect(wrongUID?.isConflict == true)
            let version = try #require(created["metadata"]?["resourceVersion"]?.stringValue)
            try await client.patch(.configMaps, key, .merge(["data": ["a": "2"]]))
            let wrongVersion = await Cluster.error { try await client.delete(.configMaps, key, uid: uid, resourceVersion: version) }
            #expect(wrongVersion?.isConflict == true)
            try await client.delete(.configMaps, key, uid: uid)
            #expect(await Cluster.error { try await client.delete(.configMaps, key, uid: uid) }?.isNotFound == true)
        }
    }

    @Test func errorsAreToldApart() async throws {
        try await Cluster.withNamespace { client, namespace in
            let invalid = await Cluster.error { try await client.create(.configMaps, namespace: namespace, body: Cluster.configMap("Not_A_Name")) }
            #expect(invalid?.isInvalid == true && invalid?.isRetriable == false)
            #expect(invalid?.status?.causes.first?.field == "metadata.name")
            let unknown = ResourceKind(group: "nowhere.example", version: "v1", kind: "Nothing", plural: "nothings")
            let missing = await Cluster.error { _ = try await client.list(unknown, as: JSON.self) }
            #expect(missing?.isNotFound == true && missing?.isUnknownResource == true)
            let unknownCore = await Cluster.error {
                _ = try await client.list(ResourceKind(group: "", version: "v1", kind: "X", plural: "xs"), as: JSON.self)
            }
            #expect(unknownCore?.isUnknownResource == true)
            let nowhere = await Cluster.error { try await client.create(.configMaps, namespace: "\(namespace)-not", body: Cluster.configMap("a")) }
            #expect(nowhere?.isNotFound == true)
            let method = await Cluster.error { _ = try await client.raw("POST", "/version") }
            #expect(method?.status != nil)
        }
    }

    @Test func aTerminatingNamespaceIsKnownAsOne() async throws {
        try await Cluster.withNamespace { client, namespace in
            var held = Cluster.configMap("held")
            held["metadata"]?["finalizers"] = ["plimsoll.dev/test"]
            try await client.create(.configMaps, namespace: namespace, body: held)
            try await client.delete(.namespaces, ObjectKey(name: namespace))
            let error = await Cluster.error { try await client.create(.configMaps, namespace: namespace, body: Cluster.configMap("late")) }
            #expect(error?.isNamespaceTerminating == true)
            try await client.patch(.configMaps, ObjectKey(namespace: namespace, name: "held"), .merge(["metadata": ["finalizers": .null]]))
        }
    }

    @Test func scaleOfADeployment() async throws {
        try await Cluster.withNamespace { client, namespace in
            let key = ObjectKey(namespace: namespace, name: "web")
            try await client.create(
                .deployments, namespace: namespace,
                body: [
                    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web"],
                    "spec": [
                        "replicas": 0, "selector": ["matchLabels": ["app": "web"]],
                        "template": ["metadata": ["labels": ["app": "web"]], "spec": ["containers": [["name": "c", "image": "none"]]]],
                    ],
                ])
            let scale = try await client.getScale(.deployments, key)
            #expect(scale.replicas == 0 && scale.selector == "app=web")
            #expect(try await client.patchScale(.deployments, key, replicas: 3).replicas == 3)
            let stale = await Cluster.error { try await client.patchScale(.deployments, key, replicas: 4, resourceVersion: scale.resourceVersion) }
            #expect(stale?.isConflict == true)
            #expect(try await client.getScale(.deployments, key).replicas == 3)
        }
    }

    @Test func statusOfACustomResource() async throws {
        try await Cluster.withNamespace { client, namespace in
            let kind = try await Cluster.makeKind(client)
            let key = ObjectKey(namespace: namespace, name: "a")
            let thing: JSON = [
                "apiVersion": .string(kind.apiVersion), "kind": "Thing", "metadata": ["name": "a"], "spec": ["x": 1], "status": ["y": 1],
            ]
            let created = try await client.create(kind, namespace: namespace, body: thing)
            #expect(created["status"] == nil)
            let patched = try await client.patch(kind, key, subresource: "status", .merge(["spec": ["x": 2], "status": ["y": 2]]))
            #expect(patched["spec"] == ["x": 1] && patched["status"] == ["y": 2])
            #expect(patched["metadata"]?["generation"] == created["metadata"]?["generation"])
            // A custom list: items before metadata, each with its kind.
            let page = try await client.list(kind, namespace: namespace, as: JSON.self)
            #expect(page.items.map { $0["kind"] } == ["Thing"])
            #expect(!page.resourceVersion.isEmpty)
            try await Cluster.removeKind(client, kind)
        }
    }

    @Test func discovery() async throws {
        try await Cluster.withClient { client in
            let capabilities = try await client.capabilities()
            #expect(capabilities.version.isAtLeast(1, 20))
            #expect(capabilities.groups.first?.name == "")
            #expect(capabilities.serves(group: "apps", version: "v1") && capabilities.serves(group: "", version: "v1"))
            let resources = try await client.resources(group: "apps", version: "v1")
            let deployments = try #require(resources.first { $0.name == "deployments" })
            #expect(deployments.kind == .deployments)
            #expect(deployments.verbs.contains("watch") && deployments.shortNames == ["deploy"])
            #expect(resources.contains { $0.name == "deployments/scale" })
            #expect(try await client.serves(.configMaps))
            #expect(try await !client.serves(ResourceKind(group: "nowhere.example", version: "v1", kind: "X", plural: "xs")))
            #expect(String(decoding: try await client.raw("GET", "/healthz"), as: UTF8.self) == "ok")
        }
    }

    @Test func theLeaseLaneIsAConnectionOfItsOwn() async throws {
        try await Cluster.withNamespace { client, namespace in
            let lease = client.forLease(timeout: .seconds(5))
            _ = try await lease.create(
                .leases, namespace: namespace,
                body: ["apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": "l"], "spec": ["holderIdentity": "me"]])
            #expect(client.counters(.lease).requests == 1)
            #expect(client.counters(.lease).connectionsOpen == 1)
        }
    }

    @Test func warningsAreToldOnce() async throws {
        let log = LogLines()
        try await Cluster.withClient(options: KubeClientOptions(logger: log.logger())) { client in
            for _ in 0..<3 { _ = try await client.raw("GET", "/apis/apiextensions.k8s.io/v1beta1/customresourcedefinitions") }
        }
        #expect(log.all.filter { $0.contains("apiextensions.k8s.io/v1beta1 CustomResourceDefinition is deprecated") }.count == 1)
    }
}
