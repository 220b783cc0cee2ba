import Rollouts
import Testing
import Values

@Suite struct HealthGateTests {
    private static let settings = HealthSettings(maxRestarts: 0, readyWithin: .minutes(2))
    private static let now = RolloutFixtures.at(60)

    private func pod(_ name: String, _ arm: Arm, _ change: (inout ObservedPod) -> Void = { _ in }) -> ObservedPod {
        var pod = ObservedPod(uid: "uid-\(name)", name: name, arm: arm, createdAt: RolloutFixtures.start, isReady: true)
        change(&pod)
        return pod
    }

    private func verdict(_ pictures: [[ObservedPod]], expected: Int = 1, settings: HealthSettings = settings) -> GateVerdict {
        var gate = HealthGate()
        for (index, picture) in pictures.enumerated() { gate.observe(picture, settings: settings, now: Self.now.adding(.seconds(Int64(index)))) }
        return gate.verdict(expected: expected, settings: settings)
    }

    @Test func readyIsSafe() {
        #expect(verdict([[pod("c", .canary)]]) == .safe)
        #expect(
            verdict([[pod("c", .canary)]], expected: 2) == .notEnoughEvidence(MissingEvidence(.other("1 of 2 pods of the canary have been Ready"))))
        #expect(verdict([[]]) == .notEnoughEvidence(MissingEvidence(.other("0 of 1 pods of the canary have been Ready"))))
    }

    @Test func aRestartIsBad() {
        let restarted = pod("c", .canary) { $0.restarts = 1 }
        #expect(verdict([[restarted]]) == .bad)
        #expect(verdict([[restarted]], settings: HealthSettings(maxRestarts: 1)) == .safe)
        var gate = HealthGate()
        gate.observe([restarted], settings: Self.settings, now: Self.now)
        #expect(gate.message(settings: Self.settings) == "1 restarts of the canary's pods, more than 0")
    }

    @Test func aCrashLoopIsBadAtOnceAndIsNotForgotten() {
        let looping = pod("c", .canary) { ($0.isReady, $0.waitingReasons) = (false, ["CrashLoopBackOff"]) }
        #expect(verdict([[looping]], settings: HealthSettings(maxRestarts: 100)) == .bad)
        // Neither when it is deleted, nor when it runs for a while.
        #expect(verdict([[looping], []], settings: HealthSettings(maxRestarts: 100)) == .bad)
        #expect(verdict([[looping], [pod("c", .canary)]], settings: HealthSettings(maxRestarts: 100)) == .bad)
        var gate = HealthGate()
        gate.observe([looping], settings: Self.settings, now: Self.now)
        #expect(gate.message(settings: Self.settings) == "c: CrashLoopBackOff")
    }

    @Test func neverReadyIsBadAfterItsTime() {
        let pulling = pod("c", .canary) { ($0.isReady, $0.waitingReasons) = (false, ["ImagePullBackOff"]) }
        guard case .notEnoughEvidence = verdict([[pulling]]) else {
            Issue.record("an image may be slow")
            return
        }
        var gate = HealthGate()
        gate.observe([pulling], settings: Self.settings, now: RolloutFixtures.at(120))
        #expect(gate.verdict(expected: 1, settings: Self.settings) == .bad)
        #expect(gate.message(settings: Self.settings) == "c: ImagePullBackOff")
        // Who was Ready once and is not now is for other gates.
        var once = HealthGate()
        once.observe([pod("c", .canary)], settings: Self.settings, now: Self.now)
        once.observe([pod("c", .canary) { $0.isReady = false }], settings: Self.settings, now: RolloutFixtures.at(600))
        #expect(once.verdict(expected: 1, settings: Self.settings) == .safe)
    }

    @Test func whatIsDoneToAPodIsNotItsFault() {
        for reason in ["Evicted", "NodeLost", "Preempting"] {
            let gone = pod("c", .canary) { ($0.reason, $0.restarts, $0.isReady) = (reason, 3, false) }
            #expect(verdict([[gone, pod("d", .canary)]]) == .safe)
        }
        let leaving = pod("c", .canary) { ($0.isBeingDeleted, $0.restarts) = (true, 1) }
        #expect(verdict([[pod("c", .canary)], [leaving]]) == .safe)
    }

    @Test func troubleThatTheStablePodsShareIsNoVerdict() {
        let bad = pod("c", .canary) { $0.restarts = 1 }
        let old = [pod("s", .stable) { $0.restarts = 7 }, pod("t", .stable)]
        #expect(verdict([old, old + [bad]]) == .bad, "restarts of old")
        let now = [pod("s", .stable) { $0.restarts = 8 }, pod("t", .stable) { $0.restarts = 1 }]
        #expect(verdict([old, now + [bad]]) == .inconclusive("2 of 2 pods of the stable version have the same trouble"))
    }

    @Test(arguments: 1...50) func theSamePictureTwiceChangesNothing(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var once = HealthGate()
        var twice = HealthGate()
        for second in 0..<30 {
            let picture = (0..<4).map { index in
                pod("p\(index)", index < 2 ? .canary : .stable) {
                    $0.restarts = Int.random(in: 0...2, using: &random)
                    $0.isReady = Bool.random(using: &random)
                    $0.waitingReasons = Int.random(in: 0..<9, using: &random) == 0 ? ["CrashLoopBackOff"] : []
                    $0.isBeingDeleted = Int.random(in: 0..<9, using: &random) == 0
                }
            }
            let at = RolloutFixtures.at(Double(second))
            once.observe(picture, settings: Self.settings, now: at)
            twice.observe(picture, settings: Self.settings, now: at)
            twice.observe(picture.shuffled(using: &random), settings: Self.settings, now: at)
        }
        #expect(once == twice)
        #expect(HealthGate(checkpoint: once.checkpoint) == once)
        #expect(HealthGate(checkpoint: "x") == nil && HealthGate(checkpoint: [["uid": "x"]]) == nil)
    }
}
