import KubeModel
import PlimsollAPI
import ServiceLevels
import Testing
import Values

@testable import ServiceLevelsController

/// In which order SLOs are tried on their Prometheus.
struct PreflightQueueTests {
    /// Methods of a class, as macros call no mutating ones.
    private final class Rig {
        private var queue = PreflightQueue()

        func want(_ name: String, _ indicator: SLOIndicator, isServed: Bool = false, at due: Swift.Duration = .zero) -> Bool {
            queue.want(PreflightQueueTests.key(name), PreflightQueueTests.entry(name, indicator, isServed: isServed, at: due))
        }
        func take(at now: Swift.Duration = .zero, upTo limit: PreflightQueue.Urgency = .routine) -> PreflightQueue.Turn {
            queue.take(now: now, upTo: limit)
        }
        func next() throws -> (key: ObjectKey, entry: PreflightQueue.Entry, urgency: PreflightQueue.Urgency) { try #require(take().next) }
        func finished(_ key: ObjectKey, _ entry: PreflightQueue.Entry, _ findings: [SLOPreflight.Finding]?) -> [String] {
            queue.finished(key, entry, findings, now: .zero).map(\.name).sorted()
        }
        func released(_ key: ObjectKey, _ entry: PreflightQueue.Entry) { queue.released(key, entry) }
        func preflight(_ name: String) -> SLOObservation.Preflight { queue.preflight(of: PreflightQueueTests.slo(name)) }
    }

    private static func entry(_ name: String, _ indicator: SLOIndicator, isServed: Bool = false, at due: Swift.Duration = .zero)
        -> PreflightQueue.Entry
    {
        let slo = slo(name)
        var spec = SLOSpec()
        spec.window = SLOWindow(rolling: .days(30))
        spec.indicator = indicator
        return PreflightQueue.Entry(slo, spec, SLOPreflight(spec, settings: RuleSettings()), isServed: isServed, now: due)
    }

    private static func slo(_ name: String) -> SLO {
        var metadata = ObjectMeta()
        (metadata.namespace, metadata.name, metadata.generation, metadata.uid) = ("shop", name, 1, name)
        return SLO(metadata: metadata, spec: SLOSpec())
    }

    private static func key(_ name: String) -> ObjectKey { ObjectKey(namespace: "shop", name: name) }
    private static let plain = SLOIndicator(ratio: RatioIndicator(errors: "e", total: "t"))
    private static let latency = SLOIndicator(latency: LatencyIndicator(histogram: "h", threshold: .seconds(1)))
    private static let classic = SLOIndicator(latency: LatencyIndicator(histogram: "h", threshold: .seconds(1), type: .classic))
    /// What the server's refusal comes to.
    private static func refusal(_ preflight: SLOPreflight) -> [SLOPreflight.Finding] {
        preflight.findings(preflight.questions.map { ($0, .refused("unknown function")) }, setup: .init())
    }

    @Test func whoseRulesWaitComesFirstAndWhoseRulesAreLoadedLast() {
        let queue = Rig()
        for index in 0..<1000 { #expect(queue.want("old\(index)", Self.latency, isServed: true)) }
        #expect(queue.want("plain", Self.plain, at: .seconds(5)))
        #expect(queue.want("new", Self.latency, at: .seconds(9)))
        let order = (0..<3).map { _ in queue.take(at: .seconds(10)).next?.key.name }
        #expect(order == ["new", "plain", "old0"])
        #expect(queue.take(at: .seconds(10)).others == 998)
        // What nobody waits for is left to the first lane.
        let urgent = queue.take(at: .seconds(10), upTo: .new)
        #expect(urgent.next == nil && urgent.wait == nil)
    }

    /// After a restart all seem to wait, until Prometheus tells that it has their rules.
    @Test func whatTurnsOutToBeLoadedWaitsNoMore() {
        let queue = Rig()
        for name in ["a", "b"] { _ = queue.want(name, Self.latency) }
        #expect(!queue.want("a", Self.latency, isServed: true))
        let turn = queue.take(upTo: .new)
        #expect(turn.next?.key.name == "b" && turn.next?.urgency == .awaited)
        #expect(queue.take(upTo: .new).next == nil)
    }

    @Test func oneAnswerFreesAllWhoseTextIsOurs() throws {
        let queue = Rig()
        for name in ["a", "b", "c"] { _ = queue.want(name, Self.latency) }
        _ = queue.want("slices", SLOIndicator(slices: SlicesIndicator()))
        #expect(queue.preflight("b") == .unasked)
        let first = try queue.next()
        // Without an answer nothing is known.
        #expect(queue.finished(first.key, first.entry, nil).isEmpty)
        #expect(queue.preflight("b") == .unasked)
        let second = try queue.next()
        #expect(second.key.name == "b" && second.urgency == .awaited)
        #expect(queue.finished(second.key, second.entry, []) == ["a", "b", "c"])
        #expect(queue.preflight("a") == .formTaken && queue.preflight("b") == .found([]))
        // A person's PromQL waits for its own answer, and comes before those that wait no more.
        #expect(queue.preflight("slices") == .unasked)
        #expect(queue.take().next?.urgency == .awaited)
        let third = try queue.next()
        #expect(third.key.name == "c" && third.urgency == .new)
        // It may be another server by now.
        #expect(queue.finished(third.key, third.entry, Self.refusal(third.entry.preflight)) == ["c"])
        #expect(queue.preflight("a") == .unasked)
    }

    @Test func aClassicHistogramFreesNobody() throws {
        let queue = Rig()
        _ = queue.want("classic", Self.classic)
        let turn = try queue.next()
        #expect(turn.urgency == .new)
        _ = queue.want("auto", Self.latency)
        _ = queue.finished(turn.key, turn.entry, [])
        #expect(queue.preflight("auto") == .unasked)
    }

    @Test func whatIsUnderWayIsNotTakenTwiceAndComesAgain() throws {
        let queue = Rig()
        _ = queue.want("a", Self.plain)
        let turn = try queue.next()
        #expect(queue.take().next == nil)
        queue.released(turn.key, turn.entry)
        let second = try queue.next()
        _ = queue.finished(second.key, second.entry, [])
        #expect(queue.take().wait == PreflightQueue.again)
        #expect(queue.take(at: PreflightQueue.again).next?.urgency == .routine)
    }
}
