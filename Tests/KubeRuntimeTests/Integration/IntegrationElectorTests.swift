import HTTPTransport
import KubeClient
import KubeModel
import KubeRuntime
import TestSupport
import Testing
import Values

/// Elections over a real Lease, each replica with its own connections.
@Suite(.enabled(if: RealCluster.isThere, RealCluster.why)) struct IntegrationElectorTests {
    private struct Replica {
        let elector: Elector
        let fence: LeaseFence
        let client: KubeClient
        let losses = ElectorTests.Losses()

        init(_ identity: String, _ namespace: String) throws {
            let settings = LeaseSettings(
                key: ObjectKey(namespace: namespace, name: "plimsoll-main"), identity: identity, leaseDuration: .seconds(3),
                renewDeadline: .seconds(2), retryPeriod: .milliseconds(500), labels: ["plimsoll.dev/instance": "main"])
            client = try KubeClient(configuration: try KubeConfiguration.load(explicitPath: TestEnvironment.kubeconfig, context: nil))
            fence = LeaseFence(settings)
            elector = Elector(
                settings, store: KubeLeaseStore(client, settings), fence: fence, wallClock: RealCluster.wallClock, lost: losses.add)
        }

        func start() -> Task<Void, any Error> { Task { [elector] in try await elector.run() } }
    }

    @Test func theLeaseGoesFromHandToHand() async throws {
        try await RealCluster.withNamespace { client, namespace in
            let key = ObjectKey(namespace: namespace, name: "plimsoll-main")
            let (first, second) = (try Replica("first", namespace), try Replica("second", namespace))
            let firstRun = first.start()
            await first.elector.waitUntilLeading()
            var lease = try await client.get(.leases, key, as: JSON.self)
            #expect(lease["spec"]?["holderIdentity"] == "first")
            #expect(lease["spec"]?["leaseDurationSeconds"] == 3)
            #expect(lease["metadata"]?["labels"]?["plimsoll.dev/instance"] == "main")
            let acquired = lease["spec"]?["acquireTime"]
            let secondRun = second.start()
            #expect(await eventually { second.fence.holder == "first" })
            // Somebody touches it in between, which costs the leader one more look.
            try await client.patch(.leases, key, .merge(["metadata": ["annotations": ["theirs": "kept"]]]))
            try await Task.sleep(for: .seconds(4))
            #expect(first.fence.isOpen && !second.fence.isOpen)
            lease = try await client.get(.leases, key, as: JSON.self)
            #expect(lease["spec"]?["acquireTime"] == acquired)
            #expect(lease["spec"]?["renewTime"] != acquired)
            #expect(lease["spec"]?["leaseTransitions"] == 0)
            #expect(await first.elector.release())
            try await firstRun.value
            await second.elector.waitUntilLeading()
            lease = try await client.get(.leases, key, as: JSON.self)
            #expect(lease["spec"]?["holderIdentity"] == "second")
            #expect(lease["spec"]?["leaseTransitions"] == 1)
            #expect(lease["metadata"]?["annotations"]?["theirs"] == "kept")
            // A connection for many requests (one that answers too late is given up for another), and nobody else's.
            let counters = second.client.counters(.lease)
            #expect(counters.connectionsOpened * 3 <= counters.requests, "\(counters)")
            #expect(second.client.counters(.unary).requests == 0)
            // Deleted under its leader: written anew, and led on.
            try await client.delete(.leases, key)
            #expect(await eventually { (try? await client.get(.leases, key, as: JSON.self))?["spec"]?["holderIdentity"] == "second" })
            #expect(second.fence.isOpen)
            await second.elector.release()
            try await secondRun.value
            #expect(first.losses.all.isEmpty && second.losses.all.isEmpty)
            await first.client.shutdown()
            await second.client.shutdown()
        }
    }

    @Test func writesOfWhoHasLetGoAreRefusedBeforeTheyAreSent() async throws {
        try await RealCluster.withNamespace { _, namespace in
            let replica = try Replica("only", namespace)
            let run = replica.start()
            await replica.elector.waitUntilLeading()
            let writer = replica.client.fenced(by: replica.fence.writes)
            // The deadline for the server is one it takes.
            try await writer.create(.configMaps, namespace: namespace, body: RealCluster.configMap("a"))
            try await writer.patch(.configMaps, ObjectKey(namespace: namespace, name: "a"), .merge(["data": ["word": "b"]]))
            let sent = replica.client.counters(.unary).requests
            await replica.elector.release()
            try await run.value
            await #expect(throws: KubeError.self) {
                try await writer.create(.configMaps, namespace: namespace, body: RealCluster.configMap("b"))
            }
            #expect(replica.client.counters(.unary).requests == sent)
            await replica.client.shutdown()
        }
    }

    @Test func aNamespaceThatIsNotThereIsNamed() async throws {
        try await RealCluster.withNamespace { client, _ in
            let settings = LeaseSettings(key: ObjectKey(namespace: "no-such-namespace", name: "plimsoll-main"), identity: "me")
            let store = KubeLeaseStore(client, settings)
            #expect(await store.read(timeout: .seconds(5)) == .absent)
            let answer = await store.create(["metadata": ["name": "plimsoll-main"]], timeout: .seconds(5))
            #expect(answer == .failed("the namespace no-such-namespace does not exist"))
        }
    }
}
