import Glibc
import KubeClient
import KubeModel
import KubeRuntime
import Logging
import PlimsollAPI
import PrometheusModel
import ServiceLevels
import ServiceLevelsController
import TestSupport
import Testing
import Values

/// The real API server, if Deploy/test.sh started one.
enum RealCluster {
    static let isThere = TestEnvironment.kubeconfig != nil
    static let why: Comment = "needs the real API server (PLIMSOLL_TEST_KUBECONFIG)"

    static let wallClock: @Sendable () -> Instant = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }
}

/// The controller as the daemon runs it, on the real API server and in a namespace of its own, with a scripted Prometheus.
final class ControllerRig: Sendable {
    /// The daemon's.
    private let client: KubeClient
    /// Somebody else's: what it writes is no write of the daemon's.
    let user: KubeClient
    let namespace: String
    let prometheus = ScriptedPrometheus()
    let settings = RuleSettings(scrapeInterval: .seconds(15), evaluationInterval: .seconds(15), labels: ["release": "monitoring"])

    private init() throws {
        let configuration = try KubeConfiguration.load(explicitPath: TestEnvironment.kubeconfig, context: nil)
        client = try KubeClient(configuration: configuration)
        user = try KubeClient(configuration: configuration, options: KubeClientOptions(fieldManager: "user"))
        namespace = "slo-\(UInt32.random(in: 0..<1_000_000))"
    }

    /// Makes the namespace, runs `body`, and deletes it.
    static func with(_ body: (ControllerRig) async throws -> Void) async throws {
        let rig = try ControllerRig()
        for definition in CRDs.all() { try await rig.install(definition.json) }
        try await rig.user.create(.namespaces, body: ["metadata": ["name": .string(rig.namespace)]])
        let result: Result<Void, any Error>
        do { result = .success(try await body(rig)) } catch { result = .failure(error) }
        _ = try? await rig.user.delete(.namespaces, ObjectKey(name: rig.namespace))
        await rig.client.shutdown()
        await rig.user.shutdown()
        try result.get()
    }

    /// Runs a controller with these sources while `body` checks, then stops it as a SIGTERM does.
    func whileRunning(_ sources: [SLOSourceDefinition], _ body: (SLOController) async throws -> Void) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let events = EventRecorder(sink: KubeEventSink(client), instance: "test", wallClock: RealCluster.wallClock, logger: logger)
        let own = namespace
        // The instance is the namespace: two rigs never sweep each other's objects.
        let slos = SLOController(
            instance: own, client: client, scope: .init(namespace: own, contains: { $0 == own }), sources: sources, events: events,
            wallClock: RealCluster.wallClock, logger: logger)
        var parts = Manager.Parts()
        parts.events = events
        parts.preflight = { [client] in try await AccessCheck.require(slos.requiredAccess, client: client) }
        parts.caches = slos.caches
        parts.afterSync = { try await slos.sweep() }
        parts.background = slos.background
        parts.controllers = [slos.controller]
        let health = HealthBoard()
        let manager = Manager(parts, health: health, handlesSignals: false, logger: logger, terminate: { _ in })
        let running = Task { await manager.run() }
        let result: Result<Void, any Error>
        do {
            guard await eventually({ health.isReady }) else { throw Missing("a ready controller: \(health.readiness())") }
            result = .success(try await body(slos))
        } catch { result = .failure(error) }
        manager.requestStop()
        #expect(await running.value == .good)
        try result.get()
    }

    func source(
        _ output: SLOSourceDefinition.Output, name: String = "default", allows: @escaping @Sendable (String) -> Bool = { _ in true }
    ) -> SLOSourceDefinition {
        SLOSourceDefinition(
            name: name, client: prometheus, settings: settings, output: output, pollInterval: PromDuration(milliseconds: 500), allows: allows)
    }

    // MARK: SLOs

    func spec(objective: String = "99%", source: String = "default") -> JSON {
        [
            "service": "checkout", "objective": .string(objective), "window": ["rolling": "30d"], "source": .string(source),
            "indicator": ["ratio": ["errors": #"http_requests_total{code="500"}"#, "total": "http_requests_total"]],
        ]
    }

    @discardableResult
    func apply(_ name: String, _ spec: JSON) async throws -> SLO {
        let body: JSON = [
            "apiVersion": .string(SLO.resource.apiVersion), "kind": "SLO",
            "metadata": ["name": .string(name), "namespace": .string(namespace)], "spec": spec,
        ]
        return SLO(json: try await user.patch(SLO.resource, key(name), .apply(body, fieldManager: "user", force: true)))
    }

    func key(_ name: String) -> ObjectKey { ObjectKey(namespace: namespace, name: name) }

    func slo(_ name: String) async throws -> SLO { SLO(json: try await user.get(SLO.resource, key(name), as: JSON.self)) }

    func condition(_ name: String, _ type: String) async throws -> Condition? { try await slo(name).status.conditions.first { $0.type == type } }

    /// Waits for a condition of the present generation.
    func wait(_ name: String, _ type: String, within timeout: Swift.Duration = .seconds(30), _ test: (Condition) -> Bool) async throws {
        if try await eventually(
            within: timeout,
            {
                let slo = try await self.slo(name)
                return slo.status.conditions.contains { $0.type == type && $0.observedGeneration == slo.metadata.generation && test($0) }
            })
        {
            return
        }
        throw Missing("another condition \(type) of \(key(name)) within \(timeout) than \(String(describing: try await condition(name, type)))")
    }

    /// The rules that an SLO asks for.
    func rules(_ slo: SLO) throws -> GeneratedRules {
        guard let spec = slo.spec else { throw Missing("a valid spec: \(slo.problems)") }
        return try RuleGenerator.generate(instance: namespace, key: slo.metadata.key, spec: spec, settings: settings, now: .epoch)
    }

    // MARK: Objects

    func object(_ kind: ResourceKind, _ name: String) async throws -> JSON? {
        do throws(KubeError) {
            return try await user.get(kind, key(name), as: JSON.self)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// Waits for an object, or with `nil` accepted for none, that passes.
    func wait(
        _ kind: ResourceKind, _ name: String, _ what: String, within timeout: Swift.Duration = .seconds(30), _ test: (JSON?) throws -> Bool
    ) async throws {
        if try await eventually(within: timeout, { try test(try await self.object(kind, name)) }) { return }
        throw Missing("\(kind) \(key(name)) \(what) within \(timeout); it is \(try await object(kind, name)?.text() ?? "not there")")
    }

    // MARK: Kinds

    /// Installs a CRD that may be there already, and waits until it is served.
    func install(_ definition: JSON) async throws {
        do throws(KubeError) {
            try await user.create(.customResourceDefinitions, body: definition)
        } catch {
            guard error.isAlreadyExists else { throw error }
        }
        let key = ObjectKey(name: definition["metadata"]?["name"]?.stringValue ?? "")
        let isEstablished = try await eventually {
            let conditions = try await self.user.get(.customResourceDefinitions, key, as: JSON.self)["status"]?["conditions"]?.arrayValue ?? []
            return conditions.contains { $0["type"] == "Established" && $0["status"] == "True" }
        }
        guard isEstablished else { throw Missing("an established \(key)") }
    }

    /// Takes a CRD out, with all objects of its kind, and waits until it is gone.
    func uninstall(_ name: String) async throws {
        let key = ObjectKey(name: name)
        do throws(KubeError) { try await user.delete(.customResourceDefinitions, key) } catch { guard error.isNotFound else { throw error } }
        let isGone = try await eventually {
            do throws(KubeError) {
                _ = try await self.user.get(.customResourceDefinitions, key, as: JSON.self)
                return false
            } catch {
                guard error.isNotFound else { throw error }
                return true
            }
        }
        guard isGone else { throw Missing("the end of \(key)") }
    }

    /// A PrometheusRule as far as an API server is concerned: the operator's own definition says more of what is in the spec.
    static let prometheusRuleDefinition: JSON = [
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": ["name": "prometheusrules.monitoring.coreos.com"],
        "spec": [
            "group": "monitoring.coreos.com", "scope": "Namespaced",
            "names": ["kind": "PrometheusRule", "listKind": "PrometheusRuleList", "plural": "prometheusrules", "singular": "prometheusrule"],
            "versions": [
                [
                    "name": "v1", "served": true, "storage": true,
                    "schema": [
                        "openAPIV3Schema": [
                            "type": "object", "properties": ["spec": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
                        ]
                    ],
                ]
            ],
        ],
    ]
}
