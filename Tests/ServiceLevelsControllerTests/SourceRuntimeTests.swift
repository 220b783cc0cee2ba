import KubeModel
import KubeRuntime
import Logging
import PlimsollAPI
import PrometheusClient
import PrometheusModel
import ServiceLevels
import Synchronization
import TestSupport
import Testing
import Values

@testable import ServiceLevelsController

struct SourceRuntimeTests {
    /// An output that nothing is asked of here.
    private struct NoOutput: RuleOutput {
        func write(_ rules: GeneratedRules, for slo: SLO) async throws -> Bool { false }
        func version(of key: ObjectKey) -> String { "" }
        func remove(_ key: ObjectKey) async throws {}
        func sweep(keeping kept: @escaping @Sendable () -> Set<ObjectKey>) async throws {}
        func trouble(of key: ObjectKey) -> String? { nil }
        func onLoad(_ handler: @escaping @Sendable (Set<ObjectKey>) -> Void) {}
        var parts: [ManagedPart] { [] }
    }

    private let prometheus = ScriptedPrometheus()
    private let known = ObjectKey(namespace: "shop", name: "known")
    private let unknown = ObjectKey(namespace: "shop", name: "unknown")
    private let clock = ManualClock()

    private func source(notify: @escaping @Sendable (ObjectKey) -> Void = { _ in }) -> SourceRuntime {
        let definition = SLOSourceDefinition(
            name: "default", client: prometheus, settings: RuleSettings(), output: .configMap, pollInterval: .seconds(15), allows: { _ in true })
        return SourceRuntime(
            definition, output: NoOutput(), instance: "main", timeline: Timeline(clock), wallClock: { Instant(seconds: 5_000) },
            logger: Logger(label: "test"), notify: notify)
    }

    private func script(total: Double) {
        let identity = SeriesIdentity(instance: "main", key: known)
        prometheus.answer(
            .events, instance: "main", .vector(ScriptedPrometheus.events(identity, windows: ["period"], total: total, errors: 1)))
        prometheus.load([LoadedRuleGroup(name: identity.groupName(.fast))])
    }

    private func whilePolling(_ source: SourceRuntime, _ body: () async -> Void) async {
        let tasks = source.parts.map { part in Task { try await part.run() } }
        defer { for task in tasks { task.cancel() } }
        await body()
    }

    @Test func beforeTheFirstPollNothingWasAsked() {
        #expect(
            source().observation(of: known, output: .written)
                == SLOObservation(output: .written, rules: .unasked, figures: .unasked, figuresFollowEvaluation: false))
    }

    @Test func whatWasReadIsGivenToEach() async {
        script(total: 10)
        let source = source()
        await whilePolling(source) {
            #expect(await eventually { source.figures.sample.value != nil && source.rules.sample.value != nil })
            let observation = source.observation(of: known, output: .pending)
            #expect(observation.output == .pending)
            guard case .loaded(let groups) = observation.rules, case .read(let figures?) = observation.figures else {
                Issue.record("\(observation)")
                return
            }
            #expect(groups.map(\.name) == ["plimsoll/main/shop/known/fast"])
            #expect(figures.groups.map(\.period) == [EventCounts(total: 10, errors: 1)])
            // Asked, and nothing is there: not the same as not asked.
            var expected = SLOObservation(output: .pending, rules: .loaded([]), figures: .read(nil), figuresFollowEvaluation: false)
            expected.days = source.days.sample.value
            #expect(source.observation(of: unknown, output: .pending) == expected)
        }
    }

    /// Each past day is asked for once, and the next day one more.
    @Test func pastDaysAreAskedForOnce() async throws {
        let day = Mutex(Instant(seconds: 20_000 * 86_400 + 43_200))
        let reader = PastDaysReader(prometheus, instance: "main", wallClock: { day.withLock { $0 } })
        #expect(try await reader.read().known.count == 31)
        #expect(prometheus.pastQueries == 31)
        _ = try await reader.read()
        #expect(prometheus.pastQueries == 31)
        day.withLock { $0 = $0.adding(.days(1)) }
        #expect(try await reader.read().known.count == 31)
        #expect(prometheus.pastQueries == 32)
        // What was got before a failure stays.
        prometheus.fail(.unreachable("connection refused"))
        day.withLock { $0 = $0.adding(.days(1)) }
        await #expect(throws: PrometheusError.self) { try await reader.read() }
        prometheus.fail(nil)
        #expect(try await reader.read().known.count == 31)
        #expect(prometheus.pastQueries == 34)
    }

    @Test func aFailureMakesAllUnavailableAndGoesAgain() async {
        script(total: 10)
        prometheus.fail(.unreachable("connection refused"))
        let source = source()
        let message = "Prometheus 'scripted' can't be reached: connection refused"
        await whilePolling(source) {
            #expect(await eventually { source.figures.sample.failure != nil && source.rules.sample.failure != nil })
            #expect(
                source.observation(of: known, output: .written)
                    == SLOObservation(output: .written, rules: .unavailable(message), figures: .unavailable(message), figuresFollowEvaluation: false))
            prometheus.fail(nil)
            #expect(await eventually { clock.sleeperCount == 3 + PreflightRunner.lanes })
            clock.advance(by: .seconds(60))
            #expect(await eventually { source.figures.sample.failure == nil && source.rules.sample.failure == nil })
            guard case .read(_?) = source.observation(of: known, output: .written).figures else {
                Issue.record("no figures after the failure")
                return
            }
        }
    }

    @Test func onlyThoseConcernedAreTold() async {
        script(total: 10)
        let told = Mutex<[ObjectKey]>([])
        let source = source { key in told.withLock { $0.append(key) } }
        source.subscribe(known)
        source.subscribe(unknown)
        await whilePolling(source) {
            // The first answer concerns everybody: now it is known that nothing is known. Twice, by figures and by rules.
            #expect(await eventually { told.withLock { $0.sorted() } == [known, known, unknown, unknown] })
            #expect(await eventually { clock.sleeperCount == 3 + PreflightRunner.lanes })
            told.withLock { $0 = [] }
            clock.advance(by: .seconds(20))
            #expect(await eventually { prometheus.ruleRequests == 2 && prometheus.queries.count == 2 * FleetQueries.Question.allCases.count })
            #expect(await eventually { clock.sleeperCount == 3 + PreflightRunner.lanes })
            #expect(told.withLock { $0 } == [], "the same again is no news")
            script(total: 11)
            clock.advance(by: .seconds(20))
            #expect(await eventually { told.withLock { $0 } == [known] })
            #expect(await eventually { clock.sleeperCount == 3 + PreflightRunner.lanes })
            source.unsubscribe(known)
            script(total: 12)
            clock.advance(by: .seconds(20))
            #expect(await eventually { prometheus.ruleRequests == 4 && prometheus.queries.count == 4 * FleetQueries.Question.allCases.count })
            #expect(await eventually { clock.sleeperCount == 3 + PreflightRunner.lanes })
            #expect(told.withLock { $0 } == [known])
        }
    }
}
