import TestSupport
import Testing

/// The daemon while the API server and etcd fail: on a cluster that nobody else uses meanwhile.
@Suite(.serialized, .enabled(if: TestEnvironment.binary != nil && RestartableCluster.isThere, "\(RestartableCluster.why)"))
struct DisturbingFaultTests {
    @Test func serversThatDieAndForgetAreOvercome() async throws {
        let cluster = try RestartableCluster()
        try await World.with("servers") { world in
            let daemon = try Daemon(world)
            let stage = try await FaultStage(world, daemon, objects: 5, seed: 4)
            for fault in [ClusterFault.apiServerKilled, .compacted] {
                _ = try await stage.run(fault.rawValue, within: .seconds(120)) { stage in
                    try await fault.strike(cluster, stage, for: .seconds(3))
                }
            }
            try await daemon.stop()
        }
    }
}
