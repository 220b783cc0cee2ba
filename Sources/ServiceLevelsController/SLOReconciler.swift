import CoreMetrics
import KubeClient
import KubeModel
import KubeRuntime
import PlimsollAPI
import ServiceLevels
import Synchronization
import Values

/// Observe, decide, act, report, for one SLO at a time.
final class SLOReconciler: Sendable {
    /// What is remembered of an SLO between runs; all of it can be found anew.
    private struct Memory: Sendable {
        var uid: String
        var generation: Int64
        var source: String
        var desired: DesiredRules
        /// Of a composite.
        var members: CompositeMembers?
        var output: SLOObservation.Output
        /// Whether its subscriptions are those of its source.
        var isTakenUp = false
        /// Whether no other source has rules of it.
        var isAlone = false
        /// Whether the rules of another object that had the name are still to be taken out.
        var hasPredecessor = false
        /// When the output was last made to hold the rules.
        var writtenAt: Swift.Duration?
        /// The output's version before that.
        var seen = ""
        /// When the server last dropped what somebody was to be told.
        var lostAt: Swift.Duration?
    }

    private let instance: String
    private let client: KubeClient
    private let store: Store<SLO>
    private let isInScope: @Sendable (String) -> Bool
    private let sources: [String: SourceRuntime]
    private let notifiers: SLONotifiers
    private let gate: ConsistencyGate
    private let events: EventRecorder
    private let timeline: Timeline
    private let wallClock: @Sendable () -> Instant
    private let memory = Mutex<[ObjectKey: Memory]>([:])
    private let statusWrites = Counter(label: "plimsoll_slo_status_writes_total")
    private let ruleWrites = Counter(label: "plimsoll_slo_rule_writes_total")

    /// How often the output is looked at though nothing changed: somebody may have meddled with it.
    private static let outputCheck = Swift.Duration.seconds(300)

    init(
        instance: String, client: KubeClient, store: Store<SLO>, isInScope: @escaping @Sendable (String) -> Bool, sources: [String: SourceRuntime],
        notifiers: SLONotifiers, gate: ConsistencyGate, events: EventRecorder, timeline: Timeline, wallClock: @escaping @Sendable () -> Instant
    ) {
        self.instance = instance
        self.client = client
        self.store = store
        self.isInScope = isInScope
        self.sources = sources
        self.notifiers = notifiers
        self.gate = gate
        self.events = events
        self.timeline = timeline
        self.wallClock = wallClock
        statusWrites.increment(by: 0)
        ruleWrites.increment(by: 0)
    }

    func reconcile(_ key: ObjectKey) async -> Outcome {
        // One that is there and can't be read keeps what it has, as at the sweep.
        if store.get(key) == nil, isInScope(key.namespace), store.unreadable.contains(key.description) { return .done }
        guard let slo = store.get(key), slo.metadata.deletionTimestamp == nil, isInScope(key.namespace) else {
            return await forget(key)
        }
        do {
            return try await settle(slo)
        } catch let error as KubeError {
            if error.isConflict { return .conflict }
            // Gone in the meantime: its deletion is on its way here. While the cache has it, it may as well be a proxy's 404, and nothing else would come.
            if error.isNotFound { return store.get(key) == nil ? .done : .retry(error) }
            if let delay = error.retryAfter { return .throttled(after: delay) }
            return .retry(error)
        } catch {
            return .retry(error)
        }
    }

    // MARK: Removal

    /// The object is gone or none of ours: so are its rules.
    private func forget(_ key: ObjectKey) async -> Outcome {
        for source in sources.values { source.unsubscribe(key) }
        notifiers.forget(key)
        memory.withLock { $0[key] = nil }
        do {
            for source in sources.values { try await source.output.remove(key) }
            return .done
        } catch {
            return .retry(error)
        }
    }

    // MARK: The four steps

    private func settle(_ slo: SLO) async throws -> Outcome {
        let key = slo.metadata.key
        let known = remembered(slo)
        let source = sources[known.source]
        // Another object under the name: what its predecessor left is none of its own.
        if known.hasPredecessor {
            notifiers.forget(key)
            for source in sources.values { try await source.output.remove(key) }
            memory.withLock { $0[key]?.hasPredecessor = false }
        }
        if !known.isTakenUp { takeUp(key, known, source) }
        let wasAsked = source?.wasAsked ?? true
        var observation = source?.observation(of: key, output: effective(known.output, source, key)) ?? SLOObservation()
        notifiers.observe(key, &observation)
        observation.gaps = known.members?.gaps ?? []
        if let source, case .rules(let rules) = known.desired, let spec = slo.spec.map({ known.members?.resolved($0) ?? $0 }) {
            // Members that came along with a composite record nothing before their rules are loaded, as its own are by then.
            if spec.indicator.composite == nil || observation.figuresFollowEvaluation {
                source.preflight.want(slo, spec, source.definition.settings, isServed: SLODecider.isServed(rules, observation))
            }
            observation.preflight = source.preflight.observation(of: slo)
        }
        var decision = SLODecider.decide(slo, desired: known.desired, observation: observation, now: wallClock())
        // Of what this process wrote: the status before may be of rules of another layout.
        let isLoaded = decision.status.conditions["RulesLoaded"]?.status == .true && observation.figuresFollowEvaluation
        if let source, case .rules(let rules) = known.desired { source.output.observed(rules, of: key, observation, isLoaded: isLoaded) }
        var failure: (any Error)?
        let version = source?.output.version(of: key) ?? ""
        if case .write(let rules) = decision.rules, let source, isDue(known, version) {
            let output: SLOObservation.Output
            do {
                if try await source.output.write(rules, for: slo) { ruleWrites.increment() }
                output = .written
            } catch {
                failure = error
                output = .failed(message: "\(error)", isFinal: error is RuleObjects.TooLarge)
            }
            memory.withLock { memory in
                memory[key]?.output = output
                memory[key]?.writtenAt = failure == nil ? timeline.now : nil
                memory[key]?.seen = version
            }
            let shown = effective(output, source, key)
            if shown != observation.output {
                observation.output = shown
                decision = SLODecider.decide(slo, desired: known.desired, observation: observation, now: wallClock())
            }
        }
        if failure == nil, !known.isAlone, let source, case .rules(let rules) = known.desired, observation.output == .written,
            source.output.isComplete(rules, for: slo)
        {
            try await leaveOthers(key, source)
        }
        // After a restart the status stands until Prometheus was asked: nothing has changed but us. The first samples enqueue everybody.
        if !wasAsked, failure == nil, slo.status.observedGeneration == slo.metadata.generation { return .done }
        let status = try await report(decision, slo, known.desired, observation)
        // Only now: what is told is in the status. While the spec is invalid that is what was under way when it became so.
        var recentWindow: PromDuration?
        if case .rules(let rules) = known.desired { recentWindow = rules.tiers.first?.long }
        notifiers.tell(slo, status, observation.figures, recentWindow)
        if let failure, !(failure is RuleObjects.TooLarge) { return .retry(failure) }
        var next = decision.requeueAfter.map { min(Swift.Duration.milliseconds($0.milliseconds), Self.outputCheck) } ?? Self.outputCheck
        // Figures that still say nothing of it are no news that would come by itself.
        if let source, !observation.figuresFollowEvaluation {
            next = min(next, .milliseconds(source.definition.pollInterval.milliseconds))
        }
        return .requeue(after: next)
    }

    private func takeUp(_ key: ObjectKey, _ known: Memory, _ source: SourceRuntime?) {
        source?.subscribe(key)
        for other in sources.values where other.definition.name != known.source { other.unsubscribe(key) }
        memory.withLock { $0[key]?.isTakenUp = true }
    }

    /// Takes an SLO's rules out of its former source, once they are in the new one: until then its alerts go on there. While the spec is invalid, or
    /// its PromQL not yet read, what was asked for before stays, wherever it is.
    private func leaveOthers(_ key: ObjectKey, _ source: SourceRuntime) async throws {
        for other in sources.values where other.definition.name != source.definition.name {
            if other.definition.output.sharesPlace(with: source.definition.output) {
                other.output.disown(key)
            } else {
                try await other.output.remove(key)
            }
        }
        memory.withLock { $0[key]?.isAlone = true }
    }

    private func remembered(_ slo: SLO) -> Memory {
        let key = slo.metadata.key
        let known = memory.withLock { $0[key] }
        let now = wallClock()
        let members = members(of: slo)
        if let known, known.uid == slo.metadata.uid, known.generation == slo.metadata.generation, known.members == members,
            !known.desired.isOutdated(at: now)
        {
            return known
        }
        let source = slo.spec?.source ?? known?.source ?? "default"
        let desired = DesiredRules(
            slo, instance: instance, settings: sources[source]?.definition.settings ?? RuleSettings(), refusals: refusals(slo, source),
            members: members, now: now)
        var fresh = Memory(
            uid: slo.metadata.uid, generation: slo.metadata.generation, source: source, desired: desired, members: members, output: .pending)
        fresh.hasPredecessor = known.map { $0.hasPredecessor || $0.uid != slo.metadata.uid } ?? false
        memory.withLock { $0[key] = fresh }
        return fresh
    }

    /// What a composite is made of, as the cache has it.
    private func members(of slo: SLO) -> CompositeMembers? {
        slo.spec.flatMap { spec in
            CompositeMembers(slo.metadata.key, spec) { [store, isInScope] key in
                guard isInScope(key.namespace) else { return .nothing }
                guard let member = store.get(key) else { return store.unreadable.contains(key.description) ? .invalid(sharedWith: []) : .nothing }
                guard member.metadata.deletionTimestamp == nil else { return .nothing }
                return member.spec.map { .slo($0) } ?? .invalid(sharedWith: member.sharedWith)
            }
        }
    }

    /// What this installation has against the spec.
    private func refusals(_ slo: SLO, _ source: String) -> [Problem] {
        guard slo.spec != nil else { return [] }
        guard let runtime = sources[source] else {
            let names = sources.keys.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
            return [
                Problem(
                    "spec.source", "is no Prometheus of the daemon's configuration; there \(names.isEmpty ? "is none" : "are: \(names)")",
                    got: .string(source))
            ]
        }
        if runtime.definition.allows(slo.metadata.namespace) { return [] }
        return [
            Problem(
                "spec.source", "is not open to the namespace \(slo.metadata.namespace): the daemon's configuration lists allowedNamespaces",
                got: .string(source))
        ]
    }

    /// What was written helps nobody while something keeps it from being loaded.
    private func effective(_ output: SLOObservation.Output, _ source: SourceRuntime?, _ key: ObjectKey) -> SLOObservation.Output {
        guard output == .written, let trouble = source?.output.trouble(of: key) else { return output }
        return .failed(message: trouble, isFinal: false)
    }

    private func isDue(_ known: Memory, _ version: String) -> Bool {
        guard known.output == .written, known.seen == version, let writtenAt = known.writtenAt else { return true }
        return timeline.now - writtenAt >= Self.outputCheck
    }

    /// - Returns: the status as it is told of: of what somebody is to know, all that the server has kept.
    private func report(_ decision: Decision, _ slo: SLO, _ desired: DesiredRules, _ observation: SLOObservation) async throws -> SLOStatus {
        let key = slo.metadata.key
        var status = decision.status
        // A schema without the field drops it without a word; that it has the field by now is seen only by trying.
        let lostAt = memory.withLock { $0[key]?.lostAt }
        if !decision.withheld.isEmpty, lostAt.map({ timeline.now - $0 >= Self.outputCheck }) ?? true { status.notifications = decision.withheld }
        let kept = try await write(status, of: slo)
        record(decision.events, slo)
        if !kept.status.keeps(status.notifications) {
            memory.withLock { $0[key]?.lostAt = timeline.now }
            var observation = observation
            observation.losesRecords = true
            let second = SLODecider.decide(kept, desired: desired, observation: observation, now: wallClock())
            _ = try await write(second.status, of: kept)
            record(second.events, slo)
        }
        status.notifications = kept.status.notifications
        return status
    }

    /// - Returns: the object as the server has it then.
    private func write(_ status: SLOStatus, of slo: SLO) async throws -> SLO {
        guard status != slo.status else { return slo }
        var patch = JSON.mergePatch(from: slo.status.json, to: status.json)
        patch = ["metadata": ["resourceVersion": .string(slo.metadata.resourceVersion)], "status": patch]
        let written = SLO(json: try await client.patch(SLO.resource, slo.metadata.key, subresource: "status", .merge(patch)))
        statusWrites.increment()
        gate.wroteAt(owner: slo.metadata.key, kind: SLO.resource, resourceVersion: written.metadata.resourceVersion)
        return written
    }

    private func record(_ list: [Decision.Event], _ slo: SLO) {
        let reference = ObjectReference(
            apiVersion: SLO.resource.apiVersion, kind: SLO.resource.kind, namespace: slo.metadata.namespace, name: slo.metadata.name,
            uid: slo.metadata.uid)
        for event in list {
            events.record(reference, event.kind == .warning ? .warning : .normal, reason: event.reason, action: "Reconcile", note: event.note)
        }
    }
}

extension SLOStatus {
    /// Whether it has all of these, whatever else it says of them.
    fileprivate func keeps(_ records: [SLONotification]) -> Bool {
        records.allSatisfy { wanted in
            notifications.contains {
                $0.policy == wanted.policy && $0.notifier == wanted.notifier && $0.state == wanted.state && $0.since == wanted.since
            }
        }
    }
}
