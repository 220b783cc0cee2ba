import Glibc
import HTTPTransport
import KubeClient
import KubeModel
import KubeRuntime
import Synchronization
import TestSupport
import Testing
import Values

@Suite("IntegrationReflector", .enabled(if: RealCluster.isThere, RealCluster.why)) struct IntegrationReflectorTests {
    final class Told: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    /// A reflector of the namespace's ConfigMaps labelled `app=test`, with what it tells.
    private func reflector(
        _ source: any CollectionSource<WordMap>, pageSize: Int = 500
    ) -> (reflector: Reflector<WordMap>, store: Store<WordMap>, told: Told) {
        var settings = ReflectorMachine.Settings()
        settings.pageSize = pageSize
        let (store, told) = (Store<WordMap>(indexes: ["word": { [$0.word] }]), Told())
        let reflector = Reflector(source: source, store: store, settings: settings)
        reflector.onChange { change, origin in
            switch change {
            case .applied(let old, let new): told.add("\(old == nil ? "+" : "~")\(new.metadata.name) \(origin)")
            case .deleted(let last, let inferred): told.add("-\(last.metadata.name)\(inferred ? "?" : "") \(origin)")
            }
        }
        return (reflector, store, told)
    }

    private func collection(_ client: KubeClient, _ namespace: String) -> KubeCollection<WordMap> {
        KubeCollection(client, namespace: namespace, labelSelector: "app=test")
    }

    @Test func seesCreatesEditsAndDeletesOfWhatTheSelectorChooses() async throws {
        try await RealCluster.withNamespace { client, namespace in
            for index in 0..<12 {
                try await client.create(.configMaps, namespace: namespace, body: RealCluster.configMap("old\(index)", word: "w\(index % 3)"))
            }
            try await client.create(.configMaps, namespace: namespace, body: RealCluster.configMap("other", labels: ["app": "other"]))
            let (reflector, store, told) = reflector(collection(client, namespace), pageSize: 5)
            try await whileRunning([reflector.run]) {
                await reflector.waitUntilSynced()
                #expect(store.count == 12)
                #expect(told.all.allSatisfy { $0.hasSuffix("initialList") })
                #expect(store.keysByIndex("word", "w1").count == 4)

                let key = ObjectKey(namespace: namespace, name: "old0")
                let made = try await client.create(.configMaps, namespace: namespace, body: RealCluster.configMap("new", word: "fresh"))
                let version = made["metadata"]?["resourceVersion"]?.stringValue ?? ""
                await store.waitUntilReached(version)
                #expect(store.byIndex("word", "fresh").map(\.metadata.name) == ["new"])

                try await client.patch(.configMaps, key, .merge(["data": ["word": "edited"]]))
                #expect(await eventually { store.get(key)?.word == "edited" })
                try await client.delete(.configMaps, key)
                #expect(await eventually { store.get(key) == nil })
                // An object that leaves the selector is gone for us, and one that comes into it is new.
                try await client.patch(.configMaps, ObjectKey(namespace: namespace, name: "old1"), .merge(["metadata": ["labels": ["app": "none"]]]))
                try await client.patch(.configMaps, ObjectKey(namespace: namespace, name: "other"), .merge(["metadata": ["labels": ["app": "test"]]]))
                #expect(await eventually { store.get(ObjectKey(namespace: namespace, name: "other")) != nil })
                #expect(
                    told.all.filter { $0.hasSuffix("watch") } == ["+new watch", "~old0 watch", "-old0 watch", "-old1 watch", "+other watch"])
                #expect(reflector.counters.lists == 1)
            }
        }
    }

    /// Ends each watch after a second or two, as a server may.
    private struct Brief: CollectionSource {
        let real: KubeCollection<WordMap>
        func lacksKind() async throws(KubeError) -> Bool { try await real.lacksKind() }
        func page(limit: Int, continueToken: String?) async throws(KubeError) -> ListPage<WordMap> {
            try await real.page(limit: limit, continueToken: continueToken)
        }
        func watch(
            from resourceVersion: String?, timeoutSeconds: Int, onStart: @Sendable () -> Void, onEvent: @Sendable (WatchEvent<WordMap>) async -> Bool
        ) async throws(KubeError) {
            try await real.watch(from: resourceVersion, timeoutSeconds: 1, onStart: onStart, onEvent: onEvent)
        }
    }

    @Test func manyShortWatchesMissNothing() async throws {
        try await RealCluster.withNamespace { client, namespace in
            let (reflector, store, told) = reflector(Brief(real: collection(client, namespace)))
            try await whileRunning([reflector.run]) {
                await reflector.waitUntilSynced()
                for index in 0..<40 {
                    try await client.create(.configMaps, namespace: namespace, body: RealCluster.configMap("c\(index)"))
                    try await Task.sleep(for: .milliseconds(100))
                }
                #expect(await eventually { store.count == 40 })
                #expect(reflector.counters.watches >= 3)
                #expect(reflector.counters.lists == 1)
                #expect(told.all.count == 40)
            }
        }
    }
}
