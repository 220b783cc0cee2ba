import CoreMetrics
import Glibc
import TestSupport
import Testing

@testable import Serving

@Suite struct ProcessMetricsTests {
    @Test func statOfACommandWithAnyName() throws {
        let text = "42 (a) b (c) R 1 42 42 0 -1 4194304 100 0 0 0 70 30 0 0 20 0 5 0 12345 1048576 256 18446744073709551615 1 1\n"
        let stat = try #require(ProcessMetrics.Stat(text))
        #expect(
            stat
                == ProcessMetrics.Stat(
                    userTicks: 70, systemTicks: 30, threads: 5, startTicks: 12345, virtualBytes: 1_048_576, residentPages: 256))
        for broken in ["", "42 (x", "42 (x) R 1", "42 (x) R a b c d e f g h i j k l m n o p q r s t u v"] {
            #expect(ProcessMetrics.Stat(broken) == nil)
        }
        #expect(ProcessMetrics.bootTime("cpu 1 2\nbtime 1700000000\nprocesses 5\n") == 1_700_000_000)
        #expect(ProcessMetrics.bootTime("cpu 1 2\n") == nil)
    }

    @Test func theFiguresAreOurs() throws {
        let families = Dictionary(uniqueKeysWithValues: ProcessMetrics.families().map { ($0.name, $0.samples[0].value) })
        #expect(
            families.keys.sorted() == [
                "process_cpu_seconds_total", "process_max_fds", "process_open_fds", "process_resident_memory_bytes",
                "process_start_time_seconds", "process_threads", "process_virtual_memory_bytes",
            ])
        let start = try #require(families["process_start_time_seconds"])
        let now = Double(time(nil))
        #expect(start > now - 86_400 && start <= now + 2)
        let resident = try #require(families["process_resident_memory_bytes"])
        #expect(resident > 1_000_000 && resident < 100e9)
        #expect(try #require(families["process_open_fds"]) >= 3)
        let before = try #require(ProcessMetrics.families().first { $0.name == "process_open_fds" }?.samples[0].value)
        let held = (0..<50).map { _ in open("/dev/null", O_RDONLY) }
        let after = try #require(ProcessMetrics.families().first { $0.name == "process_open_fds" }?.samples[0].value)
        for descriptor in held { close(descriptor) }
        // Other tests open and close files meanwhile.
        #expect(after - before > 20)
    }
}

@Suite struct PromtoolTests {
    static let promtool = TestEnvironment.executable("promtool")

    /// Prometheus's own linter accepts what a daemon serves: every kind, awkward labels, the process and build families.
    @Test(.enabled(if: Self.promtool != nil, "no promtool on PATH: apt-get install prometheus"))
    func promtoolAcceptsTheText() async throws {
        let promtool = try #require(Self.promtool)
        let registry = PrometheusRegistry()
        registry.describe([
            .init("workqueue_adds_total", "Items \"added\"\nto a \\ queue."), .init("workqueue_depth", "Depth."),
            .init("workqueue_queue_duration_seconds", "Wait.", buckets: [1e-8, 1e-4, 1, 10]), .init("cost_total", "Cost."),
        ])
        registry.makeCounter(label: "workqueue_adds_total", dimensions: [("name", "a\"b\\c\nd"), ("le", "x")]).increment(by: 1)
        registry.makeMeter(label: "workqueue_depth", dimensions: [("name", "\u{1F600}")]).set(Int64(-3))
        registry.makeTimer(label: "workqueue_queue_duration_seconds", dimensions: [("le", "mine"), ("name", "")]).recordNanoseconds(5)
        registry.makeFloatingPointCounter(label: "cost_total", dimensions: []).increment(by: 1e-12)
        registry.registerCollector { ProcessMetrics.families() }
        registry.registerCollector { [BuildInfo.family(version: "0.1.0", revision: "abc", instance: "main")] }
        registry.registerCollector {
            [.init(name: "plimsoll_slo_ratio", help: "R.", samples: [.init([("slo", "a")], .nan), .init([("slo", "b")], .infinity)])]
        }
        let scratch = try ScratchDirectory()
        try writeFile(scratch.file("metrics"), String(decoding: registry.exposition(), as: UTF8.self))
        let child = try ChildProcess("/bin/sh", ["-c", "\(promtool) check metrics < \(scratch.file("metrics"))"], output: scratch.file("out"))
        let exit = await child.wait(timeout: .seconds(30))
        #expect(exit == .code(0), "\(child.output)")
        #expect(child.output == "")
    }

    /// All that the runtime describes, each as the type its name says.
    @Test(.enabled(if: Self.promtool != nil, "no promtool on PATH: apt-get install prometheus"))
    func promtoolAcceptsTheRuntimesMetrics() async throws {
        let promtool = try #require(Self.promtool)
        let registry = PrometheusRegistry()
        registry.describe(MetricDescription.runtime)
        for described in MetricDescription.runtime {
            if described.name.hasSuffix("_total") {
                registry.makeCounter(label: described.name, dimensions: [("name", "slo")]).increment(by: 1)
            } else if described.buckets != nil {
                registry.makeTimer(label: described.name, dimensions: [("name", "slo")]).recordNanoseconds(1)
            } else {
                registry.makeRecorder(label: described.name, dimensions: [("name", "slo")], aggregate: false).record(Int64(1))
            }
        }
        let scratch = try ScratchDirectory()
        try writeFile(scratch.file("metrics"), String(decoding: registry.exposition(), as: UTF8.self))
        let child = try ChildProcess("/bin/sh", ["-c", "\(promtool) check metrics < \(scratch.file("metrics"))"], output: scratch.file("out"))
        #expect(await child.wait(timeout: .seconds(30)) == .code(0), "\(child.output)")
    }

    /// The linter is really asked: it refuses what lacks a help text.
    @Test(.enabled(if: Self.promtool != nil, "no promtool on PATH: apt-get install prometheus"))
    func promtoolRefusesWhatHasNoHelp() async throws {
        let promtool = try #require(Self.promtool)
        let registry = PrometheusRegistry()
        registry.makeCounter(label: "undescribed_total", dimensions: []).increment(by: 1)
        let scratch = try ScratchDirectory()
        try writeFile(scratch.file("metrics"), String(decoding: registry.exposition(), as: UTF8.self))
        let child = try ChildProcess("/bin/sh", ["-c", "\(promtool) check metrics < \(scratch.file("metrics"))"], output: scratch.file("out"))
        let exit = await child.wait(timeout: .seconds(30))
        #expect(exit == .code(3))
        #expect(child.output.contains("no help text"))
    }
}
