import KubeModel
import KubeRuntime
import PlimsollAPI
import PrometheusClient
import Rollouts
import Values

/// Asks what the gates of a run want to know, and has it judged.
struct GateKeeper: Sendable {
    /// What is judged.
    struct Case: Sendable {
        var key: ObjectKey
        var spec: RolloutAnalysisSpec
        var canary: [ObservedPod]
        var stable: [ObservedPod]
        /// How many pods the canary should have.
        var expected: Int
        var slo: @Sendable (_ name: String) -> SLO?
    }

    let reader: CounterReader
    let pool: SamplerPool<CounterQuestion, CounterAnswer>

    /// Nobody asks any more.
    func release(_ key: ObjectKey) { pool.setQuestions([], of: key) }

    func judge(_ subject: Case, _ memory: inout GateMemory, now: Instant) async -> [GateOutcome] {
        var outcomes: [String: GateOutcome] = [:]
        var weighed: [EvidenceGate] = []
        for gate in subject.spec.gates {
            if let health = gate.health {
                outcomes[gate.name] = memory.observe(
                    subject.canary + subject.stable, gate: gate.name, health, expected: subject.expected, now: now)
            } else if gate.query == nil {
                do throws(EvidenceGate.Fault) {
                    let slo = gate.slo.flatMap { subject.slo($0.name) }
                    guard let evidence = try EvidenceGate(gate, slo: slo, workload: subject.spec.target.name) else { continue }
                    if let refusal = refusal(evidence.question.source, subject.key.namespace) {
                        outcomes[gate.name] = GateOutcome(gate.name, .blind(refusal))
                    } else {
                        weighed.append(evidence)
                    }
                } catch {
                    outcomes[gate.name] = GateOutcome(gate.name, .blind("\(error)"))
                }
            }
        }
        pool.setQuestions(Set(weighed.map(\.question)), of: subject.key)
        for outcome in await weigh(weighed, subject, &memory, now: now) { outcomes[outcome.gate] = outcome }
        for gate in subject.spec.gates {
            guard let query = gate.query else { continue }
            outcomes[gate.name] = await measure(gate.name, query, subject, &memory)
        }
        return subject.spec.gates.compactMap { outcomes[$0.name] }
    }

    /// When a gate wants to be asked again, though nothing happens.
    func due(_ memory: GateMemory, _ spec: RolloutAnalysisSpec, now: Instant) -> PromDuration? {
        let queries = memory.classic.values.compactMap(\.due).map { max(PromDuration.zero, $0.since(now)) + PromDuration(milliseconds: 1) }
        let health: [PromDuration] = spec.gates.contains { $0.health != nil } ? [.seconds(5)] : []
        return (queries + health).min()
    }

    private func refusal(_ source: String, _ namespace: String) -> String? {
        guard let definition = reader.sources[source] else { return "there is no Prometheus \(source) in the daemon's configuration" }
        return definition.allows(namespace) ? nil : "the Prometheus \(source) is not open to the namespace \(namespace)"
    }

    // MARK: Counts

    private func weigh(_ gates: [EvidenceGate], _ subject: Case, _ memory: inout GateMemory, now: Instant) async -> [GateOutcome] {
        guard !gates.isEmpty else { return [] }
        let risk = Risk(subject.spec.risk)
        let lives = lives(subject, memory.startedAt)
        var members: [EvidenceFamily.Member] = []
        var failures: [String: String] = [:]
        for gate in gates {
            let tick = reader.sources[gate.question.source]?.tick ?? .seconds(5)
            let settings = gate.settings(risk, gates: gates.count, since: memory.startedAt, tick: tick)
            let known = memory.current(gate.name, settings)
            let sample = pool.sample(of: gate.question)
            if let failure = sample?.failure { failures[gate.name] = failure }
            do {
                if let answer = try await answer(gate, since: known.through, sample?.value, now: now) {
                    let horizon = answer.askedAt.adding(.zero - CounterReader.lateness)
                    memory.fold(gate, answer.samples, pods: lives, through: horizon, settings: settings)
                }
            } catch {
                failures[gate.name] = "\(error)"
            }
            let expected = subject.canary.filter { $0.isReady && now.since($0.createdAt) > tick * 3 }.map(\.name)
            members.append(
                EvidenceFamily.Member(name: gate.name, evidence: memory.current(gate.name, settings), settings: settings, expectedPods: expected))
        }
        return EvidenceFamily.judge(members, risk: risk, now: now).map { judgement in
            guard judgement.verdict != .bad, let failure = failures[judgement.gate] else { return GateOutcome(judgement) }
            return GateOutcome(judgement.gate, .blind(failure))
        }
    }

    /// What the sampler has, where that goes back far enough; else what Prometheus still holds.
    private func answer(_ gate: EvidenceGate, since: Instant, _ polled: CounterAnswer?, now: Instant) async throws -> CounterAnswer? {
        if let polled, polled.askedAt.adding(.zero - CounterReader.window) <= since { return polled }
        let range = now.since(since) + .seconds(1)
        return try await reader.read(gate.question, range: min(range, .hours(2)))
    }

    /// A new pod's counters began at zero in this run; when it was made is known to the second only.
    private func lives(_ subject: Case, _ startedAt: Instant) -> [PodLife] {
        let slack = PromDuration.minutes(1)
        return subject.canary.map { pod in
            let isNew = startedAt.since(pod.createdAt) < slack
            return PodLife(name: pod.name, arm: .canary, startedAt: isNew ? max(pod.createdAt, startedAt) : pod.createdAt)
        } + subject.stable.map { PodLife(name: $0.name, arm: .stable, startedAt: $0.createdAt) }
    }

    // MARK: Queries

    private func measure(_ name: String, _ query: QueryGate, _ subject: Case, _ memory: inout GateMemory) async -> GateOutcome {
        if let refusal = refusal(query.source, subject.key.namespace) { return GateOutcome(name, .blind(refusal)) }
        guard let source = reader.sources[query.source] else { return GateOutcome(name, .blind("there is no Prometheus \(query.source)")) }
        let metric: ClassicMetric
        do throws(QueryGateFault) { metric = try ClassicMetric(name, query) } catch { return GateOutcome(name, .inconclusive(error.message)) }
        var run = memory.classic[name] ?? ClassicRun([metric], semantics: .cautious, startedAt: memory.startedAt)
        for case .measure(let metric) in run.step(now: reader.wallClock()) {
            do throws(PrometheusError) {
                let answer = try await source.client.query(query.promql, at: nil)
                if let value = ExpressionValue(answer.value) {
                    run.record(metric, value, at: reader.wallClock())
                } else {
                    run.record(metric, .error, message: "the query gives a string", at: reader.wallClock())
                }
            } catch {
                run.record(metric, .error, message: "\(error)", at: reader.wallClock())
            }
        }
        memory.classic[name] = run
        var outcome = GateOutcome(name, run.verdict)
        if let state = run.states[name] {
            outcome.evidence = "\(state.successful) good, \(state.failed) bad, \(state.inconclusive) inconclusive"
            if outcome.verdict == .bad { outcome.message = state.message.isEmpty ? "more bad measurements than failureLimit" : state.message }
        }
        return outcome
    }
}
