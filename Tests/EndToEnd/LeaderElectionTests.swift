import Glibc
import KubeClient
import KubeModel
import PlimsollAPI
import TestSupport
import Testing
import Values

/// Two replicas of the release binary and one Lease, on the real API server; the audit log is the judge.
@Suite(.enabled(if: TestEnvironment.binary != nil && TestEnvironment.kubeconfig != nil && AuditLog.isThere), .serialized)
struct LeaderElectionTests {
    /// SIGSTOP is as long as the lease twice over and more.
    @Test(arguments: Blow.allCases) func theOtherReplicaTakesOver(blow: Blow) async throws {
        try await World.with("lead-\(blow)") { world in
            let replicas = Replicas(world)
            let leader = try await replicas.start("a")
            try await replicas.waitUntilLeads(leader)
            let standby = try await replicas.start("b")
            let status = "leader_election_master_status{name=\"\(replicas.leaseKey.name)\"}"
            #expect(try await world.fetch("\(standby.metricsURL)/metrics").text.contains("\(status) 0"))
            let failover = try await Editor(world).during { try await replicas.failover(blow, of: leader, to: standby) }
            #expect(failover.writes > 0, "the leader wrote nothing: the test shows nothing")
            #expect(failover.late.isEmpty, "writes of the old leader after its successor's acquireTime: \(failover.late)")
            #expect(failover.transitions == 1)
            switch blow {
            case .kill: #expect(failover.exit == .signal(SIGKILL))
            case .term:
                #expect(failover.exit == .code(0))
                #expect(failover.took < .seconds(5))
                #expect(leader.process.output.contains("lease released"))
            case .stop:
                #expect(failover.exit == .code(3))
                #expect(!leader.process.output.contains("lease released"))
            }
            try await replicas.converge()
            #expect(try await world.fetch("\(standby.metricsURL)/metrics").text.contains("\(status) 1"))
            try await standby.stop()
        }
    }

    @Test func aStandbyWritesNothingAndGoesInPeace() async throws {
        try await World.with("standby") { world in
            let replicas = Replicas(world)
            let audit = try AuditLog()
            let leader = try await replicas.start("a")
            let before = try await replicas.waitUntilLeads(leader)
            let standby = try await replicas.start("b")
            #expect(try await world.fetch("\(standby.metricsURL)/healthz").status == 200)
            try await Editor(world).during { try await Task.sleep(for: .seconds(2)) }
            try await replicas.converge()
            #expect(try await standby.stop() == .code(0))
            let identity = try #require(standby.identity)
            let writes = try audit.writes(of: identity)
            #expect(writes.isEmpty, "\(writes)")
            #expect(try await replicas.view() == before)
            #expect(try await leader.stop() == .code(0))
            #expect(try await replicas.view()?.holder == "")
        }
    }

    @Test func whoseLeaseIsTakenEndsAtOnceWithThree() async throws {
        try await World.with("stolen") { world in
            let replicas = Replicas(world)
            let leader = try await replicas.start("a")
            try await replicas.waitUntilLeads(leader)
            try await world.client.patch(.leases, replicas.leaseKey, .merge(["spec": ["holderIdentity": "thief"]]))
            #expect(await leader.process.wait(timeout: .seconds(10)) == .code(3))
            #expect(leader.process.output.contains("thief"))
            #expect(try await replicas.view()?.holder == "thief", "what is another's is not released")
        }
    }

    /// A Lease of a dead or malicious holder, full of nonsense: waited for, within bounds, and then replaced; what others keep in it stays.
    @Test func aLeaseOfNonsenseHoldsNobodyUpForLong() async throws {
        try await World.with("nonsense") { world in
            let replicas = Replicas(world)
            try await world.client.create(
                .leases, namespace: world.namespace,
                body: [
                    "metadata": ["name": .string(replicas.leaseKey.name), "annotations": ["theirs": "kept"]],
                    "spec": [
                        "holderIdentity": "dead", "leaseDurationSeconds": 1, "renewTime": "2199-01-01T00:00:00.000000Z",
                        "leaseTransitions": 2_147_483_647,
                    ],
                ])
            let leader = try await replicas.start("a")
            let view = try await replicas.waitUntilLeads(leader)
            #expect(view.transitions == 2_147_483_647)
            let lease = try await world.client.get(.leases, replicas.leaseKey, as: JSON.self)
            #expect(lease["metadata"]?["annotations"]?["theirs"] == "kept")
            try await leader.stop()
        }
    }

    /// Rule files in one directory, written by whoever leads.
    @Test func aLeaderThatIsKilledAmidEditsLeavesNothingDoubled() async throws {
        try await World.with("lead-edits") { world in
            let replicas = Replicas(world, configMaps: false)
            var leader = try await replicas.start("0")
            try await replicas.waitUntilLeads(leader)
            for round in 1...2 {
                let standby = try await replicas.start("\(round)")
                let old = leader
                try await Editor(world, slos: 10).during {
                    try await Task.sleep(for: .milliseconds(700))
                    old.process.signal(SIGKILL)
                    try await replicas.waitUntilLeads(standby)
                    // One goes while the rules of others are being written.
                    try? await world.delete("edited-\(round)")
                    try await Task.sleep(for: .milliseconds(500))
                }
                leader = standby
            }
            let slos = try await world.client.listAll(SLO.resource, namespace: world.namespace, as: SLO.self).items
            for slo in slos { try await world.waitForGroups(slo.metadata.name) { $0 > 0 } }
            var loaded: Set<String> = []
            let isExact = try await eventually {
                loaded = try await world.loadedFiles()
                return loaded.count == slos.count
            }
            #expect(isExact, "\(slos.map(\.metadata.name).sorted()) and \(loaded.sorted())")
            for slo in slos { try await world.wait(slo.metadata.name, "Ready", .true) }
            try await leader.stop()
        }
    }

    /// Two instances split the objects by a label, each with a lease of its own; an object that changes sides takes its rules along.
    @Test func instancesSplitTheClusterByLabel() async throws {
        try await World.with("split") { world in
            func instance(_ team: String) -> Replicas {
                let selector = "objectSelector: {matchExpressions: [{key: team, operator: In, values: [\(team)]}]}"
                return Replicas(world, instance: "\(world.namespace)-\(team)", settings: selector)
            }
            let (red, blue) = (instance("red"), instance("blue"))
            let (first, second) = (try await red.start("a"), try await blue.start("a"))
            try await red.waitUntilLeads(first)
            try await blue.waitUntilLeads(second)
            for (name, team) in [("r", "red"), ("b", "blue"), ("n", "none")] {
                try await world.apply(name, world.spec())
                try await label(world, name, team)
            }
            func maps(_ replicas: Replicas) async throws -> [String] {
                try await world.client.listAll(
                    .configMaps, namespace: world.namespace, as: JSON.self, labelSelector: "plimsoll.dev/instance=\(replicas.instance)"
                ).items.compactMap { $0["metadata"]?["ownerReferences"]?[0]?["name"]?.stringValue }.sorted()
            }
            #expect(try await eventually { try await (maps(red), maps(blue)) == (["r"], ["b"]) })
            try await label(world, "r", "blue")
            #expect(try await eventually { try await (maps(red), maps(blue)) == ([], ["b", "r"]) })
            // It stays so.
            try await Task.sleep(for: .seconds(2))
            #expect(try await maps(red) == [])
            #expect(try await maps(blue) == ["b", "r"])
            try await first.stop()
            try await second.stop()
        }
    }

    private func label(_ world: World, _ name: String, _ team: String) async throws {
        try await world.client.patch(SLO.resource, world.key(name), .merge(["metadata": ["labels": ["team": .string(team)]]]))
    }
}
