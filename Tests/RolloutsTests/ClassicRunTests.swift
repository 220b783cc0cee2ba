import Rollouts
import Testing
import Values

@Suite struct ClassicRunTests {
    private static let start = RolloutFixtures.start

    private func metric(_ name: String, count: Int? = 3, delay: Int64 = 0, dry: Bool = false) -> ClassicMetric {
        var metric = ClassicMetric(name: name)
        (metric.interval, metric.count, metric.initialDelay, metric.isDryRun) = (.seconds(60), count, .seconds(delay), dry)
        return metric
    }

    private func after(_ seconds: Int64) -> Instant { Self.start.adding(.seconds(seconds)) }

    @Test func schedule() {
        var run = ClassicRun([metric("a"), metric("b", delay: 30)], semantics: .argo, startedAt: Self.start)
        #expect(run.step(now: Self.start) == [.measure(metric: "a")])
        #expect(run.step(now: after(1)).isEmpty, "one at a time")
        run.record("a", .successful, message: "", at: after(5))
        #expect(run.due == after(30) && run.step(now: after(29)).isEmpty)
        #expect(run.step(now: after(30)) == [.measure(metric: "b")], "at its delay")
        // From the end of the last one, and after it.
        #expect(run.step(now: after(65)).isEmpty)
        #expect(run.step(now: after(66)) == [.measure(metric: "a")])
        run.record("a", .error, message: "timeout", at: after(70))
        // After an error ten seconds, whatever the interval.
        #expect(run.due == after(80))
        #expect(run.step(now: after(81)) == [.measure(metric: "a")])
        // What was not asked for is not taken.
        run.record("c", .failed, message: "", at: after(82))
        run.record("b", .successful, message: "", at: after(82))
        run.record("b", .failed, message: "", at: after(83))
        #expect(run.states["b"]?.failed == 0 && run.phase == .running)
    }

    @Test func aDeadPrometheusTakesFiveErrors() {
        var run = ClassicRun([metric("a")], semantics: .argo, startedAt: Self.start)
        var now = Self.start
        var measured = 0
        while run.phase == .pending || run.phase == .running {
            for _ in run.step(now: now) {
                measured += 1
                run.record("a", .error, message: "connection refused", at: now)
            }
            now = now.adding(.seconds(1))
        }
        #expect(run.phase == .error && measured == 5)
        #expect(now.since(Self.start) > .seconds(40) && now.since(Self.start) < .seconds(50))
    }

    @Test func theWorstCounts() {
        for (phases, expected) in [
            ([ClassicPhase.successful, .successful], ClassicPhase.successful), ([.successful, .inconclusive], .inconclusive),
            ([.inconclusive, .error], .error), ([.failed, .error], .failed),
        ] {
            // One measurement each, begun together; an error needs its limit.
            var metrics = [metric("a", count: 1), metric("b", count: 1)]
            for index in metrics.indices { metrics[index].consecutiveErrorLimit = 0 }
            var run = ClassicRun(metrics, semantics: .argo, startedAt: Self.start)
            _ = run.step(now: Self.start)
            run.record("a", phases[0], message: "", at: Self.start)
            #expect(run.phase == .running, "not all are over")
            run.record("b", phases[1], message: "", at: Self.start)
            #expect(run.phase == expected)
            #expect(run.step(now: after(100)).isEmpty && run.phase == expected)
        }
    }

    @Test func oneThatFailsEndsTheOthersAtTheNextStep() {
        for semantics in [ClassicSemantics.argo, .cautious] {
            var run = ClassicRun([metric("a"), metric("b"), metric("c", delay: 500)], semantics: semantics, startedAt: Self.start)
            #expect(run.step(now: Self.start).count == 2)
            run.record("a", .failed, message: "too many", at: after(1))
            #expect(run.phase == .running && run.states["b"]?.phase == .running)
            // What is under way is ended and says nothing; what never began is passed by Argo.
            #expect(run.step(now: after(2)) == [.cancel(metric: "b")])
            #expect(run.states["b"]?.phase == .inconclusive)
            #expect(run.states["c"]?.phase == (semantics == .argo ? .successful : .inconclusive))
            #expect(run.phase == .failed)
            #expect(run.verdict == .bad)
        }
    }

    @Test func siblingsBelowTheirLimitsPassWithArgo() {
        for (semantics, expected) in [(ClassicSemantics.argo, ClassicPhase.successful), (.cautious, .inconclusive)] {
            var borne = metric("b")
            borne.failureLimit = 2
            var run = ClassicRun([metric("a"), borne], semantics: semantics, startedAt: Self.start)
            _ = run.step(now: Self.start)
            run.record("b", .failed, message: "", at: after(1))
            run.record("a", .failed, message: "", at: after(1))
            _ = run.step(now: after(2))
            #expect(run.states["b"]?.phase == expected && run.phase == .failed)
        }
    }

    @Test func endedByHand() {
        var argo = ClassicRun([metric("a")], semantics: .argo, startedAt: Self.start)
        argo.isTerminated = true
        #expect(argo.step(now: Self.start).isEmpty && argo.phase == .successful)
        var cautious = ClassicRun([metric("a")], semantics: .cautious, startedAt: Self.start)
        cautious.isTerminated = true
        _ = cautious.step(now: Self.start)
        #expect(cautious.phase == .inconclusive && cautious.verdict == .inconclusive("a: it was ended before it had enough measurements"))
    }

    @Test func dryRunsHaveNoSay() {
        var run = ClassicRun([metric("a", count: 1), metric("dry", dry: true)], semantics: .argo, startedAt: Self.start)
        _ = run.step(now: Self.start)
        run.record("dry", .failed, message: "", at: Self.start)
        run.record("a", .successful, message: "", at: Self.start)
        #expect(run.phase == .successful && run.states["dry"]?.phase == .failed)
        for (semantics, expected) in [(ClassicSemantics.argo, ClassicPhase.successful), (.cautious, .inconclusive)] {
            var only = ClassicRun([metric("dry", count: 1, dry: true)], semantics: semantics, startedAt: Self.start)
            _ = only.step(now: Self.start)
            only.record("dry", .failed, message: "", at: Self.start)
            #expect(only.phase == expected)
            #expect(only.problems.map(\.path.description) == ["metrics"])
        }
        #expect(run.problems.isEmpty)
    }

    @Test func anErrorHoldsAsLongAsItLasts() throws {
        var gate = metric("a", count: nil)
        gate.success = try Expression("result[0] < 1")
        var run = ClassicRun([gate], semantics: .cautious, startedAt: Self.start)
        var now = Self.start
        for _ in 0..<6 {
            #expect(run.step(now: now) == [.measure(metric: "a")])
            run.record("a", .error, message: "Prometheus is away", at: now)
            now = now.adding(.seconds(11))
        }
        #expect(run.verdict == .blind("a: Prometheus is away"))
        #expect(run.step(now: now) == [.measure(metric: "a")])
        run.record("a", .array([.float(0.5)]), at: now)
        #expect(run.verdict == .safe, "it has no count, and all it measured since was good")
        now = now.adding(.seconds(61))
        _ = run.step(now: now)
        run.record("a", .array([]), at: now)
        #expect(run.states["a"]?.count == 1 && run.verdict == .safe, "nothing is no measurement")
        now = now.adding(.seconds(61))
        _ = run.step(now: now)
        run.record("a", .array([.float(3)]), at: now)
        #expect(run.verdict == .bad)
    }

    @Test func whatIsMissing() {
        var run = ClassicRun([metric("a", count: 12)], semantics: .cautious, startedAt: Self.start)
        _ = run.step(now: Self.start)
        run.record("a", .successful, message: "", at: Self.start)
        #expect(run.verdict == .notEnoughEvidence(MissingEvidence(.other("11 more measurements of a"))))
    }

    @Test func whatCanNeverFailIsRefused() throws {
        func paths(_ change: (inout ClassicMetric) -> Void) throws -> [String] {
            var metric = ClassicMetric(name: "m", success: try Expression("result[0] < 1"))
            (metric.interval, metric.count) = (.seconds(10), 5)
            change(&metric)
            return metric.problems.map(\.path.description)
        }
        #expect(try paths { _ in }.isEmpty)
        #expect(try paths { $0.success = nil } == ["success"])
        #expect(try paths { ($0.count, $0.failureLimit) = (1, 1) } == ["failureLimit"])
        #expect(try paths { $0.failureLimit = 4 }.isEmpty)
        #expect(try paths { $0.failureLimit = 5 } == ["failureLimit"])
        #expect(try paths { $0.failureLimit = -1 } == ["failureLimit"])
        #expect(try paths { ($0.failureLimit, $0.consecutiveSuccessLimit) = (-1, 2) }.isEmpty)
        #expect(try paths { $0.failureLimit = -2 } == ["failureLimit"])
        #expect(try paths { $0.interval = nil } == ["interval"])
        #expect(try paths { ($0.failureLimit, $0.consecutiveSuccessLimit) = (2, 4) } == ["consecutiveSuccessLimit"])
        #expect(try paths { $0.inconclusiveLimit = 6 } == ["inconclusiveLimit"])
        #expect(try paths { $0.consecutiveErrorLimit = -1 } == ["consecutiveErrorLimit"])
        #expect(try paths { $0.count = -1 } == ["count"])
        #expect(try paths { ($0.count, $0.failureLimit) = (nil, 100) }.isEmpty, "without end any number can come")
    }
}
