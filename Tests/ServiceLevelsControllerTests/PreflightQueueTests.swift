import KubeModel
import PlimsollAPI
import PrometheusClient
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
        func finished(_ key: ObjectKey, _ entry: PreflightQueue.Entry, _ findings: [SLOPreflight.Finding]) -> [String] {
            queue.finished(key, entry, findings, now: .zero).map(\.name).sorted()
        }
        func failed(
            _ key: ObjectKey, _ entry: PreflightQueue.Entry, _ failure: PreflightQueue.Failure, at now: Swift.Duration = .zero
        ) -> Bool { queue.failed(key, entry, failure, now: now) }
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
        #expect(queue.failed(first.key, first.entry, .unanswered("no word")))
        #expect(queue.preflight("b") == .unasked && queue.preflight("a") == .unanswered("no word"))
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
        #expect(queue.preflight("a") == .unanswered("no word"))
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
        #expect(!queue.failed(turn.key, turn.entry, .away("no route")))
        let second = try queue.next()
        _ = queue.finished(second.key, second.entry, [])
        #expect(queue.take().wait == PreflightQueue.again)
        #expect(queue.take(at: PreflightQueue.again).next?.urgency == .routine)
    }

    /// A server that was away for hours must not keep rules back for hours more.
    @Test func rulesThatWaitAreTriedAgainSoon() throws {
        let queue = Rig()
        _ = queue.want("waits", Self.latency)
        _ = queue.want("plain", Self.plain)
        var now = Swift.Duration.zero
        var waits: [Swift.Duration] = []
        for attempt in 0..<8 {
            let turn = try #require(queue.take(at: now, upTo: .awaited).next)
            #expect(turn.key.name == "waits")
            // Its owner hears of it once.
            #expect(queue.failed(turn.key, turn.entry, .unanswered("HTTP 401"), at: now) == (attempt == 0))
            let wait = try #require(queue.take(at: now, upTo: .awaited).wait)
            waits.append(wait)
            now += wait
        }
        #expect(waits.prefix(3) == [.seconds(15), .seconds(30), .seconds(60)])
        #expect(waits.last == PreflightQueue.waitingMost)
        // Nobody waits for this one.
        let turn = try #require(queue.take(at: .zero).next)
        #expect(turn.key.name == "plain" && !queue.failed(turn.key, turn.entry, .unanswered("no word")))
        #expect(queue.take(at: .zero).wait == min(PreflightQueue.soon, now))
    }

    /// An outage writes no status at each try.
    @Test func anOutageIsNewsOnce() throws {
        let queue = Rig()
        _ = queue.want("waits", Self.latency)
        for (milliseconds, isNews) in [(0, true), (1, false), (2, false)] {
            let turn = try queue.next()
            #expect(queue.failed(turn.key, turn.entry, .away("no connection after \(milliseconds) ms")) == isNews)
            #expect(queue.preflight("waits") == .unanswered("no connection after 0 ms"))
        }
        let turn = try queue.next()
        #expect(queue.failed(turn.key, turn.entry, .unanswered("HTTP 401")))
        #expect(queue.preflight("waits") == .unanswered("HTTP 401"))
    }

    @Test(arguments: [
        (PrometheusError.Kind.cancelled, "cancelled"), (.unreachable("x"), "away"), (.refused(status: 503, message: ""), "away"),
        (.refused(status: 502, message: ""), "away"), (.refused(status: 429, message: ""), "away"),
        (.refused(status: 401, message: ""), "unanswered"),
        (.nonsense(why: "x"), "unanswered"), (.timedOut("x"), "unanswered"), (.misconfigured("x"), "unanswered"),
        (.queryFailed(errorType: "internal", message: "x"), "unanswered"),
    ])
    func whatAFailureConcerns(kind: PrometheusError.Kind, expected: String) {
        let name =
            switch PreflightQueue.Failure(PrometheusError(source: "p", kind: kind)) {
            case .cancelled: "cancelled"
            case .away: "away"
            case .unanswered: "unanswered"
            }
        #expect(name == expected)
    }
}
