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
        try await TCPRelay.with(try #require(TestEnvironment.kubeconfig)) { relay, throughIt in
            try await takeOver(blow, relay, throughIt)
        }
    }

    private func takeOver(_ blow: Blow, _ relay: TCPRelay, _ throughIt: String) async throws {
        try await World.with("lead-\(blow)") { world in
            let replicas = Replicas(world)
            let isCutOff = blow == .partition
            let leader = try await replicas.start("a", kubeconfig: isCutOff ? throughIt : nil)
            try await replicas.waitUntilLeads(leader)
            let standby = try await replicas.start("b")
            let status = "leader_election_master_status{name=\"\(replicas.leaseKey.name)\"}"
            #expect(try await world.fetch("\(standby.metricsURL)/metrics").text.contains("\(status) 0"))
            let failover = try await Editor(world).during {
                try await replicas.failover(blow, of: leader, to: standby, relay: isCutOff ? relay : nil)
            }
            #expect(failover.writes > 0, "the leader wrote nothing: the test shows nothing")
            #expect(failover.late.isEmpty, "writes of the old leader after its successor's acquireTime: \(failover.late)")
            #expect(failover.transitions == 1)
            switch blow {
            case .kill: #expect(failover.exit == .signal(SIGKILL))
            case .term:
                #expect(failover.exit == .code(0))
                #expect(failover.took < .seconds(5))
                #expect(leader.process.output.contains("lease released"))
            case .stop, .partition:
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

    /// A stopped process that goes on runs the guard's handler before its sending thread does anything else: nobody else may take the signal.
    @Test func onlyTheSendingThreadTakesTheSignalToContinue() async throws {
        try await World.with("continue") { world in
            let replicas = Replicas(world)
            let leader = try await replicas.start("a")
            try await replicas.waitUntilLeads(leader)
            try await Editor(world).during { try await Task.sleep(for: .seconds(1)) }
            var takers: [String] = []
            for thread in try threads(of: leader) {
                // Threads come and go.
                guard let text = try? readFile("/proc/\(leader.process.pid)/task/\(thread)/status") else { continue }
                let status = text.split(separator: "\n")
                func mask(_ name: String) -> UInt64 {
                    let line = status.first { $0.hasPrefix(name) } ?? ""
                    return UInt64(line.split(separator: "\t").last ?? "", radix: 16) ?? 0
                }
                let bit = UInt64(1) << UInt64(SIGCONT - 1)
                #expect(mask("SigCgt:") & bit != 0, "no handler")
                if mask("SigBlk:") & bit == 0 { takers.append(String(status.first?.split(separator: "\t").last ?? "")) }
            }
            #expect(takers == ["kube"])
            // A short stop harms nobody.
            leader.process.signal(SIGSTOP)
            try await Task.sleep(for: .milliseconds(300))
            leader.process.signal(SIGCONT)
            try await Task.sleep(for: .seconds(1))
            #expect(leader.process.isRunning)
            #expect(try await leader.stop() == .code(0))
        }
    }

    private func threads(of daemon: Daemon) throws -> [String] {
        guard let folder = opendir("/proc/\(daemon.process.pid)/task") else { throw Missing("the daemon's threads") }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
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

    @Test func settingsThatLetTwoLeadAreRefusedByName() async throws {
        let scratch = try ScratchDirectory()
        for (settings, words) in [
            ("{leaseDuration: 10s, renewDeadline: 12s}", ["leaderElection.leaseDuration", "longer than renewDeadline (12s)"]),
            ("{retryPeriod: 9s}", ["leaderElection.renewDeadline", "1.2 times retryPeriod (9s)"]),
            ("{leaseDuration: 15500ms}", ["leaderElection.leaseDuration", "whole seconds"]),
            ("{name: Not_A_Name}", ["leaderElection.name"]), ("{ttl: 1s}", ["leaderElection.ttl"]),
        ] {
            let config = scratch.file("config.yaml")
            try writeFile(config, "leaderElection: \(settings)\n")
            let daemon = try ChildProcess(
                try #require(TestEnvironment.binary), ["run", "--config", config], output: scratch.file("\(words.count)\(settings.count).log"))
            #expect(await daemon.wait(timeout: .seconds(20)) == .code(1))
            for word in words { #expect(daemon.output.contains(word), "\(daemon.output)") }
        }
    }

    /// Rights that an election needs are asked for, and only then.
    @Test func missingRightsAreNamed() async throws {
        let scratch = try ScratchDirectory()
        let admin = try readFile(try #require(TestEnvironment.kubeconfig))
        let kubeconfig = scratch.file("nobody.kubeconfig")
        // The admin, acting as somebody who has no rights at all.
        try writeFile(
            kubeconfig,
            admin.split(separator: "\n", omittingEmptySubsequences: false).map { $0 == "  user:" ? "  user:\n    as: nobody" : String($0) }
                .joined(separator: "\n"))
        let config = scratch.file("config.yaml")
        try writeFile(config, "serving: {address: \"127.0.0.1:0\"}\nleaderElection: {enabled: true, namespace: shop, name: x}\n")
        for (arguments, asks) in [([String](), true), (["--no-leader-elect"], false)] {
            let daemon = try ChildProcess(
                try #require(TestEnvironment.binary), ["run", "--config", config, "--kubeconfig", kubeconfig] + arguments,
                output: scratch.file("\(asks).log"))
            #expect(await daemon.wait(timeout: .seconds(30)) == .code(3))
            #expect(daemon.output.contains("list slos.plimsoll.dev"), "\(daemon.output)")
            for right in [
                "get leases.coordination.k8s.io \"x\" in namespace shop", "update leases.coordination.k8s.io \"x\" in namespace shop",
                "create leases.coordination.k8s.io in namespace shop",
            ] {
                // A line of log escapes quotes.
                #expect(daemon.output.replacing("\\\"", with: "\"").contains(right) == asks, "\(daemon.output)")
            }
        }
    }

    private func label(_ world: World, _ name: String, _ team: String) async throws {
        try await world.client.patch(SLO.resource, world.key(name), .merge(["metadata": ["labels": ["team": .string(team)]]]))
    }
}
