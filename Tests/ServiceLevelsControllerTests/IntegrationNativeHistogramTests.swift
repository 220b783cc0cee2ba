import Glibc
import KubeModel
import PlimsollAPI
import PrometheusClient
import PrometheusModel
import ServiceLevels
import ServiceLevelsController
import TestSupport
import Testing
import Values

/// Latency rules on a real Prometheus that keeps native histograms, held against what was observed. promtool reads none, so they come by remote write.
@Suite(
    "IntegrationNativeHistogram",
    .enabled(if: RealPrometheus.binary != nil, "no prometheus on PATH: apt-get install prometheus (Deploy/cluster/packages does)"))
struct IntegrationNativeHistogramTests {
    private static let scrapes = 60
    private static let interval = PromDuration.seconds(30)
    /// Nothing is observed before and after, so that each event is counted to its end.
    private static let busy = 8..<50
    private static let threshold = 0.3

    /// What targets have observed in all.
    private struct Truth {
        var total = 0.0
        /// Slower than 300 ms and than 500 ms, and than the bounds of the bucket around the former.
        var slow = 0.0
        var verySlow = 0.0
        var aboveLower = 0.0
        var aboveUpper = 0.0

        mutating func add(_ value: Double) {
            let bounds = NativeHistogram(schema: 3).bounds(around: threshold)
            total += 1
            if value > threshold { slow += 1 }
            if value > 0.5 { verySlow += 1 }
            if value > bounds.lower { aboveLower += 1 }
            if value > bounds.upper { aboveUpper += 1 }
        }
    }

    /// A series of a target, scraped.
    private struct Pod {
        var labels: [String: String]
        var isNative = true
        var isClassic = false
        /// The bounds of the classic form.
        var bounds = [0.1, 0.3, 0.5]
        /// It begins anew with this scrape.
        var resets: Int?
        /// It is there from this scrape on, and has by then observed what nobody saw.
        var born = 0
    }

    private static func observed(_ pod: Pod, from start: Instant, _ truth: inout Truth, _ generator: inout SeededGenerator) -> [RemoteWrite.Series] {
        var native = RemoteWrite.Series("request_seconds", pod.labels)
        var count = RemoteWrite.Series("request_seconds_count", pod.labels)
        var buckets = (pod.bounds.map { "\($0)" } + ["+Inf"]).map { bound in
            RemoteWrite.Series("request_seconds_bucket", pod.labels.merging(["le": bound]) { $1 })
        }
        var histogram = NativeHistogram(schema: 3)
        var values: [Double] = []
        for scrape in pod.born..<scrapes {
            if scrape == pod.resets { (histogram, values) = (NativeHistogram(schema: 3), []) }
            for _ in 0..<(busy.contains(scrape) ? 40 : 0) {
                // From 37 ms to 1.2 s, so that each doubling has as many.
                let value = 0.0375 * pow(2, Double.random(in: 0..<5, using: &generator))
                histogram.observe(value)
                values.append(value)
                truth.add(value)
            }
            let time = start.adding(interval * Int64(scrape) + .seconds(7))
            if pod.isNative { native.histograms.append((time, histogram)) }
            guard pod.isClassic else { continue }
            count.samples.append((time, Double(values.count)))
            for (index, bound) in (pod.bounds + [.infinity]).enumerated() {
                buckets[index].samples.append((time, Double(values.count { $0 <= bound })))
            }
        }
        return (pod.isNative ? [native] : []) + (pod.isClassic ? [count] + buckets : [])
    }

    private static let jobs: [(name: String, pods: [Pod])] = [
        (
            "native",
            [
                Pod(labels: ["instance": "a"]), Pod(labels: ["instance": "b"], resets: 30),
                // `rate` would lose what it is born with.
                Pod(labels: ["instance": "a", "path": "/new"], born: 20),
            ]
        ),
        ("classic", [Pod(labels: ["instance": "a"], isNative: false, isClassic: true)]),
        ("both", [Pod(labels: ["instance": "a"], isClassic: true)]),
        ("mixed", [Pod(labels: ["instance": "a"]), Pod(labels: ["instance": "b"], isNative: false, isClassic: true)]),
        // The threshold is no bucket of the classic form, and the native form has it within one.
        ("unlike", [Pod(labels: ["instance": "a"], isClassic: true, bounds: [0.25, 1])]),
        ("wrong", [Pod(labels: ["instance": "a"], isNative: false, isClassic: true, bounds: [0.25, 1])]),
    ]

    private struct World {
        let client: PrometheusHTTPClient
        let start: Instant
        let end: Instant
        var truths: [String: Truth] = [:]

        func spec(_ job: String, _ threshold: String, _ type: LatencyIndicator.HistogramType) -> SLOSpec {
            var spec = SLOSpec()
            (spec.service, spec.window) = ("x", SLOWindow(rolling: .days(30)))
            spec.indicator = SLOIndicator(
                latency: LatencyIndicator(
                    histogram: "request_seconds{job=\"\(job)\"}", threshold: PromDuration(threshold) ?? .zero, type: type))
            return spec
        }

        /// Total and errors of the whole time, as the base rules count them; nil where they record nothing.
        func counted(
            _ job: String, _ threshold: String, _ type: LatencyIndicator.HistogramType = .auto
        ) async throws -> (total: Double?, errors: Double?) {
            let rules = try RuleGenerator.generate(
                instance: "main", key: ObjectKey(namespace: "a", name: "b"), spec: spec(job, threshold, type), settings: RuleSettings(), now: .epoch)
            func points(_ kind: String) async throws -> [Double: Double] {
                let expr = try #require(rules.groups.first?.rules.first { $0.labels["plimsoll_sli"] == kind }?.expr)
                let series = try await client.queryRange(expr, from: start, to: end, step: interval).value.matrix ?? []
                return Dictionary(series.flatMap(\.points).map { ($0.timestamp, $0.value) }, uniquingKeysWith: +)
            }
            let (total, errors) = (try await points("total"), try await points("errors"))
            for (time, failed) in errors {
                #expect(failed >= 0 && failed <= (total[time] ?? 0) * (1 + 1e-9), "\(job), \(threshold), \(type): \(failed) of \(total[time] ?? 0)")
            }
            return (total.isEmpty ? nil : total.values.reduce(0, +), errors.isEmpty ? nil : errors.values.reduce(0, +))
        }

        func findings(_ job: String, _ threshold: String, _ type: LatencyIndicator.HistogramType = .auto) async throws -> [String] {
            let preflight = SLOPreflight(spec(job, threshold, type), settings: RuleSettings())
            var answers: [(question: SLOPreflight.Question, answer: SLOPreflight.Answer)] = []
            for question in preflight.questions { answers.append((question, try await PreflightAnswer.ask(question, client))) }
            return preflight.findings(answers, setup: .init()).map { "\($0.reason): \($0.message)" }
        }
    }

    private func with(_ body: (World) async throws -> Void) async throws {
        let scratch = try ScratchDirectory()
        let server = try RealPrometheus(
            configuration: "global: {scrape_interval: 1h, evaluation_interval: 1h}\n",
            arguments: ["--enable-feature=native-histograms", "--web.enable-remote-write-receiver"], in: scratch)
        let url = "http://127.0.0.1:\(server.port)"
        let client = try PrometheusHTTPClient(.init(name: "native", url: url, timeout: .seconds(20)))
        let result: Result<Void, any Error>
        do {
            guard await eventually({ (try? await client.isReady()) == true }) else { throw Missing("a ready Prometheus: \(server.process.output)") }
            let now = RealCluster.wallClock()
            let end = Instant(microseconds: now.microseconds / 30_000_000 * 30_000_000)
            var world = World(client: client, start: end.adding(.zero - Self.interval * Int64(Self.scrapes)), end: end)
            var generator = SeededGenerator(seed: 7)
            var series: [RemoteWrite.Series] = []
            for (job, pods) in Self.jobs {
                var truth = Truth()
                for var pod in pods {
                    pod.labels["job"] = job
                    series += Self.observed(pod, from: world.start, &truth, &generator)
                }
                world.truths[job] = truth
            }
            try await RemoteWrite.send(series, to: url)
            result = .success(try await body(world))
        } catch { result = .failure(error) }
        await client.shutdown()
        await server.stop()
        try result.get()
    }

    private func expect(_ value: Double?, near truth: Double, within share: Double, _ what: String) {
        #expect(value.map { abs($0 - truth) <= share * truth } == true, "\(what): \(value.map { "\($0)" } ?? "nothing") instead of \(truth)")
    }

    @Test func whatIsCountedIsWhatWasObserved() async throws {
        try await with { world in
            for (job, truth) in world.truths.sorted(by: { $0.key < $1.key }) {
                let counted = try await world.counted(job, "300ms")
                expect(counted.total, near: truth.total, within: 0.01, "\(job) in total")
                switch job {
                case "wrong": #expect(counted.errors == nil)
                // Where the bucket is there it is exact, beside a native form too.
                case "classic", "both": expect(counted.errors, near: truth.slow, within: 0.01, "\(job), slow")
                default:
                    // The bucket around the threshold is a twelfth wide, and holds the uncertainty.
                    let errors = try #require(counted.errors)
                    #expect(errors >= truth.aboveUpper * 0.99 && errors <= truth.aboveLower * 1.01, "\(job): \(errors), \(truth)")
                    expect(errors, near: truth.slow, within: 0.03, "\(job), slow")
                }
                // A bound of the native form's is exact.
                guard !["unlike", "wrong"].contains(job) else { continue }
                expect(try await world.counted(job, "500ms").errors, near: truth.verySlow, within: 0.01, "\(job), very slow")
            }
            let native = try #require(world.truths["native"])
            let only = try await world.counted("native", "500ms", .native)
            expect(only.total, near: native.total, within: 0.01, "native alone")
            expect(only.errors, near: native.verySlow, within: 0.01, "native alone, very slow")
            for (job, type) in [("native", LatencyIndicator.HistogramType.classic), ("classic", .native)] {
                let none = try await world.counted(job, "500ms", type)
                #expect(none.total == nil && none.errors == nil, "\(job) as \(type)")
            }
            try await preflight(world)
        }
    }

    private func preflight(_ world: World) async throws {
        for (job, threshold) in [("native", "500ms"), ("classic", "300ms"), ("both", "300ms"), ("mixed", "500ms")] {
            #expect(try await world.findings(job, threshold) == [], "\(job) \(threshold)")
        }
        for job in ["native", "mixed", "unlike"] {
            let found = try await world.findings(job, "300ms")
            #expect(found.count == 1, "\(job): \(found)")
            let start = "Interpolated: 300ms lies within a bucket of the native histogram, from 0.297s to 0.324s (a factor of 1.091)"
            #expect(found.first?.hasPrefix(start) == true, "\(found)")
        }
        #expect(try await world.findings("wrong", "300ms") == ["NoBucket: 300ms is the bound of no bucket; the nearest are 0.25s, 1s"])
        for (job, type) in [("nobody", LatencyIndicator.HistogramType.auto), ("native", .classic), ("classic", .native)] {
            let found = try await world.findings(job, "300ms", type)
            #expect(found == ["NoSeries: selects no series now: nothing would be counted"], "\(job) as \(type)")
        }
    }
}
