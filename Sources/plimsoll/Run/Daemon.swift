import Glibc
import KubeClient
import KubeRuntime
import Logging
import Notify
import PlimsollAPI
import PrometheusClient
import RolloutsController
import ServiceLevelsController
import Serving
import Values

/// The daemon, put together from one configuration: what `plimsoll run` runs until it ends or the configuration changes.
struct Daemon {
    private let manager: Manager
    private let host: DaemonHost
    private let client: KubeClient
    /// Of events about the daemon's own pod, which a standby tells too: the one thing that it writes.
    private let podEvents: EventRecorder
    private let slos: SLOController
    /// Nil where the configuration doesn't name the kind.
    private let rollouts: RolloutController?
    /// The gate's own connections: strangers may make it ask.
    private let gateClient: KubeClient?
    private let collectors: [UInt64]

    /// - Parameter ends: what the daemon before it was still to tell.
    init(
        configuration: DaemonConfiguration, server: KubeConfiguration, host: DaemonHost, ends: PendingEnds = PendingEnds()
    ) throws(CommandFailure) {
        let logger = Logger(label: "plimsoll")
        let registry = host.registry
        registry.describe(MetricDescription.runtime + FigureFamilies.descriptions + Leadership.descriptions)
        let build = BuildInfo.family(version: PlimsollVersion.text, revision: "", instance: configuration.instance)
        let leadership = configuration.leaderElection.enabled ? Leadership(configuration, logger: logger) : nil
        let client: KubeClient
        let address: ListenAddress
        do {
            client = try KubeClient(configuration: server, options: Self.options(leadership))
            address = try ListenAddress(parsing: configuration.serving.address)
        } catch let error as ListenAddressError {
            throw .input("serving.address: \(error)")
        } catch {
            throw .world("\(error)")
        }
        let fence = leadership?.fence.writes
        let events = EventRecorder(sink: KubeEventSink(client.fenced(by: fence)), instance: WallClock.hostName, wallClock: WallClock.now)
        let podEvents = EventRecorder(sink: KubeEventSink(client), instance: WallClock.hostName, wallClock: WallClock.now)
        let slos = SLOController(
            instance: configuration.instance, client: client, scope: configuration.scope,
            sources: try configuration.prometheus.map { source throws(CommandFailure) in try Self.definition(source) },
            notifiers: try configuration.notifiers.map { notifier throws(CommandFailure) in try Self.definition(notifier, fence) }, events: events,
            fence: fence, wallClock: WallClock.now, logger: logger)
        slos.adopt(ends, logger: logger)
        let rollouts =
            configuration.hasRollouts
            ? RolloutController(
                instance: configuration.instance, client: client, scope: configuration.rolloutScope,
                policy: AuthorityPolicy(
                    namespaces: Set(configuration.impersonation.namespaces), ownNamespaces: Set([DaemonPod.reference?.namespace].compactMap(\.self))),
                sources: try configuration.prometheus.map { source throws(CommandFailure) in try Self.rolloutDefinition(source) }, slo: slos.slo,
                events: events, fence: fence, wallClock: WallClock.now, logger: logger) : nil
        let caches = slos.caches + (rollouts?.caches ?? [])
        let controllers = [slos.controller] + (rollouts.map { [$0.controller] } ?? [])
        if rollouts != nil { registry.describe(RolloutFamilies.descriptions) }
        let health = HealthBoard()
        let probe = APIProbe(client)
        let detail = HealthDetail(
            instance: configuration.instance, client: client, board: health, probe: probe, caches: caches, controllers: controllers,
            sources: { slos.sourceHealth }, leader: { leadership.map { ["leads": .bool($0.fence.isOpen), "holder": .string($0.fence.holder)] } },
            started: host.started, timeline: host.timeline)
        let probes = Probes(live: { Self.report(health.liveness()) }, ready: { Self.report(health.readiness()) })
        var gateClient: KubeClient?
        var routes = [Route("/health") { _ in .json(detail.json) }]
        if configuration.serving.gate.enabled {
            registry.describe(GateRoute.descriptions)
            do {
                let client = try KubeClient(configuration: server, options: KubeClientOptions(version: PlimsollVersion.text))
                gateClient = client
                routes.append(
                    GateRoute(access: BearerAccess(client: client), slo: slos.slo, cache: { slos.cacheState }, now: WallClock.now).route)
            } catch {
                throw .world("\(error)")
            }
        }
        let serving = ServingService(address: address, registry: registry, probes: probes, routes: routes, logger: logger)
        var parts = Manager.Parts()
        parts.servers = [
            ManagedPart("metrics and health") { try await serving.run() }, ManagedPart("probe of the API server") { await probe.run() },
            ManagedPart("events of the pod") { await podEvents.run() },
        ]
        parts.events = events
        var access =
            slos.requiredAccess + (rollouts?.requiredAccess ?? []) + (leadership?.requiredAccess ?? [])
            + EventRecorder.requiredAccess(namespace: configuration.scope.namespace)
        if configuration.serving.gate.enabled { access += BearerAccess.requiredAccess }
        if let pod = DaemonPod.reference, let namespace = configuration.scope.namespace, namespace != pod.namespace {
            access += EventRecorder.requiredAccess(namespace: pod.namespace)
        }
        let kinds = [SLO.resource] + (rollouts == nil ? [] : [RolloutAnalysis.resource, RolloutRun.resource])
        parts.preflight = { [access] in
            try await Preflight(client: client, server: server, access: access, kinds: kinds, logger: logger).run()
        }
        parts.caches = caches
        if let leadership {
            parts.election = leadership.elector(client)
            health.addReadiness("leader election") { nil }
            health.addLiveness("leader election") { leadership.fence.problem() }
        }
        parts.afterSync = { try await slos.sweep(asking: leadership != nil) }
        parts.background = slos.background + (rollouts?.background ?? [])
        parts.controllers = controllers
        manager = Manager(parts, health: health, handlesSignals: false, logger: logger, terminate: { exit($0) })
        self.host = host
        self.client = client
        self.podEvents = podEvents
        self.gateClient = gateClient
        self.slos = slos
        self.rollouts = rollouts
        collectors = [
            registry.registerCollector { [build] }, registry.registerCollector { FigureFamilies.families(slos.figures()) },
            registry.registerCollector { HealthFamilies.families(detail) },
        ]
    }

    /// Throws what would keep a daemon of this configuration from being made.
    static func check(_ configuration: DaemonConfiguration) throws(CommandFailure) {
        for source in configuration.prometheus { _ = try definition(source) }
        for notifier in configuration.notifiers { _ = try definition(notifier, nil) }
    }

    /// Tells of a configuration that was refused, where there is a pod to tell it of.
    func tellRefusal(_ problems: String) {
        guard let pod = DaemonPod.reference else { return }
        podEvents.record(pod, .warning, reason: "ConfigurationRefused", action: "Reload", note: "The old configuration stays: \(problems)")
    }

    /// Tells of a configuration that was taken into use.
    func tellReload() {
        guard let pod = DaemonPod.reference else { return }
        podEvents.record(pod, .normal, reason: "ConfigurationReloaded", action: "Reload", note: "A new configuration is in use.")
    }

    /// What the next one goes on with, once this one has run.
    var pendingEnds: PendingEnds { slos.pendingEnds }

    /// Runs until it is told to stop, or `change` returns: then it stops in order too. Afterwards nothing of it is left.
    func run<Change: Sendable>(until change: @escaping @Sendable () async -> Change?) async -> (code: ExitCode, change: Change?) {
        host.adopt(manager)
        let (code, changed) = await withTaskGroup(of: Change?.self) { [manager] group in
            group.addTask {
                let change = await change()
                if change != nil { manager.requestStop() }
                return change
            }
            let code = await manager.run()
            group.cancelAll()
            return (code, await group.next() ?? nil)
        }
        for collector in collectors { host.registry.removeCollector(collector) }
        await slos.shutdown()
        await rollouts?.shutdown()
        await gateClient?.shutdown()
        await client.shutdown()
        // What the next one has, it makes anew; what it has not must not stand still on the page.
        host.registry.forgetGauges()
        return (code, changed)
    }

    private static func definition(_ source: PrometheusSource) throws(CommandFailure) -> SLOSourceDefinition {
        let client: PrometheusHTTPClient
        do {
            client = try PrometheusHTTPClient(source.clientSettings, userAgent: "plimsoll/\(PlimsollVersion.text)")
        } catch {
            throw .input("\(error)")
        }
        let output: SLOSourceDefinition.Output =
            switch (source.rules.output, source.rules.directory) {
            case (.directory, let directory?): .directory(path: directory.path, reloadURL: directory.reloadURL)
            case (.configMap, _): .configMap
            default: .prometheusRule
            }
        return SLOSourceDefinition(
            name: source.name, client: client, settings: source.ruleSettings, output: output, fleetNamespace: source.rules.fleet.namespace,
            pollInterval: source.pollInterval, allows: source.allows
        )
    }

    /// With a client of its own: what a release waits for must not stand behind an SLO's long queries.
    private static func rolloutDefinition(_ source: PrometheusSource) throws(CommandFailure) -> RolloutSourceDefinition {
        do {
            let client = try PrometheusHTTPClient(source.clientSettings, userAgent: "plimsoll/\(PlimsollVersion.text)")
            return RolloutSourceDefinition(name: source.name, client: client, scrapeInterval: source.scrapeInterval, allows: source.allows)
        } catch {
            throw .input("\(error)")
        }
    }

    private static func definition(_ notifier: NotifierSource, _ fence: WriteFence?) throws(CommandFailure) -> SLONotifierDefinition {
        do {
            let sender = NotifySender(
                try notifier.settings(), userAgent: "plimsoll/\(PlimsollVersion.text)", now: WallClock.now, mayWrite: { fence?.isOpen ?? true })
            return SLONotifierDefinition(sender: sender, allows: notifier.allows)
        } catch {
            throw .input("notifier \(notifier.name): \(error)")
        }
    }

    private static func options(_ leadership: Leadership?) -> KubeClientOptions {
        var options = KubeClientOptions(version: PlimsollVersion.text)
        if let leadership {
            options.userAgentComment = "holder \(leadership.settings.identity)"
            options.unsentLifetime = leadership.settings.unsentLifetime
        }
        return options
    }

    private static func report(_ report: KubeRuntime.HealthReport) -> ProbeReport {
        ProbeReport(report.lines.map { .init($0.name, problem: $0.problem) })
    }
}

extension DaemonConfiguration {
    /// One included namespace is watched alone; several, or all, by one watch over all.
    fileprivate var scope: SLOController.Scope {
        let include = namespaces.include
        return .init(namespace: include.count == 1 ? include[0] : nil, labelSelector: objectSelector.query, contains: namespaces.contains)
    }
}

extension DaemonConfiguration {
    fileprivate var rolloutScope: RolloutController.Scope {
        .init(namespace: scope.namespace, labelSelector: scope.labelSelector, contains: scope.contains)
    }
}

/// The pod that the daemon is, as its Deployment tells it by POD_NAME and POD_NAMESPACE (and POD_UID).
enum DaemonPod {
    /// Nil outside of pods.
    static let reference: ObjectReference? = {
        guard let name = variable("POD_NAME"), let namespace = variable("POD_NAMESPACE") else { return nil }
        return ObjectReference(apiVersion: "v1", kind: "Pod", namespace: namespace, name: name, uid: variable("POD_UID") ?? "")
    }()

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
