import KubeClient
import KubeModel
import KubeRuntime
import Logging
import PlimsollAPI
import PrometheusClient
import ServiceLevels
import Synchronization
import Values

/// The caches of objects that carry rules, shared by the sources that write them.
final class OutputObjects: Sendable {
    private let client: KubeClient
    private let gate: ConsistencyGate
    private let instance: String
    private let timeline: Timeline
    private let namespace: String?
    private let logger: Logger
    private let fence: WriteFence?
    private let prometheusRules: Reflector<PrometheusRuleObject>
    private let configMaps: Reflector<RuleConfigMap>
    private let wallClock: @Sendable () -> Instant
    private let used = Mutex<Set<SLOSourceDefinition.Output>>([])

    init(
        instance: String, client: KubeClient, namespace: String?, gate: ConsistencyGate, fence: WriteFence?, admission: ListAdmission,
        timeline: Timeline, wallClock: @escaping @Sendable () -> Instant, logger: Logger
    ) {
        self.instance = instance
        self.wallClock = wallClock
        self.client = client
        self.gate = gate
        self.timeline = timeline
        self.namespace = namespace
        self.logger = logger
        self.fence = fence
        let selector = "\(RuleObjects.instanceLabel)=\(instance)"
        prometheusRules = Reflector(
            source: KubeCollection(client, of: PrometheusRuleObject.self, namespace: namespace, labelSelector: selector),
            store: Store(indexes: Self.owners()), absenceIsSynced: true, admission: admission, timeline: timeline)
        configMaps = Reflector(
            source: KubeCollection(client, of: RuleConfigMap.self, namespace: namespace, labelSelector: selector),
            store: Store(indexes: Self.owners()), admission: admission, timeline: timeline)
        gate.register(prometheusRules.store)
        gate.register(configMaps.store)
    }

    private static func owners<Object: RuleObject>() -> [String: Store<Object>.Indexer] {
        [
            "owner": { object in object.owner.map { [$0.description] } ?? [] },
            "fleet": { object in object.metadata.labels[RuleObjects.fleetLabel].map { [$0] } ?? [] },
        ]
    }

    /// The output that a definition asks for.
    func output(for definition: SLOSourceDefinition) -> any RuleOutput {
        used.withLock { _ = $0.insert(definition.output) }
        let settings = definition.settings
        switch definition.output {
        case .directory(let path, let reloadURL):
            let client = definition.client
            let directory = RuleDirectory(path: path, instance: instance, fence: fence)
            let reloads = ReloadCoalescer(timeline: timeline, logger: logger) { try await client.reload(reloadURL) }
            return shared(
                definition, DirectoryOutput(directory: directory, reloads: reloads),
                DirectoryCarrier(directory: directory, reloads: reloads, instance: instance, source: definition.name))
        case .prometheusRule:
            let own = ObjectOutput(instance: instance, client: client, reflector: prometheusRules, gate: gate) { rules, slo in
                try RuleObjects.prometheusRule(rules, for: slo, settings: settings)
            }
            return shared(
                definition, own,
                carrier(definition, prometheusRules) { try RuleObjects.prometheusRule($0, namespace: $1, settings: settings) })
        case .configMap:
            let own = ObjectOutput(instance: instance, client: client, reflector: configMaps, gate: gate) { rules, slo in
                try RuleObjects.configMap(rules, for: slo, settings: settings)
            }
            return shared(
                definition, own, carrier(definition, configMaps) { try RuleObjects.configMap($0, namespace: $1, settings: settings) })
        }
    }

    private func carrier<Object: RuleObject>(
        _ definition: SLOSourceDefinition, _ reflector: Reflector<Object>, make: @escaping @Sendable (FleetPart, String) throws -> JSON
    ) -> ObjectCarrier<Object> {
        ObjectCarrier(
            instance: instance, source: definition.name, namespace: namespace ?? definition.fleetNamespace, client: client, reflector: reflector,
            make: make)
    }

    private func shared<Object: RuleObject>(
        _ definition: SLOSourceDefinition, _ own: any RuleOutput, _ carrier: ObjectCarrier<Object>
    ) -> any RuleOutput {
        let output = shared(definition, own, carrier as any FleetCarrier)
        carrier.onTouch { output.shared.touched($0) }
        return output
    }

    private func shared(_ definition: SLOSourceDefinition, _ own: any RuleOutput, _ carrier: any FleetCarrier) -> FleetOutput {
        var places: [FleetPlace] = []
        if case .fleet(let source, let count) = definition.settings.layout {
            places = FleetPlace.all(instance: instance, source: source, count: count)
        }
        return FleetOutput(
            own: own,
            shared: FleetWriter(
                places: places, settings: definition.settings, carrier: carrier, timeline: timeline, wallClock: wallClock, logger: logger))
    }

    private var usesPrometheusRules: Bool { used.withLock { $0.contains(.prometheusRule) } }
    private var usesConfigMaps: Bool { used.withLock { $0.contains(.configMap) } }

    /// Only what a source writes is watched.
    var caches: [any CacheService] {
        (usesPrometheusRules ? [prometheusRules] : []) + (usesConfigMaps ? [configMaps] : [])
    }

    /// Somebody who changes or deletes our objects finds them back as they should be.
    func enqueueOwners(in controller: Controller) {
        if usesPrometheusRules { controller.watches(prometheusRules) { $0.owner.map { [$0] } ?? [] } }
        if usesConfigMaps { controller.watches(configMaps) { $0.owner.map { [$0] } ?? [] } }
    }

    var requiredAccess: [RequiredAccess] {
        let verbs = ["get", "list", "watch", "create", "patch", "delete"]
        return (usesPrometheusRules ? RequiredAccess.all(verbs, .prometheusRules, namespace: namespace) : [])
            + (usesConfigMaps ? RequiredAccess.all(verbs, .configMaps, namespace: namespace) : [])
    }
}
