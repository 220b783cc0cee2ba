import KubeClient
import KubeModel
import KubeRuntime
import PlimsollAPI
import Rollouts
import Synchronization
import Values

/// Observe, decide, act, report, for one analysis at a time.
final class RolloutReconciler: Sendable {
    /// What is remembered of an analysis between runs; all of it can be found anew.
    struct Memory: Sendable {
        var uid: String
        /// The run that the gates' memory is of.
        var run = ""
        var gates: GateMemory?
        var savedAt: Swift.Duration?
        /// Why the last attempt to act failed, and when that was.
        var obstacle: String?
        var obstacleAt: Swift.Duration?
        /// What the account was found not to be allowed.
        var refusals: [RolloutTrouble] = []
        var preflightAt: Swift.Duration?
        var preflightGeneration: Int64 = -1
        /// Alerts that were told in this run.
        var alerted: Set<String> = []
    }

    private let client: KubeClient
    private let analyses: Store<RolloutAnalysis>
    private let runs: RunStore
    private let workloads: [String: WorkloadCaches]
    private let authority: Authority
    private let gates: GateKeeper
    private let isInScope: @Sendable (String) -> Bool
    private let slo: @Sendable (ObjectKey) -> SLO?
    private let gate: ConsistencyGate
    private let events: EventRecorder
    private let metrics = RolloutMetrics()
    private let timeline: Timeline
    private let wallClock: @Sendable () -> Instant
    private let memory = Mutex<[ObjectKey: Memory]>([:])

    private static let checkpointEvery = Swift.Duration.seconds(60)
    private static let preflightEvery = Swift.Duration.seconds(300)
    private static let obstacleRetry = Swift.Duration.seconds(15)

    init(
        client: KubeClient, analyses: Store<RolloutAnalysis>, runs: RunStore, workloads: [String: WorkloadCaches], authority: Authority,
        gates: GateKeeper, isInScope: @escaping @Sendable (String) -> Bool, slo: @escaping @Sendable (ObjectKey) -> SLO?, gate: ConsistencyGate,
        events: EventRecorder, timeline: Timeline, wallClock: @escaping @Sendable () -> Instant
    ) {
        self.client = client
        self.analyses = analyses
        self.runs = runs
        self.workloads = workloads
        self.authority = authority
        self.gates = gates
        self.isInScope = isInScope
        self.slo = slo
        self.gate = gate
        self.events = events
        self.timeline = timeline
        self.wallClock = wallClock
    }

    func reconcile(_ key: ObjectKey) async -> Outcome {
        guard let analysis = analyses.get(key), !analysis.metadata.isDeleting, isInScope(key.namespace) else {
            gates.release(key)
            memory.withLock { $0[key] = nil }
            return .done
        }
        do {
            return try await settle(analysis)
        } catch is Outdated {
            return .conflict
        } catch let error as KubeError {
            if error.isConflict || error.isAlreadyExists { return .conflict }
            if error.isNotFound, analyses.get(key) == nil { return .done }
            if let delay = error.retryAfter { return .throttled(after: delay) }
            return .retry(error)
        } catch {
            return .retry(error)
        }
    }

    // MARK: The four steps

    private func settle(_ analysis: RolloutAnalysis) async throws -> Outcome {
        let key = analysis.metadata.key
        var own = memory.withLock { $0[key] } ?? Memory(uid: analysis.metadata.uid)
        if own.uid != analysis.metadata.uid { own = Memory(uid: analysis.metadata.uid) }
        defer { memory.withLock { [own] in $0[key] = own } }
        let history = runs.runs(of: analysis)
        var state = history.last.flatMap { $0.status.state.flatMap(RolloutState.init(json:)) } ?? RolloutState()
        if let last = history.last, state.attempt != Int(last.spec.attempt) {
            // What can't be read must not pass for a new beginning.
            let message = "the RolloutRun \(last.metadata.name) makes no sense; delete it to begin anew"
            return try await stop(analysis, RolloutTrouble("RunUnreadable", message, isFinal: true), state)
        }
        let isBusy = state.isActive || state.phase == .rollingBack || state.phase == .failed
        // A run goes on with the spec that it began with.
        var ignored: [Problem] = []
        let begun = isBusy ? history.last?.spec.settings.flatMap { RolloutAnalysisSpec.decode($0, at: "spec", problems: &ignored) } : nil
        guard let spec = begun ?? analysis.spec, begun != nil || spec.engineProblems.isEmpty else {
            let problems = analysis.problems + (analysis.spec?.engineProblems ?? [])
            return try await stop(analysis, RolloutTrouble("Invalid", problems.summary(), isFinal: true), state)
        }
        if let trouble = trouble(analysis, spec) { return try await stop(analysis, trouble, state) }
        guard let caches = workloads[key.namespace],
            let deployment = caches.deployments.store.get(ObjectKey(namespace: key.namespace, name: spec.target.name)),
            !deployment.metadata.isDeleting
        else {
            gates.release(key)
            let message = "there is no Deployment \(spec.target.name) in the namespace \(key.namespace)"
            return try await stop(analysis, RolloutTrouble("TargetNotFound", message), state)
        }
        let view = TargetView(analysis, spec, deployment, caches, history.last)
        let now = wallClock()
        if own.run != state.run || own.gates == nil {
            own.run = state.run
            own.gates = GateMemory(startedAt: state.startedAt ?? now, checkpoint: history.last?.status.checkpoint)
            own.alerted = []
        }
        let findings = try await preflight(view, &own, state)
        var outcomes: [GateOutcome] = []
        var observation = view.picture.observation
        if state.isActive, state.candidate == view.picture.template, var memory = own.gates {
            outcomes = await gates.judge(view.gateCase(state, slo: sloReader(key.namespace)), &memory, now: now)
            own.gates = memory
            for outcome in outcomes { observation.verdicts[outcome.gate] = outcome.verdict }
        } else if !state.isActive {
            gates.release(key)
        }
        observation.budget = budget(analysis, spec, now)
        let command = ManualCommand.read(analysis.metadata.annotations)
        if case .command(let command) = command { observation.command = command } else { state.handledCommand = "" }
        if let known = own.obstacle, let at = own.obstacleAt, timeline.now - at >= Self.obstacleRetry {
            own.obstacle = try await stillStands(state, view, known)
            own.obstacleAt = timeline.now
        }
        observation.obstacle = own.obstacle
        let prior = state
        let plan = RolloutPlan(spec, replicas: view.picture.replicas, maxSurge: view.picture.maxSurge)
        let decision = RolloutDecider.decide(plan, prior: prior, observation: observation, now: now)
        try await save(decision, prior: prior, view, history, &own)
        tell(decision, view, outcomes, &own)
        metrics.moved(from: prior, to: decision.state)
        // What stands in the way is asked about now and then, and not run against.
        let failure = own.obstacle == nil ? try await act(decision, view) : nil
        if let failure {
            own.obstacle = failure
            own.obstacleAt = timeline.now
        }
        if case .command(let told) = command, decision.state.handledCommand == told.id { try await removeCommand(analysis, told.id) }
        let latest = runs.runs(of: analysis)
        try await runs.prune(latest)
        var report = RolloutReport(state: decision.state)
        view.fill(&report, plan: plan, state: decision.state)
        report.gates = outcomes
        report.runs = latest.map(\.metadata.name)
        report.preflight = findings + (own.obstacle.map { [RolloutTrouble("Blocked", $0)] } ?? [])
        report.isPreflighted = true
        try await write(report.status(analysis, now: now), of: analysis)
        if case .unknown(let text) = command {
            let accepted = RolloutObservation.Command.Verb.allCases.map(\.rawValue).joined(separator: ", ")
            let message = "\(ManualCommand.annotation): \"\(text.prefix(63))\" is none of \(accepted)"
            tellOne(view, RolloutEvent(isWarning: true, reason: "CommandUnknown", message: message))
        }
        return .requeue(after: next(decision, own, spec, now: now, failed: failure != nil))
    }

    private func next(_ decision: RolloutDecider.Decision, _ own: Memory, _ spec: RolloutAnalysisSpec, now: Instant, failed: Bool) -> Swift.Duration {
        var waits: [PromDuration] = [.seconds(300)]
        if let after = decision.requeueAfter { waits.append(after) }
        if decision.state.isActive {
            waits.append(.seconds(10))
            if let memory = own.gates, let due = gates.due(memory, spec, now: now) { waits.append(due) }
        }
        if decision.state.phase == .rollingBack { waits.append(.seconds(5)) }
        // What stands in the way is for the next look to think about.
        if failed { waits.append(PromDuration(milliseconds: 200)) }
        if own.obstacle != nil { waits.append(.seconds(15)) }
        return (waits.min() ?? .seconds(10)).swiftDuration + .milliseconds(5)
    }

    // MARK: Observe

    private func sloReader(_ namespace: String) -> @Sendable (String) -> SLO? {
        { [slo] name in slo(ObjectKey(namespace: namespace, name: name)) }
    }

    private func budget(_ analysis: RolloutAnalysis, _ spec: RolloutAnalysisSpec, _ now: Instant) -> RolloutObservation.Budget {
        if case .until(let end, _) = Override(analysis.metadata.annotations), now < end { return .allowed }
        return RolloutObservation.Budget(spec.errorBudget, slo: sloReader(analysis.metadata.namespace), now: now)
    }

    /// What keeps it from being worked on, whatever the world is like.
    private func trouble(_ analysis: RolloutAnalysis, _ spec: RolloutAnalysisSpec) -> RolloutTrouble? {
        let key = analysis.metadata.key
        let rivals = analyses.byIndex(RolloutController.byTarget, spec.target.name).filter {
            $0.metadata.namespace == key.namespace && $0.metadata.name != key.name && !$0.metadata.isDeleting && $0.spec?.target == spec.target
        }
        func age(_ one: RolloutAnalysis) -> (Instant, String) { (one.metadata.creationTimestamp ?? .epoch, one.metadata.name) }
        if let elder = rivals.filter({ age($0) < age(analysis) }).min(by: { age($0) < age($1) }) {
            return RolloutTrouble(
                "TargetTaken",
                "spec.target: \(spec.target.kind) \(spec.target.name) is the target of the RolloutAnalysis \(elder.metadata.name) already; delete one of them",
                isFinal: true)
        }
        let request = ActingRequest(kind: RolloutAnalysis.resource.kind, object: key, account: spec.serviceAccountName)
        if workloads[key.namespace] == nil, case .refuse(let refusal) = authority.policy.decide(request) {
            return RolloutTrouble(refusal.reason.rawValue, refusal.description, isFinal: true)
        }
        return nil
    }

    private func preflight(_ view: TargetView, _ own: inout Memory, _ state: RolloutState) async throws -> [RolloutTrouble] {
        let generation = view.analysis.metadata.generation
        let wait = own.refusals.isEmpty ? Self.preflightEvery : Self.obstacleRetry
        if own.preflightGeneration != generation || own.preflightAt.map({ timeline.now - $0 >= wait }) ?? true {
            var found: [RolloutTrouble] = []
            do {
                try await authority.acting(view.request) { try await view.actor($0).probe() }
            } catch let refusal as AuthorityRefusal {
                found.append(RolloutTrouble(refusal.reason.rawValue, refusal.description))
            } catch let obstacle as Obstacle {
                found.append(RolloutTrouble("Forbidden", obstacle.description))
            } catch is Outdated {
                // The workload is another by now; it is looked at again when the cache has it.
            }
            own.refusals = found
            own.preflightAt = timeline.now
            own.preflightGeneration = generation
        }
        return own.refusals + view.findings(state)
    }

    // MARK: Act

    /// State first: what can't be kept must not be done.
    private func save(
        _ decision: RolloutDecider.Decision, prior: RolloutState, _ view: TargetView, _ history: [RolloutRun], _ own: inout Memory
    ) async throws {
        let state = decision.state
        let isDue = state.isActive && (own.savedAt.map { timeline.now - $0 >= Self.checkpointEvery } ?? true)
        guard state != prior || isDue else { return }
        if state.stable.isEmpty, state.attempt == 0 { return }
        let isNew = history.last.map { Int($0.spec.attempt) != state.attempt } ?? true
        var run: RolloutRun
        if let last = history.last, !isNew {
            run = last
        } else {
            run = view.newRun(runs.metadata(of: view.analysis, attempt: state.attempt), state)
        }
        view.fill(&run, state, decision.events, checkpoint: isNew ? nil : own.gates?.checkpoint, now: wallClock())
        try await runs.write(run, of: view.analysis)
        own.savedAt = timeline.now
    }

    /// - Returns: what stands in the way.
    private func act(_ decision: RolloutDecider.Decision, _ view: TargetView) async throws -> String? {
        let steps = view.steps(decision)
        guard !steps.isEmpty else { return nil }
        do {
            try await authority.acting(view.request) { client in
                let actor = view.actor(client)
                for step in steps { try await perform(step, actor, view, decision.state) }
            }
            return nil
        } catch let obstacle as Obstacle {
            return obstacle.description
        } catch let refusal as AuthorityRefusal {
            return refusal.description
        }
    }

    private func perform(_ step: TargetView.Step, _ actor: DeploymentActor, _ view: TargetView, _ state: RolloutState) async throws {
        switch step {
        case .rollBack(let from, let to, let run): try await actor.rollBack(from: from, to: to, run: run, reason: state.rollback?.reason ?? "")
        case .quarantine(let template): try await actor.quarantine(template)
        case .liftQuarantine: try await actor.liftQuarantine(keepPaused: view.spec.start == .guarded)
        case .setPaused(let paused): try await actor.setPaused(paused)
        case .create(let replicas): try await actor.createReplicaSet(replicas: replicas)
        case .scale(let replicaSet, let replicas): try await actor.scale(replicaSet, to: replicas)
        }
    }

    /// Whether what stood in the way of acting still does: tried without an effect.
    private func stillStands(_ state: RolloutState, _ view: TargetView, _ known: String) async throws -> String? {
        do {
            try await authority.acting(view.request) { client in
                var actor = view.actor(client)
                actor.dryRun = true
                if let rollback = state.rollback, view.picture.template == rollback.from {
                    try await actor.rollBack(from: rollback.from, to: rollback.to, run: state.run, reason: rollback.reason)
                } else {
                    try await actor.probe()
                }
            }
            return nil
        } catch let obstacle as Obstacle {
            return obstacle.description
        } catch let refusal as AuthorityRefusal {
            return refusal.description
        } catch is Outdated {
            return known
        }
    }

    private func removeCommand(_ analysis: RolloutAnalysis, _ text: String) async throws {
        let pointer = JSONPointer("metadata", "annotations", ManualCommand.annotation)
        do throws(KubeError) {
            let kept = try await client.patch(
                RolloutAnalysis.resource, analysis.metadata.key, .json([.test(pointer, .string(text)), .remove(pointer)]))
            gate.wroteAt(
                owner: analysis.metadata.key, kind: RolloutAnalysis.resource,
                resourceVersion: kept["metadata"]?["resourceVersion"]?.stringValue ?? "")
        } catch {
            // Somebody has written another meanwhile.
            guard error.isInvalid else { throw error }
        }
    }

    // MARK: Report

    private func stop(_ analysis: RolloutAnalysis, _ trouble: RolloutTrouble, _ state: RolloutState) async throws -> Outcome {
        var report = RolloutReport(state: state)
        report.trouble = trouble
        try await write(report.status(analysis, now: wallClock()), of: analysis)
        return .requeue(after: .seconds(300))
    }

    private func write(_ status: RolloutAnalysisStatus, of analysis: RolloutAnalysis) async throws {
        guard status != analysis.status else { return }
        let patch: JSON = [
            "metadata": ["resourceVersion": .string(analysis.metadata.resourceVersion)],
            "status": JSON.mergePatch(from: analysis.status.json, to: status.json),
        ]
        do throws(KubeError) {
            let kept = try await client.patch(RolloutAnalysis.resource, analysis.metadata.key, subresource: "status", .merge(patch))
            gate.wroteAt(
                owner: analysis.metadata.key, kind: RolloutAnalysis.resource,
                resourceVersion: kept["metadata"]?["resourceVersion"]?.stringValue ?? "")
        } catch {
            // A summary: the change that it lost against brings the next one.
            guard error.isConflict else { throw error }
        }
    }

    private func tell(_ decision: RolloutDecider.Decision, _ view: TargetView, _ outcomes: [GateOutcome], _ own: inout Memory) {
        for event in decision.events { tellOne(view, event) }
        for gate in view.spec.gates where (gate.onBreach ?? view.spec.onBreach) == .alert {
            guard let outcome = outcomes.first(where: { $0.gate == gate.name }), outcome.verdict == .bad, own.alerted.insert(gate.name).inserted
            else {
                continue
            }
            tellOne(view, RolloutEvent(isWarning: true, reason: "GateBreached", message: "gate \(gate.name): \(outcome.message)"))
        }
    }

    /// On the analysis and on the workload.
    private func tellOne(_ view: TargetView, _ event: RolloutEvent) {
        for reference in view.references {
            events.record(
                reference, event.isWarning ? .warning : .normal, reason: event.reason, action: "Rollout",
                note: event.message.isEmpty ? event.reason : event.message)
        }
    }
}
