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
        registry.describe(MetricDescription.runtime + FigureFamilies.descriptions + Leadership.descriptions)
        MetricsSystem.bootstrap(registry)
        registry.registerCollector { ProcessMetrics.families() }
        let build = BuildInfo.family(version: PlimsollVersion.text, revision: "", instance: configuration.instance)
        registry.registerCollector { [build] }

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
        let slos = SLOController(
            instance: configuration.instance, client: client, scope: configuration.scope,
            sources: try configuration.prometheus.map { source throws(CommandFailure) in try Self.definition(source) }, events: events,
            fence: fence, wallClock: WallClock.now, logger: logger)
        registry.registerCollector { FigureFamilies.families(slos.figures()) }

        let health = HealthBoard()
        let probes = Probes(live: { Self.report(health.liveness()) }, ready: { Self.report(health.readiness()) })
        let serving = ServingService(address: address, registry: registry, probes: probes, logger: logger)
        var parts = Manager.Parts()
        parts.servers = [ManagedPart("metrics and health") { try await serving.run() }]
        parts.events = events
        let access = slos.requiredAccess + (leadership?.requiredAccess ?? [])
        parts.preflight = { try await Preflight(client: client, server: server, access: access, logger: logger).run() }
        parts.caches = slos.caches
        if let leadership {
            parts.election = leadership.elector(client)
            health.addReadiness("leader election") { nil }
            health.addLiveness("leader election") { leadership.fence.problem() }
        }
        let isElected = leadership != nil
        parts.afterSync = { if isElected { try await slos.sweepAfterTakeover() } else { await slos.sweep() } }
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
