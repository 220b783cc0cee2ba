import Glibc
import KubeClient
import KubeModel
import PlimsollAPI
import TestSupport
import Values

/// Many SLOs at once: time to the first sync, until all rules are written and all statuses have figures; memory and writes.
struct Scale {
    let count: Int

    func run() async throws {
        try await World.with("scale") { world in
            let lanes = 16
            try await withThrowingTaskGroup(of: Void.self) { group in
                for lane in 0..<lanes {
                    group.addTask {
                        for index in stride(from: lane, to: count, by: lanes) { try await world.apply("slo-\(index)", world.spec()) }
                    }
                }
                try await group.waitForAll()
            }
            say("SCALE created \(count)")
            let start = ContinuousClock.now
            let daemon = try Daemon(world, interval: "30s", poll: "30s")
            try await daemon.ready(world)
            let synced = ContinuousClock.now - start
            let written = try await time(since: start, "rules of all") {
                try await self.count(world) { $0.status.observedGeneration == $0.metadata.generation } == count
            }
            let ready = try await time(since: start, "figures of all") {
                try await self.count(world) { $0.status.conditions["Ready"]?.status == .true } == count
            }
            let writes = try await writes(world, daemon)
            let memory = try residentMiB(daemon)
            say(
                "SCALE slos=\(count) synced=\(synced) statuses=\(written) figures=\(ready) writes-per-slo=\(Double(writes) / Double(count)) resident-MiB=\(memory)"
            )
            try await daemon.stop()
        }
    }

    private func time(since start: ContinuousClock.Instant, _ what: String, _ condition: () async throws -> Bool) async throws -> Swift.Duration {
        guard try await eventually(within: .seconds(600), every: .seconds(1), condition) else { throw Missing("\(what) within 10 minutes") }
        return ContinuousClock.now - start
    }

    private func count(_ world: World, _ test: (SLO) -> Bool) async throws -> Int {
        try await world.client.listAll(SLO.resource, namespace: world.namespace, as: SLO.self).items.count(where: test)
    }

    /// Writes of the daemon, by its own count of requests.
    private func writes(_ world: World, _ daemon: Daemon) async throws -> Int {
        let metrics = try await world.fetch("\(daemon.metricsURL)/metrics").text
        return metrics.split(separator: "\n").filter { $0.hasPrefix("plimsoll_slo_status_writes_total") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.map { Int($0) }.reduce(0, +)
    }

    private func residentMiB(_ daemon: Daemon) throws -> Int {
        let status = try readFile("/proc/\(daemon.process.pid)/status")
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return (Int(line.split(separator: " ").dropFirst().first ?? "0") ?? 0) / 1024
    }
}
