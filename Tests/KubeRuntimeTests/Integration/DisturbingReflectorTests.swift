import Glibc
import KubeClient
import KubeModel
import KubeRuntime
import Synchronization
import TestSupport
import Testing

/// What needs the API server itself to fail: on a cluster that nobody else uses meanwhile.
@Suite("DisturbingReflector", .serialized, .enabled(if: RestartableCluster.isThere, "\(RestartableCluster.why)"))
struct DisturbingReflectorTests {
    @Test func survivesARestartOfTheAPIServer() async throws {
        let cluster = try RestartableCluster()
        try await RealCluster.withNamespace { client, namespace in
            try await client.create(.configMaps, namespace: namespace, body: RealCluster.configMap("a"))
            let store = Store<WordMap>()
            let reflector = Reflector(source: KubeCollection(client, namespace: namespace, labelSelector: "app=test"), store: store)
            let deletes = Atomic(0)
            reflector.onChange { change, _ in if case .deleted = change { deletes.add(1, ordering: .relaxed) } }
            try await whileRunning([reflector.run]) {
                await reflector.waitUntilSynced()
                try cluster.signal("kube-apiserver", SIGKILL)
                #expect(await eventually { reflector.trouble != nil })
                #expect(store.count == 1)
                try await cluster.restore()
                #expect(await eventually(within: .seconds(60)) { reflector.trouble == nil })
                try await client.create(.configMaps, namespace: namespace, body: RealCluster.configMap("b"))
                #expect(await eventually { store.count == 2 })
                #expect(deletes.load(ordering: .relaxed) == 0)
            }
        }
    }
}
