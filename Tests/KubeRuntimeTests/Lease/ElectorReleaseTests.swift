import KubeRuntime
import Testing
import Values

struct ElectorReleaseTests {
    @Test func aLeaderLetsGoOfWhatItJustSawToBeItsOwn() {
        var bench = ElectorBench.leader()
        let known = bench.stored(ElectorBench.lease(holder: "me", transitions: 2))
        bench.pass(.seconds(1))
        bench.stop()
        #expect(bench.reads)
        #expect(!bench.machine.leads(at: bench.now))
        bench.answer(.lease(known))
        #expect(bench.replaces)
        #expect(bench.spec["holderIdentity"] == "")
        #expect(bench.spec["leaseDurationSeconds"] == 1)
        #expect(bench.spec["leaseTransitions"] == 2)
        #expect(bench.body?["metadata"]?["resourceVersion"] == known["metadata"]?["resourceVersion"])
        bench.accept()
        #expect(bench.machine.role == .ended(released: true))
    }

    /// client-go's `release` checks an old record and blanks a successor's lease.
    @Test func aSuccessorsLeaseIsLeftAlone() {
        var bench = ElectorBench.leader()
        bench.stop()
        bench.answer(.lease(ElectorBench.lease(holder: "successor")))
        #expect(bench.machine.role == .ended(released: false))
        #expect(bench.action == .finish)
    }

    @Test func aSuccessorBetweenLookAndReleaseIsLeftAlone() {
        var bench = ElectorBench.leader()
        bench.stop()
        bench.answer(.lease(ElectorBench.lease(holder: "me")))
        bench.answer(.conflict)
        bench.waited()
        #expect(bench.reads)
        bench.answer(.lease(ElectorBench.lease(holder: "successor")))
        #expect(bench.machine.role == .ended(released: false))
    }

    @Test func aStandbyEndsWithoutAWord() {
        var bench = ElectorBench()
        bench.answer(.lease(ElectorBench.lease()))
        bench.stop()
        #expect(bench.action == .finish)
        #expect(bench.machine.role == .ended(released: false))
    }

    /// TestReleaseOnCancellation: told to end while a request is under way.
    @Test func anAcquisitionUnderWayIsUndone() {
        var bench = ElectorBench()
        bench.answer(.absent)
        let stored = bench.stored(bench.body ?? .null)
        bench.stop()
        #expect(bench.creates, "what is under way is answered first")
        bench.answer(.lease(stored))
        #expect(bench.machine.role == .standby, "it never leads")
        #expect(bench.spec["holderIdentity"] == "")
        bench.accept()
        #expect(bench.machine.role == .ended(released: true))
    }

    @Test func anAcquisitionOfUnknownOutcomeIsLookedAtAndUndone() {
        var bench = ElectorBench()
        bench.answer(.absent)
        let stored = bench.stored(bench.body ?? .null)
        bench.stop()
        bench.answer(.failed("timeout"))
        #expect(bench.reads)
        bench.answer(.lease(stored))
        #expect(bench.spec["holderIdentity"] == "")
    }

    @Test func aReadUnderWayEndsItToo() {
        var bench = ElectorBench()
        bench.stop()
        #expect(bench.reads)
        bench.answer(.lease(ElectorBench.lease(holder: "", duration: 1)))
        #expect(bench.machine.role == .ended(released: false), "a free lease is not taken on the way out")
    }

    @Test func aServerThatDoesNotAnswerDoesNotHoldTheEndUp() {
        var bench = ElectorBench.leader()
        bench.stop()
        var passed = Swift.Duration.zero
        while bench.action != .finish {
            if let wait = bench.wait {
                bench.pass(wait)
                passed += wait
                bench.waited()
            } else {
                bench.pass(.seconds(1))
                passed += .seconds(1)
                bench.answer(.failed("no route"))
            }
            #expect(passed < .seconds(20))
        }
        #expect(bench.machine.role == .ended(released: false))
    }

    @Test func whoHasLostReleasesNothing() {
        var bench = ElectorBench.leader()
        bench.pass(.seconds(11))
        bench.waited()
        #expect(bench.isLost)
        bench.stop()
        #expect(bench.action == .finish)
        #expect(bench.isLost)
    }
}

struct LeaseSettingsTests {
    private static func tooShort(_ deadline: String) -> String {
        "leaseDuration must be at least a second longer than renewDeadline (\(deadline)): what a leader sent at the last moment must be over before a "
            + "successor begins"
    }

    @Test(arguments: [
        (15_000, 10_000, 2_000, nil), (3_000, 2_000, 500, nil), (15_000, 15_000, 2_000, tooShort("15s")), (10_000, 15_000, 2_000, tooShort("15s")),
        (15_000, 14_500, 2_000, tooShort("14s500ms")),
        (15_000, 10_000, 10_000, "renewDeadline must be longer than 1.2 times retryPeriod (10s)"),
        (15_000, 12_000, 10_000, "renewDeadline must be longer than 1.2 times retryPeriod (10s)"),
        (15_500, 10_000, 2_000, "leaseDuration must be whole seconds, as a Lease holds no parts of one"),
    ]) func spansAreChecked(lease: Int64, renew: Int64, retry: Int64, problem: String?) {
        #expect(
            LeaseSettings.problem(
                leaseDuration: PromDuration(milliseconds: lease), renewDeadline: PromDuration(milliseconds: renew),
                retryPeriod: PromDuration(milliseconds: retry)) == problem)
    }
}
