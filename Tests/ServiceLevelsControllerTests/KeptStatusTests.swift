import KubeClient
import KubeModel
import KubeRuntime
import Logging
import Notify
import PlimsollAPI
import PrometheusModel
import ServiceLevels
import Synchronization
import TestSupport
import Testing
import Values

@testable import ServiceLevelsController

/// Nobody is told of what the API server does not keep; shape-tested against a scripted server that prunes as an older CRD does.
struct KeptStatusTests {
    private static let key = ObjectKey(namespace: "shop", name: "checkout")

    private final class Peer: NotificationSending {
        let name = "oncall"
        let traits = NotifierTraits()
        private let sent = Mutex<[Notify.Notification]>([])
        var told: [Notify.Notification] { sent.withLock(\.self) }

        func send(_ messages: [Message]) async throws(NotifyFailure) -> String {
            sent.withLock { $0 += messages.map(\.notification) }
            return ""
        }
        func shutdown() async {}
    }

    private struct NoOutput: RuleOutput {
        func write(_ rules: GeneratedRules, for slo: SLO) async throws -> Bool { false }
        func version(of key: ObjectKey) -> String { "" }
        func remove(_ key: ObjectKey) async throws {}
        func sweep(keeping kept: @escaping @Sendable () -> Set<ObjectKey>) async throws {}
        func trouble(of key: ObjectKey) -> String? { nil }
        func onLoad(_ handler: @escaping @Sendable (Set<ObjectKey>) -> Void) {}
        var parts: [ManagedPart] { [] }
    }

    /// An API server with one SLO.
    private final class World: Sendable {
        let object: Mutex<JSON>
        let prunes = Mutex(true)
        let patches = Mutex(0)
        let peer = Peer()
        let store = Store<SLO>()
        let clock = ManualClock()

        init(_ spec: JSON, _ status: JSON = .object(JSONObject([]))) {
            object = Mutex([
                "apiVersion": "plimsoll.dev/v1alpha1", "kind": "SLO",
                "metadata": ["name": "checkout", "namespace": "shop", "uid": "u", "resourceVersion": "1", "generation": 1], "spec": spec,
                "status": status,
            ])
        }

        func answer(_ request: ScriptedServer.Request) -> ScriptedServer.Answer {
            guard request.method == "PATCH", let patch = try? JSON(parsing: Array(request.body.utf8)) else { return .json("{}") }
            patches.withLock { $0 += 1 }
            return object.withLock { object in
                var status = (object["status"] ?? .null).merged(patch: patch["status"] ?? .null)
                if prunes.withLock(\.self) { status["notifications"] = nil }
                if status != object["status"] {
                    object["status"] = status
                    let version = (object["metadata"]?["resourceVersion"]?.stringValue).flatMap { Int($0) } ?? 0
                    object["metadata"]?["resourceVersion"] = .string("\(version + 1)")
                }
                return .json(object.text())
            }
        }

        func look() { _ = store.apply(SLO(json: object.withLock(\.self))) }
        var status: SLOStatus { SLO(json: object.withLock(\.self)).status }
    }

    private static let spec: JSON = [
        "service": "checkout", "objective": "99%", "window": ["rolling": "30d"],
        "indicator": ["ratio": ["errors": "errors_total", "total": "requests_total"]],
        "policy": [["name": "warn", "remainingBelow": "25%", "actions": ["Notify"]]],
    ]

    private func whileRunning(_ world: World, _ body: (SLOReconciler) async throws -> Void) async throws {
        let server = try ScriptedServer { request, _ in world.answer(request) }
        defer { server.stop() }
        let client = try KubeClient(configuration: KubeConfiguration(server: server.url, origin: "a script"))
        let prometheus = ScriptedPrometheus()
        let identity = SeriesIdentity(instance: "main", key: Self.key)
        prometheus.answer(.events, instance: "main", .vector(ScriptedPrometheus.events(identity, windows: ["period"], total: 100_000, errors: 900)))
        prometheus.answer(.freshness, instance: "main", .vector([ScriptedPrometheus.freshness(identity, sampled: 1_785_000_000)]))
        prometheus.load([LoadedRuleGroup(name: identity.groupName(.fast))])
        let logger = Logger(label: "test")
        let timeline = Timeline(world.clock)
        let now: @Sendable () -> Instant = { Instant(seconds: 1_785_000_000) }
        let source = SourceRuntime(
            SLOSourceDefinition(
                name: "default", client: prometheus, settings: RuleSettings(), output: .configMap, pollInterval: .seconds(15), allows: { _ in true }),
            output: NoOutput(), instance: "main", timeline: timeline, wallClock: now, logger: logger, notify: { _ in })
        let notifier = NotifierRuntime(
            SLONotifierDefinition(sender: world.peer, allows: { _ in true }), timeline: timeline, logger: logger, notify: { _ in })
        let gate = ConsistencyGate(timeline: timeline)
        gate.register(world.store)
        let reconciler = SLOReconciler(
            instance: "main", client: client, store: world.store, isInScope: { _ in true }, sources: ["default": source],
            notifiers: SLONotifiers(instance: "main", runtimes: [notifier]), gate: gate,
            events: EventRecorder(sink: KubeEventSink(client), instance: "test", timeline: timeline, wallClock: now, logger: logger),
            timeline: timeline, wallClock: now)
        let tasks = (source.parts + [notifier.part]).map { part in Task { try await part.run() } }
        let result: Result<Void, any Error>
        if await eventually({ source.wasAsked }) {
            do { result = .success(try await body(reconciler)) } catch { result = .failure(error) }
        } else {
            result = .failure(Missing("a Prometheus that was asked"))
        }
        for task in tasks { task.cancel() }
        await client.shutdown()
        try result.get()
    }

    @Test func whatTheServerDropsIsToldToNobodyUntilItsCRDIsThere() async throws {
        let world = World(Self.spec)
        try await whileRunning(world) { reconciler in
            for _ in 0..<5 {
                world.look()
                _ = await reconciler.reconcile(Self.key)
            }
            #expect(world.peer.told == [])
            #expect(world.status.conditions["Notified"]?.reason == "StatusNotKept")
            #expect(world.status.conditions["Notified"]?.message.contains("apply the CRDs") == true)
            #expect(world.patches.withLock(\.self) <= 3, "it settles")
            world.prunes.withLock { $0 = false }
            world.clock.advance(by: .seconds(300))
            world.look()
            _ = await reconciler.reconcile(Self.key)
            #expect(await eventually { world.peer.told.count == 1 })
            // The first look after it notes that it was told.
            try await Task.sleep(for: .milliseconds(100))
            world.look()
            _ = await reconciler.reconcile(Self.key)
            #expect(world.status.notifications.map(\.state) == [.firing] && world.status.conditions["Notified"]?.reason == "Delivered")
            #expect(world.peer.told.count == 1)
        }
    }

    @Test(arguments: ["Sending", "Resolving"]) func whatWasUnderWayIsToldThoughTheSpecIsInvalidByNow(state: String) async throws {
        var spec = Self.spec
        spec["source"] = "elsewhere"
        let record: JSON = ["policy": "warn", "notifier": "oncall", "state": .string(state), "since": "2026-07-25T17:00:00Z"]
        let world = World(spec, ["notifications": [record]])
        world.prunes.withLock { $0 = false }
        try await whileRunning(world) { reconciler in
            world.look()
            _ = await reconciler.reconcile(Self.key)
            #expect(await eventually { world.peer.told.map(\.state) == [state == "Sending" ? .firing : .resolved] })
            world.look()
            _ = await reconciler.reconcile(Self.key)
            #expect(world.status.notifications.map(\.state) == (state == "Sending" ? [.firing] : []))
            #expect(world.status.conditions["Stalled"]?.reason == "Invalid")
        }
    }
}
