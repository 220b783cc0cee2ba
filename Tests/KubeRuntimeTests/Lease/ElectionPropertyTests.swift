import TestSupport
import Testing

/// Never two lead at once, and in the end somebody does; 1,000 seeds by `Deploy/soak.sh random`.
struct ElectionPropertyTests {
    @Test(arguments: UInt64(1)...50) func neverTwoAtOnce(seed: UInt64) {
        let report = ElectionSimulation.run(seed: seed)
        #expect(report.complaints.isEmpty)
        // Elections in which nothing happens show nothing.
        #expect(report.faults > 10 && report.handovers > 6, "\(report)")
    }
}
