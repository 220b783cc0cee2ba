import KubeModel
import KubeRuntime
import Logging
import PlimsollAPI
import PrometheusClient
import ServiceLevels
import Synchronization
import TestSupport
import Testing
import Values

@testable import ServiceLevelsController

/// When SLOs are tried on their Prometheus, and what of it is remembered.
struct PreflightRunnerTests {
    private final class Told: Sendable {
        private let keys = Mutex<[ObjectKey]>([])
        var all: [ObjectKey] { keys.withLock(\.self) }
        func add(_ key: ObjectKey) { keys.withLock { $0.append(key) } }
    }

    private static func slo(_ name: String = "a", generation: Int64 = 1, uid: String = "u") -> SLO {
        var metadata = ObjectMeta()
        (metadata.namespace, metadata.name, metadata.generation, metadata.uid) = ("shop", name, generation, uid)
        var spec = SLOSpec()
        spec.window = SLOWindow(rolling: .days(30))
        spec.indicator = SLOIndicator(ratio: RatioIndicator(errors: "e", total: "t"))
        return SLO(metadata: metadata, spec: spec)
    }

    private func running(_ body: (PreflightRunner, ScriptedPrometheus, Told) async throws -> Void) async throws {
        let (server, told) = (ScriptedPrometheus(), Told())
        let runner = PreflightRunner(name: "p", client: server, timeline: Timeline(), logger: Logger(label: "test"), notify: told.add)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await runner.run() }
            try await body(runner, server, told)
            group.cancelAll()
        }
    }

    private static func want(_ slo: SLO, _ runner: PreflightRunner) throws {
        runner.want(slo, try #require(slo.spec), RuleSettings(), isServed: false)
    }

    @Test func aNewSpecIsTriedOnceAndItsOwnerTold() async throws {
        try await running { runner, server, told in
            let slo = Self.slo()
            #expect(runner.observation(of: slo) == .unasked)
            try Self.want(slo, runner)
            #expect(await eventually { told.all == [slo.metadata.key] })
            guard case .found(let findings) = runner.observation(of: slo) else { return #expect(Bool(false), "nothing was found") }
            #expect(findings.map(\.reason) == ["NoSeries", "NoErrorSeries"])
            let asked = server.queries.count
            try Self.want(slo, runner)
            try await Task.sleep(for: .milliseconds(500))
            #expect(server.queries.count == asked, "the same spec is not tried again")
            // Another spec, and another object under the name: what was found is not about them.
            for next in [Self.slo(generation: 2), Self.slo(generation: 2, uid: "v")] {
                try Self.want(next, runner)
                #expect(await eventually { runner.observation(of: next) != .unasked })
            }
            #expect(runner.observation(of: slo) == .unasked)
        }
    }

    @Test func aServerThatIsAwayIsNoFinding() async throws {
        try await running { runner, server, told in
            server.fail(.unreachable("no route"))
            let slo = Self.slo()
            try Self.want(slo, runner)
            try await Task.sleep(for: .milliseconds(300))
            guard case .unanswered(let words) = runner.observation(of: slo) else { return #expect(Bool(false), "\(runner.observation(of: slo))") }
            #expect(words.contains("no route") && told.all.isEmpty)
        }
    }

    @Test func manyAreTriedAndNoneThatIsGone() async throws {
        try await running { runner, _, told in
            for index in 0..<9 { try Self.want(Self.slo("s\(index)"), runner) }
            #expect(await eventually(within: .seconds(60)) { Set(told.all.map(\.name)).count == 9 })
            runner.forget(ObjectKey(namespace: "shop", name: "s2"))
            #expect(runner.observation(of: Self.slo("s2")) == .unasked)
            #expect(runner.observation(of: Self.slo("s3")) != .unasked)
        }
    }

    @Test func severalAreAskedAboutAtOnceAndNoMore() async throws {
        try await running { runner, server, told in
            let gate = Latch()
            server.gate.withLock { $0 = gate }
            for index in 0..<9 { try Self.want(Self.slo("s\(index)"), runner) }
            #expect(await eventually { server.atOnce == PreflightRunner.lanes })
            try await Task.sleep(for: .milliseconds(300))
            #expect(server.atOnce == PreflightRunner.lanes && server.queries.count == PreflightRunner.lanes)
            gate.open()
            #expect(await eventually(within: .seconds(60)) { Set(told.all.map(\.name)).count == 9 })
        }
    }

    /// VictoriaMetrics says the status' code where Prometheus says `bad_data`.
    @Test(arguments: [
        ("bad_data", true, false), ("422", true, false), ("400", true, false), ("not_found", true, false), ("execution", false, true),
        ("timeout", false, true), ("canceled", false, false), ("unavailable", false, false), ("internal", false, false), ("503", false, false),
        ("429", false, false),
    ])
    func whatTheServerSaysOfAQuery(type: String, isRefused: Bool, isFailed: Bool) async throws {
        let server = ScriptedPrometheus()
        server.fail(.queryFailed(errorType: type, message: "its words"))
        let spec = try #require(Self.slo().spec)
        let question = try #require(SLOPreflight(spec, settings: RuleSettings()).questions.first)
        let answer = try? await PreflightAnswer.ask(question, server)
        #expect(answer == (isRefused ? .refused("its words") : isFailed ? .failed("its words") : nil))
    }

    /// A question that is too heavy says nothing against the text.
    @Test(arguments: [PrometheusError.Kind.timedOut("10 s"), .refused(status: 504, message: "10 s")]) func whatTakesTooLongWasRead(
        kind: PrometheusError.Kind
    ) async throws {
        let server = ScriptedPrometheus()
        server.fail(kind)
        let spec = try #require(Self.slo().spec)
        let question = try #require(SLOPreflight(spec, settings: RuleSettings()).questions.first)
        #expect(try await PreflightAnswer.ask(question, server) == .failed("10 s"))
    }
}
