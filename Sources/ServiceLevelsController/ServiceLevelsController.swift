package import KubeClient
package import KubeModel
package import KubeRuntime
package import Logging
import Notify
package import PlimsollAPI
import PrometheusClient
import ServiceLevels
package import Values

/// The controller of SLOs, put together: caches, samplers, outputs and workers, for a manager to run.
package struct SLOController: Sendable {
    /// Whose objects it works on.
    package struct Scope: Sendable {
        /// The one namespace to watch; nil watches all.
        package var namespace: String?
        /// Only objects with these labels; nil: all.
        package var labelSelector: String?
        package var contains: @Sendable (_ namespace: String) -> Bool

        package init(namespace: String?, labelSelector: String? = nil, contains: @escaping @Sendable (_ namespace: String) -> Bool) {
            self.namespace = namespace
            self.labelSelector = labelSelector
            self.contains = contains
        }
    }

    package let controller: Controller
    package let caches: [any CacheService]
    /// What must run beside the controller.
    package let background: [ManagedPart]
    /// The rights it needs.
    package let requiredAccess: [RequiredAccess]
    private let client: KubeClient
    private let store: Store<SLO>
    private let slos: any CacheService
    private let scope: Scope
    let sources: [String: SourceRuntime]
    private let relay: KeyRelay
    private let notifiers: [NotifierRuntime]
    private let sweeps: [OrphanSweep]

    package init(
        instance: String, client: KubeClient, scope: Scope, sources definitions: [SLOSourceDefinition],
        notifiers notifierDefinitions: [SLONotifierDefinition] = [], events: EventRecorder, workers: Int = 8, fence: WriteFence? = nil,
        timeline: Timeline = Timeline(), wallClock: @escaping @Sendable () -> Instant, logger: Logger
    ) {
        // Without a leader's lease nothing is written, by whatever way.
        let client = client.fenced(by: fence)
        self.client = client
        let admission = ListAdmission()
        let slos = Reflector(
            source: KubeCollection(client, of: SLO.self, namespace: scope.namespace, labelSelector: scope.labelSelector),
            store: Store<SLO>(indexes: CompositeWatch.indexes), admission: admission, timeline: timeline)
        let gate = ConsistencyGate(timeline: timeline)
        gate.register(slos.store)
        let relay = KeyRelay()
        let objects = OutputObjects(
            instance: instance, client: client, namespace: scope.namespace, gate: gate, fence: fence, admission: admission, timeline: timeline,
            wallClock: wallClock, logger: logger)
        var sources: [String: SourceRuntime] = [:]
        for definition in definitions {
            sources[definition.name] = SourceRuntime(
                definition, output: objects.output(for: definition), instance: instance, timeline: timeline, wallClock: wallClock, logger: logger,
                notify: relay.send)
        }
        let notifiers = notifierDefinitions.map { definition in
            NotifierRuntime(definition, timeline: timeline, logger: logger, notify: relay.send) {
                for slo in slos.store.snapshot() where slo.spec?.policy.contains(where: { $0.actions.contains(.notify) }) ?? false {
                    relay.send(slo.metadata.key)
                }
            }
        }
        let reconciler = SLOReconciler(
            instance: instance, client: client, store: slos.store, isInScope: scope.contains, sources: sources,
            notifiers: SLONotifiers(instance: instance, runtimes: notifiers), gate: gate, events: events, timeline: timeline, wallClock: wallClock)
        let controller = Controller(name: "slo", workers: workers, gate: gate, timeline: timeline, logger: logger) { await reconciler.reconcile($0) }
        controller.reconciles(slos)
        CompositeWatch.follow(slos, in: controller)
        objects.enqueueOwners(in: controller)
        relay.connect { controller.enqueue($0) }
        self.controller = controller
        self.relay = relay
        self.sources = sources
        self.notifiers = notifiers
        store = slos.store
        self.slos = slos
        self.scope = scope
        caches = [slos] + objects.caches
        let sorted = sources.values.sorted { $0.definition.name < $1.definition.name }
        let sweeps = sorted.map { source in
            OrphanSweep(source: source, kept: { Self.kept(slos.store, scope) }, timeline: timeline, logger: logger)
        }
        self.sweeps = sweeps
        background = sorted.flatMap(\.parts) + sweeps.map(\.part) + notifiers.map(\.part)
        requiredAccess =
            RequiredAccess.all(["list", "watch"], SLO.resource, namespace: scope.namespace)
            + RequiredAccess.all(["patch"], SLO.resource, subresource: "status", namespace: scope.namespace) + objects.requiredAccess
    }

    /// Takes out the rules of objects that were deleted while nobody looked. For the time between the first list and the workers' start; where a source
    /// fails, it is tried again in the background.
    /// - Parameter asking: ask the server once more which objects there are: after a long wait as standby the cache of rules may be ahead of the
    ///   objects' own, and what was just created must not lose its rules.
    package func sweep(asking: Bool = false) async throws {
        var more: Set<ObjectKey> = []
        if asking {
            let list = try await client.listAll(SLO.resource, namespace: scope.namespace, as: SLO.self, labelSelector: scope.labelSelector)
            more = Set(list.items.map(\.metadata.key).filter { scope.contains($0.namespace) })
        }
        for sweep in sweeps { await sweep.attempt(keepingAlso: more) }
    }

    /// The objects whose rules are theirs. One that is there but can't be read keeps what it has.
    private static func kept(_ store: Store<SLO>, _ scope: Scope) -> Set<ObjectKey> {
        let unreadable = store.unreadable.map { text in
            let parts = text.split(separator: "/", maxSplits: 1)
            return ObjectKey(namespace: parts.count == 2 ? String(parts[0]) : "", name: String(parts[parts.count - 1]))
        }
        return Set((store.keys + unreadable).filter { scope.contains($0.namespace) })
    }

    /// Whether the cache of SLOs has been filled, and what keeps it from following the API server.
    package var cacheState: (isSynced: Bool, trouble: String?) { (slos.hasSynced, slos.trouble) }

    /// An SLO of this instance, as the cache has it.
    package func slo(_ key: ObjectKey) -> SLO? { scope.contains(key.namespace) ? store.get(key) : nil }

    /// Once nothing runs any more: ends what the sources have open, and lets everything go.
    package func shutdown() async {
        relay.disconnect()
        for source in sources.values { await source.definition.client.shutdown() }
        for notifier in notifiers { await notifier.definition.sender.shutdown() }
    }

    /// What of SLOs that are gone is still to be told. Once nothing runs any more.
    package var pendingEnds: PendingEnds {
        var pending = PendingEnds()
        for notifier in notifiers { pending.ends[notifier.name] = notifier.orphans }
        return pending
    }

    /// Goes on with what another controller was still to tell. Before anything runs.
    package func adopt(_ pending: PendingEnds, logger: Logger) {
        for (name, ends) in pending.ends where !ends.isEmpty {
            if let notifier = notifiers.first(where: { $0.name == name }) {
                notifier.adopt(ends)
            } else {
                let matters = ends.map { "\($0.slo) \($0.policy)" }.sorted().joined(separator: ", ")
                logger.error(
                    "a notifier is gone that was to tell the end of what it told of deleted SLOs: close it by hand",
                    metadata: ["notifier": "\(name)", "matters": "\(matters)"])
            }
        }
    }

    /// Figures of all SLOs that a source has read, for the daemon's own metrics.
    package func figures() -> [SLOReport] {
        store.snapshot().compactMap { slo in
            guard let spec = slo.spec, let sample = sources[spec.source]?.figures.sample, let figures = sample.value?.figures[slo.metadata.key]
            else { return nil }
            return SLOReport(slo: slo, spec: spec, figures: figures)
        }.sorted { $0.key < $1.key }
    }
}
