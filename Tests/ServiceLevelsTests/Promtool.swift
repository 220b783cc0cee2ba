import PrometheusModel
import ServiceLevels
import TestSupport
import Values

/// The real promtool, run on rules as they are rendered.
struct Promtool {
    /// `nil` where there is none; tests that need it are skipped and say so.
    static let path = TestEnvironment.executable("promtool")
    static let missing = "promtool is not on PATH (Debian: apt-get install prometheus)"

    struct Outcome {
        let passed: Bool
        let output: String
    }

    /// `promtool check rules`.
    static func check(_ files: [RuleFile]) async throws -> Outcome {
        let scratch = try ScratchDirectory()
        let names = try write(files, scratch)
        return try await run(["check", "rules"] + names, scratch)
    }

    /// `promtool test rules`, all tests in one file.
    /// - Parameter order: in which groups are evaluated; others come in any.
    static func test(_ files: [RuleFile], every interval: PromDuration, order: [RuleGroup] = [], _ tests: [PromtoolTest]) async throws -> Outcome {
        let scratch = try ScratchDirectory()
        let names = try write(files, scratch)
        let file: JSON = [
            "rule_files": .array(names.map { .string($0) }), "evaluation_interval": .string(interval.description),
            "group_eval_order": .array(order.map { .string($0.name) }), "tests": .array(tests.map(\.json)),
        ]
        try writeFile(scratch.file("tests.yaml"), YAML.text(file))
        return try await run(["test", "rules", scratch.file("tests.yaml")], scratch)
    }

    private static func write(_ files: [RuleFile], _ scratch: ScratchDirectory) throws -> [String] {
        try files.enumerated().map { index, file in
            let name = scratch.file("rules-\(index).yaml")
            try writeFile(name, file.yaml)
            return name
        }
    }

    static func run(_ arguments: [String], _ scratch: ScratchDirectory) async throws -> Outcome {
        guard let path else { return Outcome(passed: false, output: missing) }
        let process = try ChildProcess(path, arguments, output: scratch.file("output"))
        let exit = await process.wait(timeout: .seconds(120))
        return Outcome(passed: exit == .code(0), output: process.output)
    }
}

/// One scenario of a promtool test file.
struct PromtoolTest {
    struct Expectation {
        let expr: String
        let at: PromDuration
        /// Label set in PromQL's notation, and value.
        let samples: [(labels: String, value: Double)]
    }

    struct AlertExpectation {
        let at: PromDuration
        let name: String
        let alerts: [(labels: [String: String], annotations: [String: String])]
    }

    var name: String
    /// Between the values of the input series.
    var step: PromDuration
    var series: [(name: String, values: String)]
    var expectations: [Expectation] = []
    var alerts: [AlertExpectation] = []

    var json: JSON {
        [
            "name": .string(name), "interval": .string(step.description),
            "input_series": .array(series.map { ["series": .string($0.name), "values": .string($0.values)] }),
            "promql_expr_test": .array(
                expectations.map { one in
                    [
                        "expr": .string(one.expr), "eval_time": .string(one.at.description),
                        "exp_samples": .array(one.samples.map { ["labels": .string($0.labels), "value": .double($0.value)] }),
                    ]
                }),
            "alert_rule_test": .array(
                alerts.map { one in
                    [
                        "eval_time": .string(one.at.description), "alertname": .string(one.name),
                        "exp_alerts": .array(
                            one.alerts.map { alert in
                                [
                                    "exp_labels": Self.object(alert.labels), "exp_annotations": Self.object(alert.annotations),
                                ]
                            }),
                    ]
                }),
        ]
    }

    private static func object(_ pairs: [String: String]) -> JSON {
        .object(JSONObject(pairs.sorted { $0.key < $1.key }.map { (key: $0.key, value: .string($0.value)) }))
    }

    /// True at `at` exactly when `condition`, a PromQL expression that compares, is.
    func holding(_ condition: String, at: PromDuration) -> PromtoolTest {
        var copy = self
        copy.expectations.append(Expectation(expr: "count(\(condition)) > bool 0", at: at, samples: [("{}", 1)]))
        return copy
    }

    func expecting(_ expr: String, at: PromDuration, _ samples: (labels: String, value: Double)...) -> PromtoolTest {
        var copy = self
        copy.expectations.append(Expectation(expr: expr, at: at, samples: samples))
        return copy
    }
}

/// A counter as scrapes show it.
enum ScrapedCounter {
    /// Values in promtool's notation, one every `step` seconds; `_` between scrapes and while `value` is nil.
    static func values(for seconds: Int, step: Int, scrape: Int, phase: Int, _ value: (Int) -> Double?) -> String {
        stride(from: 0, through: seconds, by: step).map { time in
            guard time % scrape == phase, let value = value(time) else { return "_" }
            return value.isNaN ? "NaN" : JSON.double(value).text()
        }.joined(separator: " ")
    }
}
