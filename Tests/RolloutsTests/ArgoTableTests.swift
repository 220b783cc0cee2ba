import Testing
import Values

@testable import Rollouts

/// Every row of what Argo Rollouts does with measurements, metrics and runs (its `analysis/analysis.go`, `utils/analysis/helpers.go`,
/// `utils/evaluate/evaluate.go`), and beside it what the cautious semantics make of it.
@Suite struct ArgoTableTests {
    static let start = RolloutFixtures.start

    struct Judged: Sendable, CustomStringConvertible {
        let success: String?
        let failure: String?
        let result: [Double]
        let argo: ClassicPhase
        /// Nil: it is no measurement.
        let cautious: ClassicPhase?
        var description: String { "\(success ?? "-") / \(failure ?? "-") of \(result)" }

        init(_ success: String?, _ failure: String?, _ result: [Double], _ argo: ClassicPhase, _ cautious: ClassicPhase?) {
            self.success = success
            self.failure = failure
            self.result = result
            self.argo = argo
            self.cautious = cautious
        }

        init(_ success: String?, _ failure: String?, _ result: [Double], _ both: ClassicPhase) { self.init(success, failure, result, both, both) }
    }

    static let judged: [Judged] = [
        // Conditions.
        Judged(nil, nil, [5], .successful, .inconclusive),
        Judged("result[0] < 1", nil, [0.5], .successful),
        Judged("result[0] < 1", nil, [2], .failed),
        Judged(nil, "result[0] > 1", [2], .failed),
        Judged(nil, "result[0] > 1", [0.5], .successful),
        Judged("result[0] < 1", "result[0] > 2", [0.5], .successful),
        Judged("result[0] < 1", "result[0] > 2", [3], .failed),
        Judged("result[0] < 1", "result[0] > 2", [1.5], .inconclusive),
        // Failure counts, even if success is true as well.
        Judged("result[0] > 0", "result[0] > 2", [3], .failed),
        // An error of either is an error.
        Judged("result[5] > 0", "result[0] > 2", [3], .error),
        Judged("result[0] > 0", "result[5] > 2", [3], .error),
        Judged("result[0]", nil, [3], .error),
        // NaN compares false.
        Judged("result[0] < 1", nil, [.nan], .failed),
        Judged(nil, "result[0] > 1", [.nan], .successful, .inconclusive),
        Judged("result[0] < 1", "result[0] > 2", [.nan], .inconclusive),
        Judged("isNaN(result[0]) || result[0] < 1", nil, [.nan], .successful),
        Judged(nil, "!isNaN(result[0]) && result[0] > 1", [.nan], .successful),
        // Infinities compare as they are.
        Judged("result[0] >= 0.9", nil, [.infinity], .successful, .inconclusive),
        Judged("result[0] <= 0.01", nil, [.infinity], .failed),
        // Nothing.
        Judged("result[0] < 1", nil, [], .error, nil),
        Judged("len(result) == 0 || result[0] < 1", nil, [], .successful, nil),
        Judged("len(result) > 0 && result[0] < 1", nil, [], .failed, nil),
    ]

    private static func metric(_ row: Judged) throws -> ClassicMetric {
        ClassicMetric(name: "m", success: try row.success.map { try Expression($0) }, failure: try row.failure.map { try Expression($0) })
    }

    @Test(arguments: judged) func measurements(row: Judged) throws {
        let metric = try Self.metric(row)
        let value = ExpressionValue.array(row.result.map { .float($0) })
        #expect(metric.judge(value, .argo)?.phase == row.argo)
        #expect(metric.judge(value, .cautious)?.phase == row.cautious)
    }

    @Test func noData() throws {
        var metric = ClassicMetric(name: "m", success: try Expression("result[0] < 1"))
        for (noData, phase) in [(NoData.pass, ClassicPhase.successful), (.fail, .failed), (.inconclusive, .inconclusive), (.evaluate, .error)] {
            metric.noData = noData
            #expect(metric.judge(.array([]), .cautious)?.phase == phase)
            #expect(metric.judge(.array([]), .argo)?.phase == .error, "Argo knows no such choice")
        }
    }

    // MARK: Metrics

    /// Measurements by their first letters (E for Error, I for Inconclusive), then `.` for the end asked for by somebody.
    struct Course: Sendable, CustomStringConvertible {
        let name: String
        let measurements: String
        let argo: ClassicPhase
        let cautious: ClassicPhase
        let change: @Sendable (inout ClassicMetric) -> Void
        var description: String { "\(name): \(measurements)" }

        init(
            _ name: String, _ measurements: String, _ argo: ClassicPhase, _ cautious: ClassicPhase? = nil,
            _ change: @escaping @Sendable (inout ClassicMetric) -> Void = { _ in }
        ) {
            self.name = name
            self.measurements = measurements
            self.argo = argo
            self.cautious = cautious ?? argo
            self.change = change
        }
    }

    /// Five measurements, ten seconds apart, unless changed.
    static let courses: [Course] = [
        Course("nothing measured", "", .running),
        Course("nothing measured, ended", ".", .successful, .inconclusive),
        Course("under way", "SS", .running),
        Course("count reached", "SSSSS", .successful),
        Course("failureLimit 0: the first one", "F", .failed),
        Course("failureLimit 2: strictly more", "FFSSS", .successful) { $0.failureLimit = 2 },
        Course("failureLimit 2: the third one", "FFSF", .failed) { $0.failureLimit = 2 },
        Course("failureLimit -1 never fails", "FFFFF", .successful) { $0.failureLimit = -1 },
        Course("inconclusiveLimit 0", "I", .inconclusive),
        Course("inconclusiveLimit 1", "SISSS", .successful) { $0.inconclusiveLimit = 1 },
        Course("four errors in a row", "EEEE", .running),
        Course("five errors in a row", "EEEEE", .error),
        Course("errors do not count, and a success breaks the row", "EEEESEEEESSSS", .successful),
        Course("errors are no end, if cautious", "EEEEESSSSS", .error, .successful),
        Course("count 1, failureLimit 1 can never fail", "F", .successful) { ($0.count, $0.failureLimit) = (1, 1) },
        Course("consecutiveSuccessLimit before the count", "FSS", .successful) { ($0.consecutiveSuccessLimit, $0.failureLimit) = (2, 1) },
        Course("consecutiveSuccessLimit broken by an error", "SES", .running) { $0.consecutiveSuccessLimit = 2 },
        Course("consecutiveSuccessLimit broken by an inconclusive", "SIS", .running) { ($0.consecutiveSuccessLimit, $0.inconclusiveLimit) = (2, 9) },
        Course("consecutiveSuccessLimit not reached", "SFSFS", .inconclusive) { ($0.consecutiveSuccessLimit, $0.failureLimit) = (2, 3) },
        Course("consecutiveSuccessLimit not reached, failures borne", "SFSFS", .failed) { ($0.consecutiveSuccessLimit, $0.failureLimit) = (2, -1) },
        Course("ended below its limits", "SF.", .successful, .inconclusive) { $0.failureLimit = 2 },
        Course("errors and failures below limits, ended", "EEFE.", .successful, .inconclusive) { $0.failureLimit = 1 },
        Course("without a count it goes on", "SSSSSSSSSS", .running) { $0.count = nil },
        Course("without a count, ended while all was good", "SSS.", .successful) { $0.count = nil },
        Course("without a count, ended after a failure", "SFS.", .successful, .inconclusive) { ($0.count, $0.failureLimit) = (nil, 3) },
        Course("neither count nor interval: one", "S", .successful) { ($0.count, $0.interval) = (nil, nil) },
        Course("completed does not change", "FSSSS", .failed),
    ]

    static func run(_ course: Course, _ semantics: ClassicSemantics) -> ClassicRun {
        var metric = ClassicMetric(name: "m")
        metric.interval = .seconds(10)
        metric.count = 5
        course.change(&metric)
        var run = ClassicRun([metric], semantics: semantics, startedAt: start)
        var now = start
        for letter in course.measurements {
            if letter == "." {
                run.isTerminated = true
                _ = run.step(now: now)
                break
            }
            if !run.step(now: now).isEmpty {
                let phase: ClassicPhase = letter == "S" ? .successful : letter == "F" ? .failed : letter == "I" ? .inconclusive : .error
                run.record("m", phase, message: "", at: now)
            }
            now = now.adding(.seconds(11))
        }
        if course.measurements.isEmpty { _ = run.step(now: now) }
        return run
    }

    @Test(arguments: courses) func metrics(course: Course) {
        #expect(Self.run(course, .argo).phase == course.argo)
        let cautious = Self.run(course, .cautious)
        #expect(cautious.phase == course.cautious)
    }

    /// A later limit overrules an earlier one, against the order of badness.
    @Test func severalLimitsAtOnce() {
        var metric = ClassicMetric(name: "m")
        (metric.interval, metric.count, metric.consecutiveErrorLimit) = (.seconds(10), 9, 0)
        for (measured, expected) in [
            ([ClassicPhase.failed, .inconclusive], ClassicPhase.inconclusive), ([.inconclusive, .failed], .inconclusive),
            ([.failed, .inconclusive, .error], .error), ([.failed, .error], .error),
        ] {
            var state = ClassicState()
            for phase in measured { state.record(phase, message: "", at: Self.start) }
            state.assess(metric, isTerminating: false, .argo)
            #expect(state.phase == expected)
        }
    }
}
