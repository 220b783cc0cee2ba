import CoreMetrics
import Serving
import Testing

/// Many writers, makers, destroyers and scrapers at once: nothing is lost and every scrape is whole.
@Suite struct RegistryHammeringTests {
    @Test func nothingIsLost() async {
        let registry = PrometheusRegistry()
        let tasks = 8
        let rounds = 2_000
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    let meter = Meter(label: "level", factory: registry)
                    for round in 0..<rounds {
                        Counter(label: "c_total", dimensions: [("i", String(round % 7))], factory: registry).increment()
                        FloatingPointCounter(label: "f_total", factory: registry).increment(by: 0.5)
                        CoreMetrics.Timer(label: "t_seconds", factory: registry).recordMilliseconds(1)
                        meter.increment()
                        if round % 10 == 0 {
                            let passing = Counter(label: "passing_total", dimensions: [("t", "\(task)-\(round)")], factory: registry)
                            passing.increment()
                            passing.destroy()
                        }
                    }
                }
            }
            for _ in 0..<2 {
                group.addTask {
                    for _ in 0..<50 {
                        let text = String(decoding: registry.exposition(), as: UTF8.self)
                        #expect(Self.histogramIsWhole(text))
                        await Task.yield()
                    }
                }
            }
        }
        let text = String(decoding: registry.exposition(), as: UTF8.self)
        let values = Dictionary(
            uniqueKeysWithValues: text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line -> (String, Double)? in
                guard let blank = line.lastIndex(of: " "), let value = Double(line[line.index(after: blank)...]) else { return nil }
                return (String(line[..<blank]), value)
            })
        let total = Double(tasks * rounds)
        #expect((0..<7).reduce(0) { $0 + (values["c_total{i=\"\($1)\"}"] ?? 0) } == total)
        #expect(values["f_total"] == total / 2)
        #expect(values["t_seconds_count"] == total)
        #expect(values["level"] == total)
        #expect(!text.contains("passing_total"))
    }

    /// The last bucket equals the count, and buckets never fall.
    private static func histogramIsWhole(_ text: String) -> Bool {
        var buckets: [Double] = []
        var count: Double?
        for line in text.split(separator: "\n") {
            guard let value = line.split(separator: " ").last.flatMap({ Double($0) }) else { continue }
            if line.hasPrefix("t_seconds_bucket") { buckets.append(value) }
            if line.hasPrefix("t_seconds_count") { count = value }
        }
        return buckets == buckets.sorted() && buckets.last == count
    }
}
