import Glibc
import TestSupport

/// Every fault in turn against a daemon at work, again and again: after each the world must be as the objects ask.
struct FaultStorm {
    let repeats: Int

    func run() async throws {
        guard let kubeconfig = TestEnvironment.kubeconfig else { throw Missing("the real cluster: run by Deploy/soak.sh") }
        let cluster = try RestartableCluster()
        for round in 1...max(1, repeats) {
            try await FaultProxy.with(kubeconfig, seed: UInt64(round)) { proxy in
                try await self.stage("proxy", round, kubeconfig: proxy.kubeconfig) { stage in
                    for fault in ProxyFault.all {
                        try await self.row(round, fault.name, stage) { _ in "hits=\(try await fault.strike(proxy, for: .seconds(fault.seconds)))" }
                    }
                    try await self.row(round, "stalled-watch", stage) { _ in "hits=\(try await ProxyFault.stall(proxy))" }
                }
            }
            try await TCPRelay.with(kubeconfig) { relay, throughIt in
                try await self.stage("relay", round, kubeconfig: throughIt) { stage in
                    for fault in NetworkFault.allCases {
                        try await self.row(round, fault.rawValue, stage) { _ in
                            try await fault.strike(relay, for: .seconds(fault.seconds))
                            return "seconds=\(fault.seconds)"
                        }
                    }
                }
            }
            try await stage("servers", round, kubeconfig: kubeconfig) { stage in
                for fault in ClusterFault.allCases {
                    try await self.row(round, fault.rawValue, stage) { _ in
                        try await fault.strike(cluster, for: .seconds(fault == .goaway ? 30 : 15))
                        return "seconds=\(fault == .goaway ? 30 : 15)"
                    }
                }
                try await self.row(round, "two-daemons", stage) { stage in
                    let second = try Daemon(stage.world, output: "second.log")
                    try await second.ready(stage.world)
                    try await Task.sleep(for: .seconds(30))
                    try await second.stop()
                    return "seconds=30"
                }
                try await self.row(round, "daemon-stopped", stage) { stage in
                    stage.daemon.process.signal(SIGSTOP)
                    defer { stage.daemon.process.signal(SIGCONT) }
                    try await Task.sleep(for: .seconds(60))
                    return "seconds=60"
                }
            }
        }
    }

    private func stage(_ name: String, _ round: Int, kubeconfig: String, _ body: (FaultStage) async throws -> Void) async throws {
        try await World.with(name) { world in
            let daemon = try Daemon(world, kubeconfig: kubeconfig)
            let stage = try await FaultStage(world, daemon, seed: UInt64(round))
            try await body(stage)
            try await daemon.stop()
        }
    }

    private func row(_ round: Int, _ name: String, _ stage: FaultStage, _ disturb: @Sendable @escaping (FaultStage) async throws -> String)
        async throws
    {
        let note = Note()
        let outcome = try await stage.run(name, within: .seconds(180)) { stage in await note.set(try await disturb(stage)) }
        let lists = try await stage.metric("plimsoll_reflector_lists")
        say(
            "FAULT round=\(round) \(name) \(await note.text) edits=\(outcome.edits) settled=\(outcome.settled) lists=\(Int(lists))"
                + " resident=\(outcome.resident)MiB ok")
    }

    private actor Note {
        private(set) var text = ""
        func set(_ text: String) { self.text = text }
    }
}
