import Glibc
import KubeClient
import KubeRuntime
import Logging
import Metrics
import PlimsollAPI
import PrometheusClient
import ServiceLevelsController
import Serving
import Values

/// The daemon, put together from its configuration: what `plimsoll run` runs.
struct Daemon {
    private let manager: Manager

    init(configuration: DaemonConfiguration, server: KubeConfiguration) throws(CommandFailure) {
        let logger = Logger(label: "plimsoll")
        let registry = PrometheusRegistry()
        registry.describe(MetricDescription.runtime + FigureFamilies.descriptions)
        MetricsSystem.bootstrap(registry)
        registry.registerCollector { ProcessMetrics.families() }
        let build = BuildInfo.family(version: PlimsollVersion.text, revision: "", instance: configuration.instance)
        registry.registerCollector { [build] }

        let client: KubeClient
        let address: ListenAddress
        do {
            client = try KubeClient(configuration: server, options: KubeClientOptions(version: PlimsollVersion.text))
            address = try ListenAddress(parsing: configuration.serving.address)
        } catch let error as ListenAddressError {
            throw .input("serving.address: \(error)")
        } catch {
            throw .world("\(error)")
        }
        let events = EventRecorder(sink: KubeEventSink(client), instance: WallClock.hostName, wallClock: WallClock.now)
        let slos = SLOController(
            instance: configuration.instance, client: client, scope: configuration.namespaces.scope,
            sources: try configuration.prometheus.map { source throws(CommandFailure) in try Self.definition(source) }, events: events,
            wallClock: WallClock.now, logger: logger)
        registry.registerCollector { FigureFamilies.families(slos.figures()) }

        let health = HealthBoard()
        let probe = APIProbe(client)
        let detail = HealthDetail(
            instance: configuration.instance, client: client, board: health, probe: probe, caches: slos.caches, controllers: [slos.controller],
            sources: { slos.sourceHealth }, leader: { nil })
        registry.registerCollector { HealthFamilies.families(detail) }
        let probes = Probes(live: { Self.report(health.liveness()) }, ready: { Self.report(health.readiness()) })
        let serving = ServingService(
            address: address, registry: registry, probes: probes, routes: [Route("/health") { _ in .json(detail.json) }], logger: logger)
        var parts = Manager.Parts()
        parts.servers = [
            ManagedPart("metrics and health") { try await serving.run() }, ManagedPart("probe of the API server") { await probe.run() },
        ]
        parts.events = events
        let access = slos.requiredAccess + EventRecorder.requiredAccess(namespace: configuration.namespaces.scope.namespace)
        parts.preflight = { try await Preflight(client: client, server: server, access: access, logger: logger).run() }
        parts.caches = slos.caches
        parts.afterSync = { try await slos.sweep() }
        parts.background = slos.background
        parts.controllers = [slos.controller]
        manager = Manager(parts, health: health, logger: logger, terminate: { exit($0) })
    }

    /// Runs until it is told to stop.
    func run() async -> ExitCode { await manager.run() }

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
            name: source.name, client: client, settings: source.ruleSettings, output: output, pollInterval: source.pollInterval, allows: source.allows
        )
    }

    private static func report(_ report: KubeRuntime.HealthReport) -> ProbeReport {
        ProbeReport(report.lines.map { .init($0.name, problem: $0.problem) })
    }
}

extension NamespaceScope {
    /// One included namespace is watched alone; several, or all, by one watch over all.
    var scope: SLOController.Scope {
        .init(namespace: include.count == 1 ? include[0] : nil, contains: contains)
    }
}
