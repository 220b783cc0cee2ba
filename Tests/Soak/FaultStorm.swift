import Glibc
import Synchronization
import TestSupport

/// Every fault in turn against a daemon at work, again and again: after each the world must be as the objects ask. What fails is told, and the rest
/// goes on; in the end it counts.
final class FaultStorm: Sendable {
    /// How a stage's daemon reaches the API server.
    private struct Path {
        var kubeconfig: String
        var configMaps = false
    }

    private let repeats: Int
    private let failures = Mutex<[String]>([])

    init(repeats: Int) { self.repeats = max(1, repeats) }

    func run() async throws {
        guard let kubeconfig = TestEnvironment.kubeconfig else { throw Missing("the real cluster: run by Deploy/soak.sh") }
        let cluster = try RestartableCluster()
        for round in 1...repeats {
            try await proxied(round, kubeconfig)
            try await relayed(round, kubeconfig, cluster)
            await direct(round, kubeconfig, cluster)
            await attempt(round, "leaders") { try await Leader(runs: 2 * Blow.allCases.count, spans: .short, pause: .seconds(8)).run() }
        }
        let failed = failures.withLock(\.self)
        if !failed.isEmpty { throw Missing("rest after \(failed.count) faults: \(failed.joined(separator: ", "))") }
    }

    // MARK: Stages

    /// Rules are children here, so that one that is made twice shows.
    private func proxied(_ round: Int, _ kubeconfig: String) async throws {
        try await FaultProxy.with(kubeconfig, seed: UInt64(round)) { proxy in
            await self.stage("proxy", round, Path(kubeconfig: proxy.kubeconfig, configMaps: true)) { stage in
                for fault in ProxyFault.all {
                    await self.row(round, fault.name, stage) { _ in
                        let hits = try await fault.strike(proxy, for: .seconds(fault.seconds))
                        return "hits=\(hits.map(String.init).joined(separator: "+"))"
                    }
                }
                await self.row(round, "stalled-watch", stage) { _ in "hits=\(try await ProxyFault.stall(proxy))" }
            }
        }
    }

    private func relayed(_ round: Int, _ kubeconfig: String, _ cluster: RestartableCluster) async throws {
        try await TCPRelay.with(kubeconfig) { relay, throughIt in
            await self.stage("relay", round, Path(kubeconfig: throughIt)) { stage in
                for fault in NetworkFault.allCases {
                    await self.row(round, fault.rawValue, stage) { _ in
                        try await fault.strike(relay, for: .seconds(fault.seconds))
                        return "seconds=\(fault.seconds)"
                    }
                }
                await self.row(round, ClusterFault.goaway.rawValue, stage) { stage in
                    let before = relay.connectionsOpened
                    try await ClusterFault.goaway.strike(cluster, stage, relay: relay, for: .seconds(30))
                    return "connections=\(relay.connectionsOpened - before)"
                }
            }
        }
    }

    private func direct(_ round: Int, _ kubeconfig: String, _ cluster: RestartableCluster) async {
        await stage("servers", round, Path(kubeconfig: kubeconfig)) { stage in
            for fault in ClusterFault.allCases where fault != .goaway {
                await self.row(round, fault.rawValue, stage) { stage in
                    try await fault.strike(cluster, stage, for: .seconds(15))
                    return "seconds=15"
                }
            }
            await self.row(round, "daemon-stopped", stage) { stage in
                stage.daemon.process.signal(SIGSTOP)
                defer { stage.daemon.process.signal(SIGCONT) }
                try await Task.sleep(for: .seconds(60))
                return "seconds=60"
            }
        }
        for configMaps in [false, true] {
            await stage("two", round, Path(kubeconfig: kubeconfig, configMaps: configMaps)) { stage in
                await self.row(round, configMaps ? "two-daemons-children" : "two-daemons-files", stage) { stage in
                    let second = try Daemon(stage.world, output: "second.log", configMaps: configMaps)
                    try await second.ready(stage.world)
                    try await Task.sleep(for: .seconds(30))
                    try await second.stop()
                    return "seconds=30"
                }
            }
        }
    }

    // MARK: Parts

    private func stage(_ name: String, _ round: Int, _ path: Path, _ body: (FaultStage) async throws -> Void) async {
        await attempt(round, "stage \(name)") {
            try await World.with(name) { world in
                let daemon = try Daemon(world, kubeconfig: path.kubeconfig, configMaps: path.configMaps)
                let stage = try await FaultStage(world, daemon, seed: UInt64(round))
                try await body(stage)
                try await daemon.stop()
            }
        }
    }

    private func row(_ round: Int, _ name: String, _ stage: FaultStage, _ disturb: @Sendable @escaping (FaultStage) async throws -> String) async {
        await attempt(round, name) {
            let note = Note()
            let outcome = try await stage.run(name, within: .seconds(180)) { stage in await note.set(try await disturb(stage)) }
            let lists = try await stage.metric("plimsoll_reflector_lists")
            say(
                "FAULT round=\(round) \(name) \(await note.text) edits=\(outcome.edits) settled=\(outcome.settled) resettled=\(outcome.resettled)"
                    + " lists=\(Int(lists)) resident=\(outcome.resident)MiB ok")
        }
    }

    private func attempt(_ round: Int, _ name: String, _ body: () async throws -> Void) async {
        do { try await body() } catch {
            failures.withLock { $0.append("\(name) of round \(round)") }
            say("FAULT round=\(round) \(name) FAILED")
            say("failed: \(error)")
        }
    }

    private actor Note {
        private(set) var text = ""
        func set(_ text: String) { self.text = text }
    }
}
