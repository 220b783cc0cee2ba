import Glibc
import Rollouts

/// What is simulated. Targets are those of the goal: at most 1 % of healthy releases called bad, whatever their traffic; and for bad ones what the
/// statistics promise for 10 % of traffic and two minutes.
extension RolloutRuns {
    static let twentyMinutes = 1200.0

    private static func service(_ change: (inout SimulatedService) -> Void) -> SimulatedService {
        var service = SimulatedService()
        change(&service)
        return service
    }

    private static func healthy(_ name: String, target: Double? = 1, negligible: Double? = nil, _ change: (inout SimulatedService) -> Void) -> Row {
        Row(name: name, service: service(change), seconds: twentyMinutes, isBad: false, target: target, negligible: negligible)
    }

    static let healthy: [Row] = [
        healthy("healthy_1rps") { $0.requestsPerSecond = 1 },
        healthy("healthy_5rps") { $0.requestsPerSecond = 5 },
        healthy("healthy_20rps") { _ in },
        healthy("healthy_clumps_of_5") { $0.clumps = .fixed(5) },
        healthy("healthy_clumps_of_5_at_5rps") { ($0.requestsPerSecond, $0.clumps) = (5, .fixed(5)) },
        healthy("healthy_clumps_of_5_at_100rps_1") {
            ($0.requestsPerSecond, $0.clumps, $0.share, $0.baseRate, $0.canaryRate) = (100, .fixed(5), { _ in 0.5 }, 0.01, 0.01)
        },
        healthy("healthy_clumps_geometric_5") { $0.clumps = .geometric(mean: 5) },
        // A day in twenty minutes: traffic by a factor of 3, the base rate by one of 3 against it.
        healthy("healthy_diurnal") { $0.swing = { (1.5 + 0.75 * sin($0 / 190), 2 - cos($0 / 190)) } },
        healthy("healthy_weights_10_50_90") {
            ($0.canaryPods, $0.stablePods) = (5, 5)
            $0.share = { $0 < 400 ? 0.1 : $0 < 800 ? 0.5 : 0.9 }
            $0.swing = { (1, 2 + sin($0 / 90)) }
        },
        // Every twentieth pod has twenty times the errors.
        healthy("healthy_pod_outliers_3_of_30") {
            ($0.canaryPods, $0.stablePods, $0.outliers) = (3, 27, (0.05, 20))
        },
        // With one pod of the canary nobody can tell its node from its version.
        healthy("healthy_pod_outliers_1_of_10", target: nil) { $0.outliers = (0.05, 20) },
        // Just tolerated: the rate is 1.2 times the stable version's, and nothing is negligible.
        healthy("boundary_100rps", negligible: 0) { ($0.requestsPerSecond, $0.baseRate, $0.canaryRate) = (100, 0.01, 0.012) },
        healthy("boundary_weights_and_swing", negligible: 0) {
            ($0.requestsPerSecond, $0.baseRate, $0.canaryRate, $0.canaryPods, $0.stablePods) = (50, 0.02, 0.024, 5, 5)
            $0.share = { $0 < 400 ? 0.1 : $0 < 800 ? 0.5 : 0.9 }
            $0.swing = { (1 + 0.5 * sin($0 / 60), 2 + sin($0 / 90)) }
        },
    ]

    /// Rollouts of which nothing is known before: dispersion is learnt on the way, and taken to be great until then.
    static let unknown: [Row] = {
        var clumps = healthy("healthy_clumps_of_5_unknown", target: nil) { $0.clumps = .fixed(5) }
        var worse = bad("bad_20rps_0.1_to_5_unknown", 20, 0.001, 0.05, target: nil)
        var failing = bad("bad_20rps_0.1_to_100_unknown", 20, 0.001, 1, target: nil)
        clumps.historySeconds = 0
        worse.historySeconds = 0
        failing.historySeconds = 0
        return [clumps, worse, failing]
    }()

    private static func bad(
        _ name: String, _ rps: Double, _ base: Double, _ rate: Double, target: Double?, seconds: Double = 120, after: Double = 0,
        _ change: (inout SimulatedService) -> Void = { _ in }
    ) -> Row {
        let service = service {
            ($0.requestsPerSecond, $0.baseRate, $0.canaryRate, $0.badAfter) = (rps, base, rate, after)
            change(&$0)
        }
        return Row(name: name, service: service, seconds: seconds + after, isBad: true, target: target)
    }

    static let bad: [Row] = [
        bad("bad_20rps_0.1_to_5", 20, 0.001, 0.05, target: 97),
        bad("bad_1rps_0.1_to_100", 1, 0.001, 1, target: 100),
        bad("bad_1rps_0.1_to_50", 1, 0.001, 0.5, target: 77),
        bad("bad_5rps_0.1_to_10", 5, 0.001, 0.1, target: 86),
        bad("bad_20rps_0.1_to_2", 20, 0.001, 0.02, target: 51),
        bad("bad_100rps_0.1_to_1", 100, 0.001, 0.01, target: 91),
        bad("bad_100rps_0.5_to_2", 100, 0.005, 0.02, target: 85),
        bad("bad_100rps_0.1_to_0.5", 100, 0.001, 0.005, target: 28),
        bad("bad_500rps_0.1_to_0.5", 500, 0.001, 0.005, target: 96),
        bad("bad_500rps_0.1_to_0.3", 500, 0.001, 0.003, target: 40),
        bad("bad_20rps_0.1_to_100", 20, 0.001, 1, target: 100),
        bad("bad_20rps_0.1_to_5_of_3_pods", 20, 0.001, 0.05, target: nil) { ($0.canaryPods, $0.stablePods) = (3, 27) },
        bad("bad_20rps_0.1_to_5_clumps_of_5", 20, 0.001, 0.05, target: nil) { $0.clumps = .fixed(5) },
        bad("bad_100rps_0.1_to_1_after_30m", 100, 0.001, 0.01, target: 100, seconds: 600, after: 1800),
    ]
}
