import TestSupport
import Testing

/// Never two lead at once, and in the end somebody does; 1,000 seeds by `Deploy/soak.sh random`.
struct ElectionPropertyTests {
    /// 885: a Lease deleted twice, where a candidate that may miss the one between counts its absence on.
    @Test(arguments: Array(1...50) + [UInt64(885)]) func neverTwoAtOnce(seed: UInt64) {
        let report = ElectionSimulation.run(seed: seed)
        #expect(report.complaints.isEmpty)
        // Elections in which nothing happens show nothing.
        #expect(report.faults > 10 && report.handovers > 6, "\(report)")
    }
}
