import KubeModel
import KubeRuntime
import Testing
import Values

/// client-go's cases (TestTryAcquireOrRenewLeases, TestReleaseLease*, TestReleaseOnCancellation, TestFastPathLeaderElection), and those it fails.
struct ElectorMachineTests {
    @Test func whereThereIsNoLeaseItIsCreated() {
        var bench = ElectorBench()
        #expect(bench.reads)
        bench.answer(.absent)
        #expect(bench.creates)
        #expect(bench.spec["holderIdentity"] == "me")
        #expect(bench.spec["leaseDurationSeconds"] == 15)
        #expect(bench.spec["leaseTransitions"] == 0)
        // One time for both says that it was released.
        #expect(bench.spec["acquireTime"] != bench.spec["renewTime"])
        #expect(bench.machine.role == .standby)
        bench.accept()
        #expect(bench.machine.role == .leading)
        #expect(bench.wait == .seconds(2))
    }

    @Test(arguments: [
        ("never held", ElectorBench.lease(holder: nil, duration: nil, acquire: nil, renew: nil, transitions: nil), 1),
        ("released", ElectorBench.lease(holder: "", duration: 1, renew: "2026-01-01T00:00:00.000000Z"), 4),
        ("empty spec", JSON.object(JSONObject([("metadata", ["resourceVersion": "1"])])), 1),
        ("null spec", JSON.object(JSONObject([("metadata", ["resourceVersion": "1"]), ("spec", .null)])), 1),
    ]) func whatNobodyHoldsIsTakenAtOnce(name: String, lease: JSON, transitions: Int) {
        var bench = ElectorBench()
        bench.answer(.lease(lease))
        #expect(bench.replaces)
        #expect(bench.spec["holderIdentity"] == "me")
        #expect(bench.spec["leaseTransitions"] == .int(transitions))
        #expect(bench.body?["metadata"]?["resourceVersion"] == lease["metadata"]?["resourceVersion"])
        bench.accept()
        #expect(bench.machine.role == .leading)
    }

    @Test func aHeldLeaseIsWatchedForItsWholeDurationWhateverItsTimesSay() {
        var bench = ElectorBench()
        // Long expired by its own times.
        let lease = ElectorBench.lease(renew: "1999-01-01T00:00:00.000000Z")
        bench.answer(.lease(lease))
        var passed = Swift.Duration.zero
        while let wait = bench.wait {
            #expect(wait <= .seconds(2) && wait > .zero)
            bench.pass(wait)
            passed += wait
            bench.waited()
            #expect(bench.reads)
            bench.answer(.lease(lease))
        }
        #expect(passed == .seconds(15))
        #expect(bench.replaces)
        #expect(bench.spec["leaseTransitions"] == 4)
        #expect(bench.body?["metadata"]?["annotations"]?["theirs"] == "kept")
    }

    /// Somebody wrote the duration of a released Lease into it and blanked the name; its holder may be at work.
    @Test func onlyAHolderCanLetGo() {
        var bench = ElectorBench()
        bench.answer(.lease(ElectorBench.lease(holder: "", duration: 1)))
        #expect(bench.wait != nil)
    }

    @Test func aSignOfLifeBeginsTheWaitAnew() {
        var bench = ElectorBench()
        bench.answer(.lease(ElectorBench.lease()))
        bench.pass(.seconds(14))
        bench.waited()
        bench.answer(.lease(ElectorBench.lease(renew: "2026-01-01T00:00:06.000000Z", version: "8")))
        bench.pass(.seconds(14))
        bench.waited()
        bench.answer(.lease(ElectorBench.lease(renew: "2026-01-01T00:00:06.000000Z", version: "8")))
        #expect(bench.wait != nil)
        bench.pass(.seconds(1))
        bench.waited()
        bench.answer(.lease(ElectorBench.lease(renew: "2026-01-01T00:00:06.000000Z", version: "8")))
        #expect(bench.replaces)
    }

    @Test func anAnnotationIsNoSignOfLife() {
        var bench = ElectorBench()
        bench.answer(.lease(ElectorBench.lease()))
        for version in 8..<23 {
            bench.pass(.seconds(1))
            bench.waited()
            bench.answer(.lease(ElectorBench.lease(version: "\(version)", extra: .string("\(version)"))))
        }
        #expect(bench.replaces)
        // What is new there is kept, and the newest version is the condition.
        #expect(bench.spec["preferredHolder"] == "22")
        #expect(bench.body?["metadata"]?["resourceVersion"] == "22")
    }

    @Test(arguments: [
        ("zero", JSON?.some(0), 15), ("negative", -5, 15), ("missing", nil, 15), ("text", "ten", 15), ("null", .null, 15), ("shorter", 3, 15),
        ("longer", 60, 60), ("as long as may be", 600, 600), ("huge", 2_147_483_647, 600), ("beyond Int64", .number("1e400"), 15),
        ("beyond Int32", .number("9223372036854775807"), 600), ("fraction", .number("20.5"), 15),
    ]) func noDurationHurriesOrBlocksForEver(name: String, duration: JSON?, seconds: Int) {
        var bench = ElectorBench()
        let lease = ElectorBench.lease(duration: duration)
        bench.answer(.lease(lease))
        bench.pass(.seconds(seconds) - .milliseconds(1))
        bench.waited()
        bench.answer(.lease(lease))
        #expect(bench.wait != nil, "\(name)")
        bench.pass(.milliseconds(1))
        bench.waited()
        bench.answer(.lease(lease))
        #expect(bench.replaces, "\(name)")
    }

    @Test(arguments: [
        ("absurd times", ElectorBench.lease(acquire: "yesterday", renew: 17)),
        ("transitions at the end", ElectorBench.lease(transitions: 2_147_483_647)),
        ("negative transitions", ElectorBench.lease(transitions: -7)), ("transitions beyond", ElectorBench.lease(transitions: .number("1e99"))),
        ("a holder that is no text", ElectorBench.lease(holder: ["a", 1])),
        ("a spec that is a list", JSON.object(JSONObject([("metadata", ["resourceVersion": "1"]), ("spec", [1])]))),
        ("a blanked name", ElectorBench.lease(holder: "")), ("a blanked name with another duration", ElectorBench.lease(holder: "", duration: 1)),
        ("our name, which we never wrote", ElectorBench.lease(holder: "me")),
    ]) func nonsenseIsWaitedForAndThenReplaced(name: String, lease: JSON) {
        var bench = ElectorBench()
        bench.answer(.lease(lease))
        if bench.wait != nil {
            bench.pass(.seconds(15))
            bench.waited()
            bench.answer(.lease(lease))
        }
        #expect(bench.replaces, "\(name)")
        let transitions = bench.spec["leaseTransitions"]?.intValue ?? -1
        #expect(transitions >= 0 && transitions <= 2_147_483_647, "\(name)")
        #expect(bench.spec["holderIdentity"] == "me")
        bench.accept()
        #expect(bench.machine.role == .leading, "\(name)")
    }

    @Test func aForgedOrBlankedHolderIsNotTakenAtOnce() {
        for lease in [ElectorBench.lease(holder: ""), ElectorBench.lease(holder: "me")] {
            var bench = ElectorBench()
            bench.answer(.lease(lease))
            #expect(bench.wait != nil)
        }
    }

    @Test func aRenewalIsOneWriteThatKeepsWhatTheAcquisitionSaid() {
        var bench = ElectorBench.leader()
        let acquired = bench.machine.renewed
        let wall = bench.wall
        for _ in 0..<5 {
            bench.pass(.seconds(2))
            bench.waited()
            #expect(bench.replaces)
            #expect(bench.spec["acquireTime"] == .string(wall.microsecondsText))
            #expect(bench.spec["renewTime"] == .string(bench.wall.microsecondsText))
            #expect(bench.spec["leaseTransitions"] == 0)
            bench.accept()
            #expect(bench.wait == .seconds(2))
        }
        #expect(bench.machine.renewed != acquired)
        #expect(bench.machine.slowPaths == 0)
    }

    @Test func aWallClockThatStandsStillStillGivesSignsOfLife() {
        var bench = ElectorBench.leader()
        var seen: Set<String> = []
        for _ in 0..<4 {
            bench.now.monotonic += .seconds(2)
            bench.now.boot += .seconds(2)
            bench.waited()
            seen.insert(bench.spec["renewTime"]?.stringValue ?? "")
            bench.accept()
        }
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $0 != $1 })
        #expect(seen.count >= 2)
    }

    @Test func afterAConflictItLooksAndWritesAgain() {
        var bench = ElectorBench.leader()
        let known = bench.stored(ElectorBench.lease(holder: "me", transitions: 0))
        bench.pass(.seconds(2))
        bench.waited()
        bench.answer(.conflict)
        #expect(bench.reads)
        bench.answer(.lease(known))
        #expect(bench.replaces)
        #expect(bench.body?["metadata"]?["resourceVersion"] == known["metadata"]?["resourceVersion"])
        bench.accept()
        #expect(bench.machine.role == .leading)
        #expect(bench.machine.slowPaths == 1)
    }

    @Test func somebodyWhoChangesItAllTheTimeDoesNotMakeItSpin() {
        var bench = ElectorBench.leader()
        bench.pass(.seconds(2))
        bench.waited()
        var requests = 0
        while bench.wait == nil {
            requests += 1
            bench.answer(bench.reads ? .lease(ElectorBench.lease(holder: "me", version: "\(requests)")) : .conflict)
            #expect(requests < 20)
        }
        #expect(requests <= 7)
    }

    @Test func whoSeesAnotherHolderHasLost() {
        for holder in ["other", ""] {
            var bench = ElectorBench.leader()
            bench.pass(.seconds(2))
            bench.waited()
            bench.answer(.conflict)
            bench.answer(.lease(ElectorBench.lease(holder: .string(holder))))
            #expect(bench.isLost)
            #expect(bench.action == .finish)
            #expect(!bench.machine.leads(at: bench.now))
        }
    }

    @Test func whoCannotRenewGivesUpBeforeAnybodyElseMayBegin() {
        var bench = ElectorBench.leader()
        var passed = Swift.Duration.zero
        while !bench.isLost {
            if let wait = bench.wait {
                bench.pass(wait)
                passed += wait
                bench.waited()
            } else {
                bench.pass(.milliseconds(300))
                passed += .milliseconds(300)
                bench.answer(.failed("no route"))
            }
            #expect(bench.machine.leads(at: bench.now) == (passed < .seconds(10)))
            #expect(passed < .seconds(11))
        }
        #expect(passed >= .seconds(10))
        #expect("\(bench.machine.role)".contains("no route"))
    }

    @Test func noRequestOutlastsTheLease() {
        var bench = ElectorBench.leader()
        bench.pass(.seconds(8))
        bench.waited()
        guard case .replace(_, let timeout) = bench.action else { return #expect(bench.replaces) }
        #expect(timeout == .seconds(2))
    }

    @Test(arguments: [true, false]) func whoWasAwayForTooLongHasLostWhateverComesIn(suspended: Bool) {
        var bench = ElectorBench.leader()
        bench.pass(.seconds(2))
        bench.waited()
        bench.pass(.seconds(60), suspended: suspended)
        #expect(!bench.machine.leads(at: bench.now))
        // The answer to what was sent before: good, and a minute old.
        bench.accept()
        #expect(bench.isLost)
    }

    @Test func aSuspendedCandidateGainsNothing() {
        var bench = ElectorBench()
        bench.answer(.lease(ElectorBench.lease()))
        bench.pass(.seconds(60), suspended: true)
        bench.waited()
        bench.answer(.lease(ElectorBench.lease()))
        #expect(bench.wait != nil)
    }

    @Test func anAcquisitionAnsweredTooLateIsRenewedBeforeAnythingIsDone() {
        var bench = ElectorBench()
        bench.answer(.absent)
        bench.pass(.seconds(11))
        bench.accept()
        #expect(bench.machine.role == .standby)
        #expect(bench.replaces)
        bench.accept()
        #expect(bench.machine.role == .leading)
    }

    @Test func anAcquisitionOfUnknownOutcomeIsFoundOut() {
        var bench = ElectorBench()
        bench.answer(.absent)
        let written = bench.stored(bench.body ?? .null)
        bench.answer(.failed("timeout"))
        #expect(bench.reads)
        bench.answer(.lease(written))
        #expect(bench.machine.role == .standby)
        #expect(bench.replaces)
        bench.accept()
        #expect(bench.machine.role == .leading)
    }

    @Test func theLoserOfARaceStandsBy() {
        var bench = ElectorBench()
        bench.answer(.absent)
        bench.answer(.conflict)
        #expect(bench.reads)
        bench.answer(.lease(ElectorBench.lease()))
        #expect(bench.wait != nil)
        #expect(bench.machine.role == .standby)
        #expect(bench.machine.holder == "other")
    }

    @Test func aLeaseThatWasDeletedIsNotTakenAtOnce() {
        var bench = ElectorBench()
        bench.answer(.lease(ElectorBench.lease()))
        bench.pass(.seconds(14))
        bench.waited()
        bench.answer(.absent)
        var passed = Swift.Duration.zero
        while let wait = bench.wait {
            bench.pass(wait)
            passed += wait
            bench.waited()
            bench.answer(.absent)
        }
        #expect(bench.creates)
        #expect(passed >= .seconds(15))
        #expect(bench.spec["leaseTransitions"] == 3)
    }

    @Test func aLeaderWhoseLeaseWasDeletedWritesItAnew() {
        var bench = ElectorBench.leader()
        let acquired = bench.wall.microsecondsText
        bench.pass(.seconds(2))
        bench.waited()
        bench.answer(.absent)
        #expect(bench.creates)
        #expect(bench.spec["acquireTime"] == .string(acquired))
        bench.accept()
        #expect(bench.machine.role == .leading)
    }

    @Test func anAnswerThatIsNoLeaseIsAFailure() {
        var bench = ElectorBench()
        for nonsense: JSON in [.null, [], "x", ["kind": "Status"], ["metadata": ["resourceVersion": ""]]] {
            bench.answer(.lease(nonsense))
            #expect(bench.wait != nil)
            bench.waited()
        }
        bench.answer(.absent)
        bench.answer(.lease(ElectorBench.lease(holder: "other")))
        #expect(bench.machine.role == .standby, "the server says something else than what was written")
    }
}
