import CoreMetrics
import Testing

@testable import Serving

@Suite struct PrometheusRegistryTests {
    private func text(_ registry: PrometheusRegistry) -> String { String(decoding: registry.exposition(), as: UTF8.self) }

    @Test func everyKindInOrder() {
        let registry = PrometheusRegistry()
        registry.describe([
            .init("work_seconds", "Time worked.", buckets: [1, 0.1, .infinity, 0.1]), .init("depth", "Depth \\ of\nthe \"queue\"."),
        ])
        let timer = CoreMetrics.Timer(label: "work_seconds", dimensions: [("name", "slo")], factory: registry)
        timer.recordMilliseconds(50)
        timer.recordMilliseconds(100)
        timer.recordSeconds(2)
        timer.recordNanoseconds(-5)
        let gauge = Gauge(label: "depth", factory: registry)
        gauge.record(3)
        gauge.record(2.5)
        let meter = Meter(label: "level", factory: registry)
        meter.set(4)
        meter.increment(by: 1.5)
        meter.decrement()
        let counter = Counter(label: "adds_total", dimensions: [("b", "2"), ("a", "1")], factory: registry)
        counter.increment(by: 2)
        Counter(label: "adds_total", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment()
        Counter(label: "adds_total", dimensions: [], factory: registry).increment(by: 0)
        FloatingPointCounter(label: "cost_total", factory: registry).increment(by: 0.25)
        Recorder(label: "size_bytes", factory: registry).record(7)
        let expected = """
            # TYPE adds_total counter
            adds_total 0
            adds_total{a="1",b="2"} 3
            # TYPE cost_total counter
            cost_total 0.25
            # HELP depth Depth \\\\ of\\nthe "queue".
            # TYPE depth gauge
            depth 2.5
            # TYPE level gauge
            level 4.5
            # TYPE size_bytes histogram
            """
        #expect(text(registry).hasPrefix(expected + "\n"))
        let histogram = """
            # HELP work_seconds Time worked.
            # TYPE work_seconds histogram
            work_seconds_bucket{name="slo",le="0.1"} 3
            work_seconds_bucket{name="slo",le="1"} 3
            work_seconds_bucket{name="slo",le="+Inf"} 4
            work_seconds_sum{name="slo"} 2.15
            work_seconds_count{name="slo"} 4

            """
        #expect(text(registry).hasSuffix(histogram))
        #expect(text(registry) == text(registry))
    }

    @Test(arguments: [
        ("http_requests_total", "http_requests_total"), ("rest-client.latency", "rest_client_latency"), ("2xx", "_2xx"), ("größe", "gr__e"),
        ("", "_"), ("a:b", "a:b"), ("x y\n", "x_y_"),
    ])
    func metricNames(given: String, expected: String) { #expect(LabelText.metricName(given) == expected) }

    @Test func labels() {
        #expect(LabelText.render([("b", "2"), ("a", "x\"y\\z\n")]) == #"{a="x\"y\\z\n",b="2"}"#)
        #expect(LabelText.render([("__name__", "evil"), ("a:b", "c"), ("a", "first"), ("a", "second")]) == #"{_name__="evil",a="first",a_b="c"}"#)
        #expect(LabelText.render([("le", "mine"), ("quantile", "0")]) == #"{exported_le="mine",exported_quantile="0"}"#)
        #expect(LabelText.render([]) == "")
        #expect(LabelText.render([("a", "\r\n")]) == "{a=\"\r\\n\"}")
    }

    @Test(
        arguments: [
            (0.1, "0.1"), (3, "3"), (-2, "-2"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"), (1e20, "1e+20"), (1.5e-9, "1.5e-09"),
        ] as [(Double, String)])
    func numbers(value: Double, expected: String) { #expect(LabelText.number(value) == expected) }

    @Test func countersOnlyRise() {
        let registry = PrometheusRegistry()
        let whole = registry.makeCounter(label: "a_total", dimensions: [])
        whole.increment(by: 5)
        whole.increment(by: -3)
        let fractional = registry.makeFloatingPointCounter(label: "a_total", dimensions: [])
        for bad in [-1, Double.nan, .infinity] { fractional.increment(by: bad) }
        #expect(text(registry) == "# TYPE a_total counter\na_total 5\n")
        fractional.increment(by: 0.5)
        #expect(text(registry) == "# TYPE a_total counter\na_total 5.5\n")
        whole.reset()
        #expect(text(registry) == "# TYPE a_total counter\na_total 0\n")
        whole.increment(by: .max)
        whole.increment(by: .max)
        #expect(text(registry) == "# TYPE a_total counter\na_total 18446744073709551614\n")
    }

    @Test func oneBadValueDoesNotPoisonAHistogram() {
        let registry = PrometheusRegistry()
        let recorder = registry.makeRecorder(label: "h", dimensions: [], aggregate: true)
        recorder.record(Double.nan)
        recorder.record(2.0)
        #expect(text(registry).hasSuffix("h_bucket{le=\"+Inf\"} 1\nh_sum 2\nh_count 1\n"))
    }

    @Test func cardinalityIsCapped() {
        var limits = PrometheusRegistry.Limits()
        limits.seriesPerMetric = 2
        let registry = PrometheusRegistry(limits: limits)
        for index in 0..<5 { registry.makeCounter(label: "c_total", dimensions: [("i", String(index))]).increment(by: 1) }
        registry.makeCounter(label: "c_total", dimensions: [("i", "0")]).increment(by: 1)
        let expected = """
            # TYPE c_total counter
            c_total{i="0"} 2
            c_total{i="1"} 1
            c_total{overflow="true"} 3
            # HELP plimsoll_metrics_refused_total \(refusedHelp)
            # TYPE plimsoll_metrics_refused_total counter
            plimsoll_metrics_refused_total{metric="c_total",reason="cardinality"} 3

            """
        #expect(text(registry) == expected)
    }

    @Test func aDestroyedSeriesGoesAndMakesRoom() {
        var limits = PrometheusRegistry.Limits()
        limits.seriesPerMetric = 2
        let registry = PrometheusRegistry(limits: limits)
        let a = Counter(label: "c_total", dimensions: [("i", "a")], factory: registry)
        let b = Counter(label: "c_total", dimensions: [("i", "b")], factory: registry)
        a.increment()
        b.increment()
        a.destroy()
        a.increment()
        Counter(label: "c_total", dimensions: [("i", "c")], factory: registry).increment()
        #expect(text(registry) == "# TYPE c_total counter\nc_total{i=\"b\"} 1\nc_total{i=\"c\"} 1\n")
        b.destroy()
        Counter(label: "c_total", dimensions: [("i", "c")], factory: registry).destroy()
        #expect(text(registry) == "")
        for destroyed in ["timer", "meter", "recorder", "float"] {
            switch destroyed {
            case "timer": registry.destroyTimer(registry.makeTimer(label: destroyed, dimensions: []))
            case "meter": registry.destroyMeter(registry.makeMeter(label: destroyed, dimensions: []))
            case "recorder": registry.destroyRecorder(registry.makeRecorder(label: destroyed, dimensions: [], aggregate: true))
            default: registry.destroyFloatingPointCounter(registry.makeFloatingPointCounter(label: destroyed, dimensions: []))
            }
        }
        #expect(text(registry) == "")
    }

    @Test func aNameHasOneType() {
        let registry = PrometheusRegistry()
        registry.makeTimer(label: "x", dimensions: []).recordNanoseconds(1)
        registry.makeCounter(label: "x", dimensions: []).increment(by: 1)
        registry.makeCounter(label: "x_count", dimensions: []).increment(by: 1)
        registry.makeCounter(label: "y_total", dimensions: []).increment(by: 1)
        registry.makeTimer(label: "y_total", dimensions: []).recordNanoseconds(1)
        let lines = text(registry).split(separator: "\n").filter { $0.hasPrefix("# TYPE") }
        #expect(lines == ["# TYPE plimsoll_metrics_refused_total counter", "# TYPE x histogram", "# TYPE y_total counter"])
        #expect(text(registry).contains("plimsoll_metrics_refused_total{metric=\"x\",reason=\"conflict\"} 1\n"))
        #expect(text(registry).contains("plimsoll_metrics_refused_total{metric=\"x_count\",reason=\"conflict\"} 1\n"))
    }

    private let refusedHelp =
        "Metric handles and samples that found no place, by metric and reason (cardinality, conflict of types, duplicate series)."

    @Test func collectedFamiliesAreReplacedWhole() {
        let registry = PrometheusRegistry()
        let figures = Box(["a": 0.5, "b": 1])
        let id = registry.registerCollector {
            [MetricFamily(name: "slo:budget", help: "Left.", samples: figures.value.map { .init([("slo", $0.key)], $0.value) })]
        }
        #expect(text(registry) == "# HELP slo:budget Left.\n# TYPE slo:budget gauge\nslo:budget{slo=\"a\"} 0.5\nslo:budget{slo=\"b\"} 1\n")
        figures.value = ["b": 2]
        #expect(text(registry) == "# HELP slo:budget Left.\n# TYPE slo:budget gauge\nslo:budget{slo=\"b\"} 2\n")
        figures.value = [:]
        #expect(text(registry) == "")
        registry.removeCollector(id)
        figures.value = ["c": 1]
        #expect(text(registry) == "")
    }

    @Test func collectedFamiliesThatClash() {
        var limits = PrometheusRegistry.Limits()
        limits.samplesPerCollectedFamily = 2
        let registry = PrometheusRegistry(limits: limits)
        registry.makeTimer(label: "t", dimensions: []).recordNanoseconds(0)
        registry.registerCollector {
            [
                .init(name: "t_sum", help: "", samples: [.init([], 1)]),
                .init(name: "g", help: "G.", samples: [.init([("a", "1")], 1), .init([("a", "1")], 2)]),
                .init(name: "g", help: "G again.", kind: .counter, samples: [.init([("a", "9")], 1)]),
            ]
        }
        registry.registerCollector {
            [.init(name: "g", help: "G.", samples: [.init([("a", "2")], 3), .init([("a", "3")], 4), .init([("a", "4")], 4)])]
        }
        let out = text(registry)
        #expect(out.hasPrefix("# HELP g G.\n# TYPE g gauge\ng{a=\"1\"} 1\ng{a=\"2\"} 3\n# HELP plimsoll_metrics_refused_total"))
        for (metric, reason, count) in [("g", "duplicate", 1), ("g", "conflict", 1), ("g", "cardinality", 2), ("t_sum", "conflict", 1)] {
            #expect(out.contains("plimsoll_metrics_refused_total{metric=\"\(metric)\",reason=\"\(reason)\"} \(count)\n"))
        }
        #expect(!out.contains("\nt_sum 1\n"))
    }

    /// A collector may use metrics itself: no lock is held around it.
    @Test func aCollectorMayMakeMetrics() {
        let registry = PrometheusRegistry()
        registry.registerCollector {
            registry.makeCounter(label: "scrapes_total", dimensions: []).increment(by: 1)
            return []
        }
        #expect(text(registry) == "# TYPE scrapes_total counter\nscrapes_total 1\n")
        #expect(text(registry) == "# TYPE scrapes_total counter\nscrapes_total 2\n")
    }

    @Test func forgottenGaugesComeBackOnlyWhenMadeAnew() {
        let registry = PrometheusRegistry()
        let old = registry.makeRecorder(label: "depth", dimensions: [("name", "a")], aggregate: false)
        registry.makeRecorder(label: "depth", dimensions: [("name", "b")], aggregate: false).record(2.0)
        registry.makeCounter(label: "adds_total", dimensions: []).increment(by: 3)
        registry.forgetGauges()
        old.record(1.0)
        #expect(String(decoding: registry.exposition(), as: UTF8.self) == "# TYPE adds_total counter\nadds_total 3\n")
        registry.makeRecorder(label: "depth", dimensions: [("name", "b")], aggregate: false).record(5.0)
        #expect(
            String(decoding: registry.exposition(), as: UTF8.self)
                == "# TYPE adds_total counter\nadds_total 3\n# TYPE depth gauge\ndepth{name=\"b\"} 5\n")
    }
}
