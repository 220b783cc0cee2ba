import HTTPTransport
import KubeClient
import KubeModel
import KubeRuntime
import Synchronization
import TestSupport
import Testing
import Values

/// Takes events, and fails as told.
private final class Sink: EventSink {
    private struct State {
        var calls: [String] = []
        var bodies: [JSON] = []
        var failures: [KubeError]
    }
    private let state: Mutex<State>
    private let stuck: Bool
    private let failingOnUpdate: KubeError?

    init(failing failures: [KubeError] = [], failingOnUpdate: KubeError? = nil, stuck: Bool = false) {
        state = Mutex(State(failures: failures))
        self.failingOnUpdate = failingOnUpdate
        self.stuck = stuck
    }
    var calls: [String] { state.withLock(\.calls) }
    var bodies: [JSON] { state.withLock(\.bodies) }

    func create(namespace: String, body: JSON) async throws(KubeError) {
        try await take("create \(namespace) \(body["reason"]?.stringValue ?? "")", body)
    }
    func update(_ key: ObjectKey, body: JSON) async throws(KubeError) {
        try await take("update \(key.namespace) \(body["series"]?["count"]?.intValue ?? 0)", body)
        if let failingOnUpdate { throw failingOnUpdate }
    }

    private func take(_ call: String, _ body: JSON) async throws(KubeError) {
        if stuck {
            try? await Task.sleep(for: .seconds(600))
            throw .transport(HTTPError(kind: .cancelled, isRetrySafe: true, message: "cancelled"))
        }
        let failure = state.withLock { state -> KubeError? in
            state.calls.append(call)
            state.bodies.append(body)
            return state.failures.isEmpty ? nil : state.failures.removeFirst()
        }
        if let failure { throw failure }
    }
}

private let slo = ObjectReference(apiVersion: "plimsoll.dev/v1alpha1", kind: "SLO", namespace: "shop", name: "checkout", uid: "u1")

private func recorder(_ sink: Sink, timeline: Timeline = Timeline()) -> EventRecorder {
    EventRecorder(sink: sink, instance: "pod-1", timeline: timeline, wallClock: { Instant(seconds: 1_700_000_000) }, seed: 1)
}

struct EventRecorderTests {
    @Test func writesAndCoalesces() async {
        let sink = Sink()
        let recorder = recorder(sink)
        let task = Task { await recorder.run() }
        for count in 1...12 {
            recorder.record(slo, .normal, reason: "RulesWritten", action: "Reconcile", note: "Wrote \(count) groups")
            if count == 1 { #expect(await eventually { sink.calls.count == 1 }) }
        }
        #expect(await eventually { sink.calls.count == 3 })
        task.cancel()
        await task.value
        await recorder.flush()
        #expect(sink.calls == ["create shop RulesWritten", "update shop 2", "update shop 10", "update shop 12"])
        let body = sink.bodies[0]
        #expect(body["eventTime"]?.stringValue == "2023-11-14T22:13:20.000000Z")
        #expect(body["reportingController"]?.stringValue == "plimsoll.dev/plimsoll")
        #expect(body["regarding"]?["uid"]?.stringValue == "u1")
        #expect(body["series"] == nil)
    }

    @Test func anEventThatExpiredIsBegunAgainWithItsCount() async {
        let sink = Sink(failingOnUpdate: status(404, "not found", reason: "NotFound"))
        let recorder = recorder(sink)
        recorder.record(slo, .warning, reason: "R", action: "A", note: "n")
        recorder.record(slo, .warning, reason: "R", action: "A", note: "n")
        await recorder.flush()
        #expect(sink.calls == ["create shop R", "update shop 2", "create shop R"])
        #expect(sink.bodies.last?["series"]?["count"]?.intValue == 2)
    }

    @Test func aPassingFailureIsTriedAgain() async {
        let sink = Sink(failing: [status(503, "busy"), status(500, "etcd")])
        let recorder = recorder(sink)
        let task = Task { await recorder.run() }
        recorder.record(slo, .warning, reason: "R", action: "A", note: "n")
        #expect(await eventually { sink.calls.count == 3 })
        task.cancel()
        await task.value
    }

    @Test func whatCannotHelpIsNotTriedAgain() async {
        let sink = Sink(failing: [status(403, "namespace is terminating", reason: "Forbidden")])
        let recorder = recorder(sink)
        recorder.record(slo, .warning, reason: "R", action: "A", note: "n")
        await recorder.flush()
        #expect(sink.calls.count == 1)
    }

    @Test func aStuckServerHoldsNeitherTheReconcileNorTheEnd() async {
        let sink = Sink(stuck: true)
        let clock = ManualClock()
        let recorder = recorder(sink, timeline: Timeline(clock))
        for index in 0..<3_000 {
            var object = slo
            object.uid = "u\(index)"
            recorder.record(object, .warning, reason: "R", action: "A", note: "n")
        }
        async let flushed: Void = recorder.flush(within: .seconds(2))
        #expect(await eventually(every: .milliseconds(2)) { clock.sleeperCount == 1 })
        clock.advance(by: .seconds(2))
        await flushed
    }

    @Test func longTextsAreCutAtWholeCharacters() {
        var content = EventContent(regarding: slo, type: .normal, reason: "R", action: "A", note: String(repeating: "ä", count: 600))
        content.regarding.namespace = ""
        var machine = EventSeriesMachine()
        guard case .create(let record) = machine.record(content, now: Instant(seconds: 0)) else { return #expect(Bool(false)) }
        let body = EventBody.create(record, controller: "c", instance: String(repeating: "x", count: 300))
        #expect(body["note"]?.stringValue?.utf8.count == 1_024)
        #expect(body["reportingInstance"]?.stringValue?.count == 128)
        #expect(body["metadata"]?["namespace"]?.stringValue == "default")
        #expect(body["regarding"]?["namespace"] == nil)
    }
}
