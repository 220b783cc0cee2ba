import KubeClient
import TestSupport
import Testing

/// The daemon behind a proxy that spoils what the real API server says, and behind a relay that spoils the network, while people edit.
@Suite(.serialized, .enabled(if: TestEnvironment.binary != nil && TestEnvironment.kubeconfig != nil, "needs the release binary and the cluster"))
struct FaultTests {
    /// Rules are children here, so that one that is made twice shows.
    @Test func whatAProxySpoilsHealsAndNothingIsLostOrDoubled() async throws {
        guard let kubeconfig = TestEnvironment.kubeconfig else { return }
        try await FaultProxy.with(kubeconfig) { proxy in
            try await World.with("proxy") { world in
                let daemon = try Daemon(world, kubeconfig: proxy.kubeconfig, configMaps: true)
                let stage = try await FaultStage(world, daemon, objects: 5, seed: 1)
                for fault in ProxyFault.quick {
                    let outcome = try await stage.run(fault.name) { _ in _ = try await fault.strike(proxy, for: .seconds(3)) }
                    // Every rule has struck, so an object of 8 MiB has come by.
                    #expect(outcome.resident < 256, "\(fault) leaves \(outcome.resident) MiB")
                }
                try await daemon.stop()
            }
        }
    }

    @Test func whatANetworkSpoilsHeals() async throws {
        guard let kubeconfig = TestEnvironment.kubeconfig else { return }
        try await TCPRelay.with(kubeconfig) { relay, throughIt in
            try await World.with("relay") { world in
                let daemon = try Daemon(world, kubeconfig: throughIt)
                let stage = try await FaultStage(world, daemon, objects: 5, seed: 2)
                for fault in [NetworkFault.reset, .latency, .blackHole] {
                    _ = try await stage.run(fault.rawValue) { _ in try await fault.strike(relay, for: .seconds(4)) }
                }
                try await daemon.stop()
            }
        }
    }

    @Test(arguments: [false, true]) func twoDaemonsAtOnceDoNothingTwice(configMaps: Bool) async throws {
        try await World.with("two") { world in
            let first = try Daemon(world, configMaps: configMaps)
            let stage = try await FaultStage(world, first, objects: 5, seed: 3)
            _ = try await stage.run("a second daemon") { _ in
                let second = try Daemon(world, output: "second.log", configMaps: configMaps)
                try await second.ready(world)
                try await Task.sleep(for: .seconds(4))
                try await second.stop()
            }
            try await first.stop()
        }
    }
}
