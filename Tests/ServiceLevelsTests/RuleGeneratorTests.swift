import PrometheusModel
import ServiceLevels
import Testing

@Test func dump() throws {
    for yaml in [SLOFixtures.checkout, SLOFixtures.grouped, SLOFixtures.latency, SLOFixtures.goodForm] {
        let g = try SLOFixtures.rules(yaml)
        print(g.file.yaml)
    }
}
