import KubeModel
import KubeRuntime
import Testing
import Values

/// Never two lead at once, and in the end somebody does.
struct ElectionPropertyTests {
    @Test(arguments: 1...50) func neverTwoAtOnce(seed: Int) throws {
        var handovers = 0
        for (replicas, deletes) in [(2, false), (3, false), (4, true)] {
            for settings in [Self.settings(15, 10, 2), Self.settings(3, 2, 0.5)] {
                var simulation = ElectionSimulation(seed: UInt64(seed), replicas: replicas, deletes: deletes, settings: settings)
                do { try simulation.run() } catch {
                    Issue.record("seed \(seed), \(replicas) replicas, deletes \(deletes), lease \(settings.leaseDuration): \(error)")
                }
                #expect(simulation.faults > 10)
                handovers += simulation.handovers
            }
        }
        #expect(handovers > 6, "seed \(seed): nothing changed hands, so nothing was tried")
    }

    private static func settings(_ lease: Int, _ renew: Int, _ retry: Double) -> LeaseSettings {
        LeaseSettings(
            key: ObjectKey(namespace: "ns", name: "plimsoll-main"), identity: "", leaseDuration: .seconds(lease), renewDeadline: .seconds(renew),
            retryPeriod: .seconds(retry))
    }
}
