import TestSupport
import Testing

/// The real reflector, store, queue and gate through 24 hours of faults each, on a virtual clock; 1,000 seeds by `Deploy/soak.sh random`.
struct SimulationTests {
    @Test(arguments: UInt64(1)...50) func aDayOfFaultsEndsWithEverythingInPlace(seed: UInt64) {
        let report = Simulation.run(seed: seed)
        #expect(report.complaints.isEmpty, "\(report)")
        // Days on which nothing happens show nothing.
        #expect(report.edits > 500 && report.storms > 10 && report.kills > 1 && report.reconciles > 500, "\(report)")
    }

    @Test func aSeedGivesTheSameDayAgain() {
        #expect("\(Simulation.run(seed: 7, hours: 2))" == "\(Simulation.run(seed: 7, hours: 2))")
    }
}
