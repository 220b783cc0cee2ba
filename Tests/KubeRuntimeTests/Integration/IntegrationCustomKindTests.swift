import KubeClient
import KubeModel
import KubeRuntime
import Synchronization
import TestSupport
import Testing
import Values

/// A reflector of kinds that come and go.
@Suite("IntegrationCustomKind", .enabled(if: RealCluster.isThere, RealCluster.why)) struct IntegrationCustomKindTests {
    struct Widget: KubeObject {
        static let resource = ResourceKind(group: "runtime.test.plimsoll.dev", version: "v1", kind: "Widget", plural: "widgets")
        var metadata = ObjectMeta()
        init(reading reader: inout JSONReader) throws { metadata = try readMetadata(&reader) }
    }
    struct Gadget: KubeObject {
        static let resource = ResourceKind(group: "runtime.test.plimsoll.dev", version: "v1", kind: "Gadget", plural: "gadgets")
        var metadata = ObjectMeta()
        init(reading reader: inout JSONReader) throws { metadata = try readMetadata(&reader) }
    }

    private static func readMetadata(_ reader: inout JSONReader) throws -> ObjectMeta {
        var metadata = ObjectMeta()
        try reader.readObject { key, reader in if key == "metadata" { metadata = try ObjectMeta(reading: &reader) } }
        return metadata
    }

    private func definition(_ kind: ResourceKind) -> JSON {
        [
            "metadata": ["name": .string(kind.description)],
            "spec": [
                "group": .string(kind.group), "scope": "Namespaced",
                "names": [
                    "plural": .string(kind.plural), "singular": .string(kind.kind.lowercased()), "kind": .string(kind.kind),
                    "listKind": .string("\(kind.kind)List"),
                ],
                "versions": [
                    [
                        "name": "v1", "served": true, "storage": true,
                        "schema": ["openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
                    ]
                ],
            ],
        ]
    }

    /// Creates an object as soon as the server serves its kind.
    private func create(_ client: KubeClient, _ kind: ResourceKind, _ namespace: String, _ name: String) async -> Bool {
        let body: JSON = ["apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind), "metadata": ["name": .string(name)]]
        return await eventually { (try? await client.create(kind, namespace: namespace, body: body)) != nil }
    }

    @Test func aKindThatComesAndGoes() async throws {
        try await RealCluster.withNamespace { client, namespace in
            let kind = Widget.resource
            _ = try? await client.delete(.customResourceDefinitions, ObjectKey(name: kind.description))
            var settings = ReflectorMachine.Settings()
            settings.absenceConfirmation = .seconds(1)
            settings.slowRetry = .seconds(1)
            let store = Store<Widget>()
            let told = Mutex<[String]>([])
            let reflector = Reflector(source: KubeCollection<Widget>(client, namespace: namespace), store: store, settings: settings)
            reflector.onChange { change, _ in
                let line = if case .deleted = change { "-" } else { "+" }
                told.withLock { $0.append(line) }
            }
            try await whileRunning([reflector.run]) {
                #expect(await eventually { reflector.isAbsent })
                #expect(!reflector.hasSynced)
                #expect(reflector.trouble?.contains("no such kind") ?? false)
                for _ in 0..<2 {
                    try await client.create(.customResourceDefinitions, body: definition(kind))
                    #expect(await eventually { reflector.hasSynced && !reflector.isAbsent })
                    #expect(await create(client, kind, namespace, "a"))
                    #expect(await eventually { store.count == 1 })
                    try await client.delete(.customResourceDefinitions, ObjectKey(name: kind.description))
                    #expect(await eventually(within: .seconds(60)) { reflector.isAbsent && store.count == 0 })
                }
                #expect(told.withLock { $0 } == ["+", "-", "+", "-"])
            }
        }
    }

    /// Asks for the first watch at a version from before the kind was there: the API server answers 410 inside the stream.
    private struct TooOld: CollectionSource {
        let real: KubeCollection<Gadget>
        let isFirst = Latch()
        let statuses = Statuses()
        final class Statuses: Sendable {
            private let seen = Mutex<[Int]>([])
            var all: [Int] { seen.withLock { $0 } }
            func add(_ code: Int) { seen.withLock { $0.append(code) } }
        }
        func lacksKind() async throws(KubeError) -> Bool { try await real.lacksKind() }
        func page(limit: Int, continueToken: String?) async throws(KubeError) -> ListPage<Gadget> {
            try await real.page(limit: limit, continueToken: continueToken)
        }
        func watch(
            from resourceVersion: String?, timeoutSeconds: Int, onStart: @Sendable () -> Void, onEvent: @Sendable (WatchEvent<Gadget>) async -> Bool
        ) async throws(KubeError) {
            let version = resourceVersion == nil || isFirst.isOpen ? resourceVersion : "1"
            if resourceVersion != nil { isFirst.open() }
            try await real.watch(from: version, timeoutSeconds: timeoutSeconds, onStart: onStart) { event in
                if case .error(let status) = event { statuses.add(status.code) }
                return await onEvent(event)
            }
        }
    }

    @Test func aVersionTooOldIsHealedByAList() async throws {
        try await RealCluster.withNamespace { client, namespace in
            let kind = Gadget.resource
            _ = try? await client.create(.customResourceDefinitions, body: definition(kind))
            #expect(await create(client, kind, namespace, "a"))
            let source = TooOld(real: KubeCollection(client, namespace: namespace))
            let reflector = Reflector(source: source, store: Store<Gadget>())
            try await whileRunning([reflector.run]) {
                #expect(await eventually { reflector.counters.lists == 2 && reflector.trouble == nil })
                #expect(source.statuses.all == [410])
                #expect(await create(client, kind, namespace, "b"))
                #expect(await eventually { reflector.store.count == 2 })
            }
            try await client.delete(.customResourceDefinitions, ObjectKey(name: kind.description))
        }
    }
}
