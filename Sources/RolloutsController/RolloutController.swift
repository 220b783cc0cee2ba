package import KubeClient
package import KubeModel
package import KubeRuntime
package import Logging
package import PlimsollAPI
import PrometheusClient
import Rollouts
package import Values

/// The controller of RolloutAnalyses, put together: caches, samplers and workers, for a manager to run.
package struct RolloutController: Sendable {
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

    /// The index of analyses by their targets' names.
    static let byTarget = "target"

    package let controller: Controller
    package let caches: [any CacheService]
    /// What must run beside the controller.
    package let background: [ManagedPart]
    /// The rights it needs.
    package let requiredAccess: [RequiredAccess]
    private let sources: [String: RolloutSourceDefinition]
    private let relay: KeyRelay

    /// - Parameters:
    ///   - policy: where, and as whom, something may be done to workloads; only these namespaces' workloads are watched.
    ///   - slo: an SLO of this instance, as it is cached.
    package init(
        instance: String, client: KubeClient, scope: Scope, policy: AuthorityPolicy, sources definitions: [RolloutSourceDefinition],
        slo: @escaping @Sendable (ObjectKey) -> SLO?, events: EventRecorder, workers: Int = 8, fence: WriteFence? = nil,
        timeline: Timeline = Timeline(), wallClock: @escaping @Sendable () -> Instant, logger: Logger
    ) {
        let client = client.fenced(by: fence)
        let admission = ListAdmission()
        let byTarget = Self.byTarget
        let analyses = Reflector(
            source: KubeCollection(client, of: RolloutAnalysis.self, namespace: scope.namespace, labelSelector: scope.labelSelector),
            store: Store<RolloutAnalysis>(indexes: [byTarget: { [$0.spec?.target.name].compactMap(\.self) }]), admission: admission,
            timeline: timeline)
        let runs = Reflector(
            source: KubeCollection(client, of: RolloutRun.self, namespace: scope.namespace),
            store: Store<RolloutRun>(indexes: [RunStore.byAnalysis: { [RunStore.owner($0)].compactMap(\.self) }]), admission: admission,
            timeline: timeline)
        let namespaces = policy.namespaces.filter { policy.obstacle(in: $0) == nil && scope.contains($0) }.sorted()
        let workloads = Dictionary(
            uniqueKeysWithValues: namespaces.map { ($0, WorkloadCaches(client, namespace: $0, admission: admission, timeline: timeline)) })
        let gate = ConsistencyGate(timeline: timeline)
        gate.register(analyses.store)
        gate.register(runs.store)
        let relay = KeyRelay()
        let sources = Dictionary(uniqueKeysWithValues: definitions.map { ($0.name, $0) })
        let reader = CounterReader(sources: sources, wallClock: wallClock)
        let pool = reader.pool(timeline: timeline, logger: logger, notify: relay.send)
        let reconciler = RolloutReconciler(
            client: client, analyses: analyses.store, runs: RunStore(instance: instance, client: client, store: runs.store, gate: gate),
            workloads: workloads, authority: Authority(client: client, fence: fence, policy: policy), gates: GateKeeper(reader: reader, pool: pool),
            isInScope: scope.contains, slo: slo, gate: gate, events: events, timeline: timeline, wallClock: wallClock)
        let controller = Controller(name: "rollout", workers: workers, gate: gate, timeline: timeline, logger: logger) {
            await reconciler.reconcile($0)
        }
        controller.reconciles(analyses)
        controller.watches(runs) { run in
            run.metadata.ownerReferences.filter { $0.kind == RolloutAnalysis.resource.kind }.map {
                ObjectKey(namespace: run.metadata.namespace, name: $0.name)
            }
        }
        for caches in workloads.values {
            caches.follow(in: controller) { [store = analyses.store] deployment in
                store.keysByIndex(byTarget, deployment.name).filter { $0.namespace == deployment.namespace }
            }
        }
        relay.connect { controller.enqueue($0) }
        self.controller = controller
        self.relay = relay
        self.sources = sources
        caches = [analyses, runs] + namespaces.flatMap { workloads[$0]?.services ?? [] }
        background = [ManagedPart("counters of rollouts") { await pool.run() }]
        requiredAccess =
            RequiredAccess.all(["list", "watch", "patch"], RolloutAnalysis.resource, namespace: scope.namespace)
            + RequiredAccess.all(["patch"], RolloutAnalysis.resource, subresource: "status", namespace: scope.namespace)
            + RequiredAccess.all(["list", "watch", "create", "update", "delete"], RolloutRun.resource, namespace: scope.namespace)
            + policy.requiredAccess + namespaces.flatMap(WorkloadCaches.requiredAccess)
    }

    /// Once nothing runs any more: ends what the sources have open.
    package func shutdown() async {
        relay.disconnect()
        for source in sources.values { await source.client.shutdown() }
    }
}
