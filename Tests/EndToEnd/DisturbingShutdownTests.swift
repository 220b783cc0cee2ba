import Glibc
import TestSupport
import Testing

/// The daemon beside an API server that hangs: on a cluster that nobody else uses meanwhile.
@Suite(.serialized, .enabled(if: TestEnvironment.binary != nil && RestartableCluster.isThere, "\(RestartableCluster.why)"))
struct DisturbingShutdownTests {
    @Test func anAPIServerThatHangsDoesNotHoldTheEndUp() async throws {
        let cluster = try RestartableCluster()
        try await World.with("hang") { world in
            let daemon = try Daemon(world)
            try await daemon.ready(world)
            // More than the workers get done at once. A stopped server's kernel goes on acknowledging: requests hang, no connection breaks.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<120 { group.addTask { try await world.apply("slo-\(index)", world.spec()) } }
                try await group.waitForAll()
            }
            try await cluster.whileStopped("kube-apiserver") {
                try await Task.sleep(for: .seconds(2))
                #expect(try await busyWorkers(world, daemon) > 0, "no reconcile is stuck: the test shows nothing")
                #expect(try await daemon.stop(within: .seconds(35)) == .code(0))
            }
        }
    }

    private func busyWorkers(_ world: World, _ daemon: Daemon) async throws -> Double {
        try await world.fetch("\(daemon.metricsURL)/metrics").text.split(separator: "\n")
            .filter { $0.hasPrefix("controller_runtime_active_workers") }.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
            .reduce(0, +)
    }
}
