import HTTPTransport
import KubeClient
import KubeModel
import KubeRuntime
import Synchronization
import TestSupport
import Testing
import Values

@Suite("IntegrationController", .enabled(if: RealCluster.isThere, RealCluster.why)) struct IntegrationControllerTests {
    /// Each run writes a number one higher than the one it reads from the cache: if a run ever read a cache behind its own write, a number came twice.
    @Test func aReconcileReadsItsOwnWrites() async throws {
        try await RealCluster.withNamespace { client, namespace in
            let parents = Reflector(
                source: KubeCollection<WordMap>(client, namespace: namespace, labelSelector: "role=parent"), store: Store<WordMap>(), name: "parents")
            let children = Reflector(
                source: KubeCollection<WordMap>(client, namespace: namespace, labelSelector: "role=child"), store: Store<WordMap>(), name: "children")
            let gate = ConsistencyGate()
            gate.register(children.store, for: .configMaps)
            let written = Mutex<[String: [Int]]>([:])
            let controller = Controller(name: "test", workers: 4, gate: gate) { key in
                guard parents.store.get(key) != nil else { return .done }
                let child = ObjectKey(namespace: key.namespace, name: "child-of-\(key.name)")
                let number = (children.store.get(child).flatMap { Int($0.word) } ?? 0) + 1
                written.withLock { $0[key.name, default: []].append(number) }
                do throws(KubeError) {
                    let answer = try await client.patch(
                        .configMaps, child,
                        .apply(
                            [
                                "apiVersion": "v1", "kind": "ConfigMap",
                                "metadata": ["name": .string(child.name), "namespace": .string(namespace), "labels": ["role": "child"]],
                                "data": ["word": .string("\(number)")],
                            ], fieldManager: "plimsoll-test", force: true))
                    gate.wroteAt(owner: key, kind: .configMaps, resourceVersion: answer["metadata"]?["resourceVersion"]?.stringValue ?? "")
                } catch {
                    return .retry(error)
                }
                // Back at once, before the cache can have seen the write.
                return number < 10 ? .requeue(after: .zero) : .done
            }
            controller.reconciles(parents)
            let names = (0..<5).map { "p\($0)" }
            try await whileRunning([parents.run, children.run]) {
                await parents.waitUntilSynced()
                await children.waitUntilSynced()
                try await whileRunning([controller.run]) {
                    for name in names {
                        try await client.create(.configMaps, namespace: namespace, body: RealCluster.configMap(name, labels: ["role": "parent"]))
                    }
                    #expect(
                        await eventually {
                            names.allSatisfy { name in written.withLock { $0[name]?.last == 10 } } && controller.lengths.processing == 0
                        })
                    for name in names { #expect(written.withLock { $0[name] } == Array(1...10)) }
                    // An edit of the parent leads to a run, once.
                    try await client.patch(.configMaps, ObjectKey(namespace: namespace, name: "p0"), .merge(["data": ["word": "x"]]))
                    #expect(await eventually { written.withLock { $0["p0"] } == Array(1...11) })
                }
            }
        }
    }

    @Test func eventsAppearAndAreCoalesced() async throws {
        try await RealCluster.withNamespace { client, namespace in
            let made = try await client.create(.configMaps, namespace: namespace, body: RealCluster.configMap("a"))
            let object = ObjectReference(
                apiVersion: "v1", kind: "ConfigMap", namespace: namespace, name: "a", uid: made["metadata"]?["uid"]?.stringValue ?? "")
            let recorder = EventRecorder(sink: KubeEventSink(client), instance: "test", wallClock: RealCluster.wallClock)
            @Sendable func events() async -> [JSON] { (try? await client.list(.events, namespace: namespace, as: JSON.self))?.items ?? [] }
            try await whileRunning([recorder.run]) {
                recorder.record(object, .normal, reason: "Once", action: "Reconcile", note: "happened \"once\"\nand more")
                #expect(await eventually { await events().count == 1 })
                for count in 1...25 { recorder.record(object, .warning, reason: "Often", action: "Reconcile", note: "number \(count)") }
                #expect(await eventually { await events().contains { $0["series"]?["count"]?.intValue == 10 } })
            }
            await recorder.flush()
            let found = await events().sorted { ($0["reason"]?.stringValue ?? "") < ($1["reason"]?.stringValue ?? "") }
            #expect(found.map { $0["reason"]?.stringValue } == ["Often", "Once"])
            #expect(found.first?["series"]?["count"]?.intValue == 25)
            #expect(found.first?["note"]?.stringValue == "number 1")
            #expect(found.last?["series"] == nil || found.last?["series"] == .null)
            #expect(found.last?["note"]?.stringValue == "happened \"once\"\nand more")
            #expect(found.last?["reportingController"]?.stringValue == "plimsoll.dev/plimsoll")
        }
    }

    @Test func missingRightsAreNamed() async throws {
        try await RealCluster.withNamespace { client, namespace in
            let nobody = client.impersonating(user: "nobody-in-particular", groups: ["system:authenticated"])
            let required =
                RequiredAccess.all(["list", "watch"], .configMaps, namespace: namespace) + [RequiredAccess("create", .selfSubjectAccessReviews)]
            let missingForAdmin = try await AccessCheck.missing(required, client: client)
            #expect(missingForAdmin == [])
            let missing = try await AccessCheck.missing(required, client: nobody)
            #expect(missing.map(\.description) == ["list configmaps in namespace \(namespace)", "watch configmaps in namespace \(namespace)"])
            let failure = await #expect(throws: ManagerFailure.self) { try await AccessCheck.require(required, client: nobody) }
            #expect(failure?.exitCode == .world)
            #expect(failure?.message.contains("list configmaps in namespace \(namespace)") ?? false)
        }
    }

    @Test func theManagerRunsAndEndsItAll() async throws {
        try await RealCluster.withNamespace { client, namespace in
            let reflector = Reflector(source: KubeCollection<WordMap>(client, namespace: namespace), store: Store<WordMap>())
            let recorder = EventRecorder(sink: KubeEventSink(client), instance: "test", wallClock: RealCluster.wallClock)
            let controller = Controller(name: "test", workers: 2) { key in
                guard let object = reflector.store.get(key), object.word == "hello" else { return .done }
                recorder.record(
                    ObjectReference(apiVersion: "v1", kind: "ConfigMap", namespace: key.namespace, name: key.name, uid: object.metadata.uid), .normal,
                    reason: "Seen", action: "Reconcile", note: "seen")
                return .done
            }
            controller.reconciles(reflector)
            let health = HealthBoard()
            var parts = Manager.Parts()
            parts.preflight = { try await AccessCheck.require(RequiredAccess.all(["list", "watch"], .configMaps), client: client) }
            parts.caches = [reflector]
            parts.events = recorder
            parts.controllers = [controller]
            let manager = Manager(parts, health: health, handlesSignals: false) { _ in }
            let run = Task { await manager.run() }
            #expect(await eventually { health.isReady })
            try await client.create(.configMaps, namespace: namespace, body: RealCluster.configMap("a", word: "hello"))
            #expect(await eventually { (try? await client.list(.events, namespace: namespace, as: JSON.self))?.items.count == 1 })
            manager.requestStop()
            #expect(await run.value == .good)
        }
    }
}
