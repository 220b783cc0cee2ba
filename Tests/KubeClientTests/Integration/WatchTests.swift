import HTTPTransport
import KubeClient
import KubeModel
import TestSupport
import Testing
import Values

@Suite("IntegrationKubeClientWatch", .enabled(if: Cluster.isThere, "needs the real API server (PLIMSOLL_TEST_KUBECONFIG)"))
struct IntegrationWatchTests {
    static func name(_ event: WatchEvent<ConfigMap>) -> String {
        switch event {
        case .added(let map): "added \(map.metadata.name) \(map.data["a"] ?? "")"
        case .modified(let map): "modified \(map.metadata.name) \(map.data["a"] ?? "")"
        case .deleted(let map): "deleted \(map.metadata.name)"
        case .bookmark(_, let end): "bookmark \(end)"
        case .error(let status): "error \(status.code)"
        case .undecodable(let message): "undecodable \(message)"
        }
    }

    @Test func listsInPages() async throws {
        try await Cluster.withNamespace { client, namespace in
            for index in 0..<7 {
                try await client.create(
                    .configMaps, namespace: namespace, body: Cluster.configMap("m\(index)", labels: ["t": .string(index < 5 ? "x" : "y")]))
            }
            let first = try await client.list(.configMaps, namespace: namespace, as: ConfigMap.self, labelSelector: "t=x", limit: 3)
            #expect(first.items.map(\.metadata.name) == ["m0", "m1", "m2"])
            let token = try #require(first.continueToken)
            try await client.create(.configMaps, namespace: namespace, body: Cluster.configMap("m9", labels: ["t": "x"]))
            let second = try await client.list(
                .configMaps, namespace: namespace, as: ConfigMap.self, labelSelector: "t=x", limit: 3, continueToken: token)
            #expect(second.items.map(\.metadata.name) == ["m3", "m4"])  // the list as it was when it began
            #expect(second.continueToken == nil)
            #expect(second.resourceVersion == first.resourceVersion)

            let whole = try await client.listAll(.configMaps, namespace: namespace, as: ConfigMap.self, labelSelector: "t in (x,y)", pageSize: 2)
            #expect(whole.items.count == 8)
            let exact = try await client.list(
                .configMaps, namespace: namespace, as: ConfigMap.self, labelSelector: "t=x", resourceVersion: first.resourceVersion, match: .exact)
            #expect(exact.items.count == 5)
            let field = try await client.list(.configMaps, namespace: namespace, as: JSON.self, fieldSelector: "metadata.name=m3")
            #expect(field.items.map { $0["kind"] } == ["ConfigMap"])
            #expect(field.items.map { $0["apiVersion"] } == ["v1"])
            let bad = await Cluster.error {
                _ = try await client.list(.configMaps, namespace: namespace, as: JSON.self, limit: 1, continueToken: "nonsense")
            }
            #expect(bad?.status?.code == 400)
        }
    }

    @Test func seesEverythingAndEndsWithABookmark() async throws {
        try await Cluster.withNamespace { client, namespace in
            let start = try await client.list(.configMaps, namespace: namespace, as: ConfigMap.self, labelSelector: "w=1")
            let stream = try await client.watch(
                .configMaps, namespace: namespace, as: ConfigMap.self, labelSelector: "w=1", resourceVersion: start.resourceVersion, timeoutSeconds: 6
            )
            let key = ObjectKey(namespace: namespace, name: "seen")
            try await client.create(.configMaps, namespace: namespace, body: Cluster.configMap("seen", labels: ["w": "1"]))
            try await client.create(.configMaps, namespace: namespace, body: Cluster.configMap("unseen", labels: ["w": "2"]))
            try await client.patch(.configMaps, key, .merge(["data": ["a": "2", "big": .string(String(repeating: "x", count: 300_000))]]))
            try await client.delete(.configMaps, key)
            var names: [String] = []
            var versions: [String] = []
            for try await event in stream {
                names.append(Self.name(event))
                if case .bookmark(let version, _) = event { versions.append(version) }
            }
            // The server may send one of its regular bookmarks before the last.
            #expect(names.filter { $0 != "bookmark false" } == ["added seen 1", "modified seen 2", "deleted seen"])
            #expect(names.last == "bookmark false")
            #expect(ResourceVersion.order(start.resourceVersion, versions.first ?? "") == .older)
        }
    }

    @Test func anOldVersionIsExpired() async throws {
        try await Cluster.withNamespace { client, namespace in
            // A kind's watch cache begins with the kind.
            let kind = try await Cluster.makeKind(client)
            var expired = false
            do {
                let stream = try await client.watch(kind, namespace: namespace, as: JSON.self, resourceVersion: "1", timeoutSeconds: 5)
                for try await event in stream {
                    if case .error(let status) = event { expired = status.isExpired }
                }
            } catch let error as KubeError { expired = error.isExpired }
            #expect(expired)
            try await Cluster.removeKind(client, kind)
        }
    }

    @Test func refusalsAreThrownBeforeTheStream() async throws {
        try await Cluster.withNamespace { client, namespace in
            let nobody = client.impersonating(user: "nobody")
            let forbidden = await Cluster.error {
                _ = try await nobody.watch(.configMaps, namespace: namespace, as: ConfigMap.self, timeoutSeconds: 5)
            }
            #expect(forbidden?.isForbidden == true)
            let unknown = ResourceKind(group: "nowhere.example", version: "v1", kind: "X", plural: "xs")
            let missing = await Cluster.error { _ = try await client.watch(unknown, as: JSON.self, timeoutSeconds: 5) }
            #expect(missing?.isNotFound == true)
            // Servers before 1.27 don't know this.
            if try await !client.serverVersion().isAtLeast(1, 27) {
                let old = await Cluster.error {
                    _ = try await client.watch(.configMaps, namespace: namespace, as: ConfigMap.self, timeoutSeconds: 5, sendInitialEvents: true)
                }
                #expect(old?.status != nil)
            }
        }
    }

    @Test func cancellingEndsIt() async throws {
        try await Cluster.withNamespace { client, namespace in
            let stream = try await client.watch(.configMaps, namespace: namespace, as: ConfigMap.self, timeoutSeconds: 300)
            let task = Task {
                var count = 0
                for try await _ in stream { count += 1 }
                return count
            }
            try await Task.sleep(for: .milliseconds(200))
            task.cancel()
            let error = await Cluster.error { _ = try await task.value }
            #expect(error == nil || error?.isCancelled == true)
            #expect(await eventually { client.counters(.watch).inFlight == 0 })
        }
    }

    @Test func droppingEndsIt() async throws {
        try await Cluster.withNamespace { client, namespace in
            try await client.create(.configMaps, namespace: namespace, body: Cluster.configMap("one"))
            do {
                let stream = try await client.watch(.configMaps, namespace: namespace, as: ConfigMap.self, timeoutSeconds: 300)
                for try await _ in stream { break }
            }
            #expect(await eventually { client.counters(.watch).inFlight == 0 })
        }
    }

    @Test func silenceBeyondTheIdleDeadlineBreaksIt() async throws {
        try await Cluster.withNamespace { client, namespace in
            let stream = try await client.watch(
                .configMaps, namespace: namespace, as: ConfigMap.self, labelSelector: "no=thing", timeoutSeconds: 60, idleDeadline: .seconds(2))
            let error = await Cluster.error { for try await _ in stream {} }
            guard case .transport(let cause) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(cause.kind == .timeout(.idle))
        }
    }

    @Test func manyWatchesShareOneConnection() async throws {
        try await Cluster.withNamespace { client, namespace in
            var streams: [WatchStream<ConfigMap>] = []
            for _ in 0..<30 {
                streams.append(try await client.watch(.configMaps, namespace: namespace, as: ConfigMap.self, resourceVersion: "0", timeoutSeconds: 4))
            }
            #expect(client.counters(.watch).connectionsOpen == 1)
            try await client.create(.configMaps, namespace: namespace, body: Cluster.configMap("all"))
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for stream in streams {
                    group.addTask {
                        for try await event in stream {
                            if case .added(let map) = event, map.metadata.name == "all" { return true }
                        }
                        return false
                    }
                }
                for try await seen in group { #expect(seen) }
            }
        }
    }
}
