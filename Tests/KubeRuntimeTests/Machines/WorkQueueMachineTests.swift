import KubeRuntime
import Testing
import Values

private typealias Queue = WorkQueueMachine<String>

/// One step of a table: what is done to the queue, or what must come out.
private enum Step {
    case add(String, QueuePriority = .normal)
    case addAfter(String, Int)
    case pop(String?)
    case done(String, Queue.Completion = .success)
    case at(Int)
    case length(ready: Int, delayed: Int, processing: Int)
    case shutDown
    case drained(Bool)
    case deadline(Int?)
}

/// Runs a table; times are milliseconds, backoff has no jitter.
private func run(_ steps: [Step], sourceLocation: SourceLocation = #_sourceLocation) {
    var queue = Queue(
        backoff: Backoff(base: .milliseconds(250), cap: .seconds(300), jitter: .none),
        conflictBackoff: Backoff(base: .milliseconds(100), cap: .seconds(5), jitter: .none))
    var generator = SeededGenerator(seed: 1)
    var now = Swift.Duration.zero
    for (index, step) in steps.enumerated() {
        let at = Comment(rawValue: "step \(index): \(step)")
        switch step {
        case .add(let key, let priority): _ = queue.add(key, priority: priority, now: now)
        case .addAfter(let key, let milliseconds): _ = queue.add(key, after: .milliseconds(milliseconds), now: now)
        case .pop(let key): #expect(queue.pop(now: now)?.key == key, at, sourceLocation: sourceLocation)
        case .done(let key, let completion): _ = queue.done(key, completion, now: now, using: &generator)
        case .at(let milliseconds): now = .milliseconds(milliseconds)
        case .length(let ready, let delayed, let processing):
            let lengths = queue.lengths
            #expect(lengths.ready.values.reduce(0, +) == ready, at, sourceLocation: sourceLocation)
            #expect(lengths.delayed == delayed, at, sourceLocation: sourceLocation)
            #expect(lengths.processing == processing, at, sourceLocation: sourceLocation)
        case .shutDown: queue.shutDown()
        case .drained(let drained): #expect(queue.isDrained == drained, at, sourceLocation: sourceLocation)
        case .deadline(let milliseconds):
            #expect(queue.nextDeadline() == milliseconds.map { .milliseconds($0) }, at, sourceLocation: sourceLocation)
        }
    }
}

/// Cases of client-go's queue_test.go and delaying_queue_test.go and of controller-runtime's priorityqueue_test.go, and our own.
struct WorkQueueMachineTests {
    @Test func addWhileProcessing() {
        run([.add("a"), .pop("a"), .add("a"), .pop(nil), .length(ready: 0, delayed: 0, processing: 1), .done("a"), .pop("a"), .done("a"), .pop(nil)])
    }

    @Test func collapse() {
        run([.add("a"), .add("a"), .add("b"), .add("a"), .length(ready: 2, delayed: 0, processing: 0), .pop("a"), .pop("b"), .pop(nil)])
    }

    @Test func collapseWhileProcessing() {
        run([.add("a"), .pop("a"), .add("a"), .add("a"), .add("a"), .done("a"), .pop("a"), .done("a"), .pop(nil)])
    }

    @Test func doneOfAnUntakenKeyIsIgnored() {
        run([.done("a"), .length(ready: 0, delayed: 0, processing: 0), .add("a"), .done("a"), .pop("a"), .done("a"), .done("a"), .pop(nil)])
    }

    @Test func delayedIsNotReadyBeforeItsTime() {
        run([
            .addAfter("a", 50), .length(ready: 0, delayed: 1, processing: 0), .deadline(50), .pop(nil), .at(49), .pop(nil), .at(50), .pop("a"),
            .deadline(nil),
        ])
    }

    @Test func earliestDeadlineWinsAndASecondAddAfterFiringIsNew() {
        run([
            .addAfter("a", 50), .addAfter("a", 70), .deadline(50), .at(60), .pop("a"), .done("a"), .at(90), .pop(nil),
            .addAfter("a", 50), .addAfter("a", 30), .deadline(120), .at(120), .pop("a"), .done("a"), .at(500), .pop(nil),
        ])
    }

    @Test func addTwoFireEarly() {
        run([
            .addAfter("a", 1_000), .addAfter("b", 50), .at(60), .pop("b"), .done("b"), .at(1_000), .pop("a"), .done("a"), .addAfter("c", 2_000),
            .at(3_000), .pop("c"),
        ])
    }

    @Test func laterDelaysComeInOrderOfDeadline() {
        run([.addAfter("a", 1_000), .addAfter("b", 500), .addAfter("c", 250), .at(2_000), .pop("c"), .pop("b"), .pop("a"), .pop(nil)])
    }

    @Test func readyWinsOverDelayedAndTakesItsTimerAway() {
        run([.addAfter("a", 50), .add("a"), .length(ready: 1, delayed: 0, processing: 0), .pop("a"), .done("a"), .at(100), .pop(nil), .deadline(nil)])
        run([.add("a"), .addAfter("a", 50), .pop("a"), .done("a"), .at(100), .pop(nil)])
    }

    @Test func negativeAndHugeDelays() {
        run([.addAfter("a", -5), .pop("a"), .done("a"), .addAfter("b", .max), .pop(nil), .deadline(365 * 86_400_000)])
    }

    @Test func requeueReplacesTheReconcilersTimer() {
        // The timer of 60 s is taken away by the event; the new deadline of 600 s stands alone, not the earlier of the two.
        run([
            .add("a"), .pop("a"), .done("a", .requeue(after: .seconds(60))), .deadline(60_000), .add("a"), .pop("a"),
            .done("a", .requeue(after: .seconds(600))), .deadline(600_000), .at(60_000), .pop(nil), .at(600_000), .pop("a"),
        ])
    }

    @Test func aDelayAskedForByOthersMeanwhileStands() {
        run([.add("a"), .pop("a"), .addAfter("a", 100), .done("a", .requeue(after: .seconds(60))), .deadline(100), .at(100), .pop("a")])
        run([.add("a"), .pop("a"), .addAfter("a", 100), .at(200), .pop(nil), .done("a"), .pop("a")])
        run([.add("a"), .pop("a"), .addAfter("a", 100), .done("a"), .deadline(100)])
    }

    @Test func backoffDoublesAndIsForgottenOnSuccess() {
        run([
            .add("a"), .pop("a"), .done("a", .failure), .deadline(250), .at(250), .pop("a"), .done("a", .failure), .deadline(750), .at(750),
            .pop("a"),
            .done("a"), .deadline(nil), .add("a"), .pop("a"), .done("a", .failure), .deadline(1_000),
        ])
    }

    @Test func conflictAndThrottlingAreNoFailures() {
        var queue = Queue()
        var generator = SeededGenerator(seed: 1)
        for (completion, failures) in [
            (Queue.Completion.conflict, 0), (.throttled(after: .seconds(3)), 0), (.failure, 1), (.conflict, 1), (.failure, 2), (.success, 0),
        ] {
            _ = queue.add("a", now: .zero)
            _ = queue.pop(now: .zero)
            _ = queue.done("a", completion, now: .zero, using: &generator)
            #expect(queue.failures(of: "a") == failures)
        }
        run([.add("a"), .pop("a"), .done("a", .throttled(after: .seconds(7))), .deadline(7_000)])
        run([.add("a"), .pop("a"), .done("a", .conflict), .deadline(100), .at(100), .pop("a"), .done("a", .conflict), .deadline(300)])
        run([.add("a"), .pop("a"), .done("a", .terminal), .deadline(nil), .pop(nil), .add("a"), .pop("a")])
    }

    @Test func anotherGenerationForgetsFailures() {
        var queue = Queue()
        var generator = SeededGenerator(seed: 1)
        func fail() {
            _ = queue.pop(now: .zero)
            _ = queue.done("a", .failure, now: .zero, using: &generator)
        }
        _ = queue.add("a", generation: 1, now: .zero)
        fail()
        _ = queue.add("a", generation: 1, now: .zero)
        fail()
        #expect(queue.failures(of: "a") == 2)
        _ = queue.add("a", generation: 2, now: .zero)
        #expect(queue.failures(of: "a") == 0)
        fail()
        queue.forget("a")
        #expect(queue.failures(of: "a") == 0)
    }

    @Test func higherClassesFirstThenByTimeOfBecomingReady() {
        run([.add("l", .low), .add("n1"), .add("n2"), .add("h", .high), .pop("h"), .pop("n1"), .pop("n2"), .pop("l")])
        run([.addAfter("late", 100), .at(150), .add("later"), .pop("late"), .pop("later")])
    }

    @Test func aRaisedKeyGoesToTheTailOfItsNewClass() {
        run([.add("a", .low), .add("b", .high), .add("a", .high), .length(ready: 2, delayed: 0, processing: 0), .pop("b"), .pop("a"), .pop(nil)])
        run([.add("a", .high), .add("b"), .add("a", .low), .pop("a"), .pop("b"), .pop(nil)])
    }

    @Test func lowIsNotStarved() {
        var queue = Queue()
        var generator = SeededGenerator(seed: 1)
        _ = queue.add("low", priority: .low, now: .zero)
        var pops = 0
        for index in 0..<100 {
            _ = queue.add("n\(index)", now: .zero)
            pops += 1
            let key = queue.pop(now: .zero)?.key ?? ""
            _ = queue.done(key, .success, now: .zero, using: &generator)
            if key == "low" { break }
        }
        #expect(pops == 8)
    }

    @Test func retriesKeepTheirPriority() {
        run([.add("h", .high), .pop("h"), .done("h", .failure), .add("n"), .at(300), .pop("h")])
        run([.add("l", .low), .pop("l"), .done("l", .requeue(after: .milliseconds(10))), .at(20), .add("n"), .pop("n"), .pop("l")])
    }

    @Test func shutdownDropsWhatIsQueuedAndWaitsForWhatIsTaken() {
        run([
            .add("a"), .add("b"), .addAfter("c", 10), .pop("a"), .add("a"), .shutDown, .drained(false), .pop(nil), .add("d"), .pop(nil), .at(100),
            .pop(nil),
            .length(ready: 0, delayed: 0, processing: 1), .done("a", .failure), .drained(true), .length(ready: 0, delayed: 0, processing: 0),
            .pop(nil), .deadline(nil),
        ])
        run([.shutDown, .drained(true)])
    }

    @Test func wakesSayWhatTheShellMustDo() {
        var queue = Queue()
        #expect(queue.add("a", now: .zero) == .worker)
        #expect(queue.add("a", now: .zero) == .nothing)
        #expect(queue.add("b", after: .seconds(5), now: .zero) == .timer(.seconds(5)))
        #expect(queue.add("c", after: .seconds(9), now: .zero) == .nothing)
        #expect(queue.add("d", after: .seconds(1), now: .zero) == .timer(.seconds(1)))
        let promoted = [queue.promote(now: .seconds(1)), queue.promote(now: .seconds(1))]
        #expect(promoted == [true, false])
        #expect(queue.lengths.ready[.normal] == 2)
    }

    @Test func manyReplacedTimersDontPileUp() {
        var queue = Queue()
        for step in 0..<10_000 { _ = queue.add("a", after: .seconds(20_000 - step), now: .zero) }
        #expect(queue.nextDeadline() == .seconds(10_001))
        #expect(queue.lengths.delayed == 1)
    }

    /// Random operations against the invariants: never a key twice at once, nothing lost, lengths true, no early run.
    @Test(arguments: 1...50) func fuzz(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var queue = WorkQueueMachine<Int>()
        var now = Swift.Duration.zero
        var taken: Set<Int> = []
        /// Keys that must run at least once more, with the latest time at which they have to be ready.
        var owed: [Int: Swift.Duration] = [:]
        for _ in 0..<3_000 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0...2:
                let key = Int.random(in: 0..<20, using: &generator)
                _ = queue.add(key, priority: QueuePriority.allCases.randomElement(using: &generator) ?? .low, now: now)
                owed[key] = min(owed[key] ?? now, now)
            case 3:
                let key = Int.random(in: 0..<20, using: &generator)
                let delay = Swift.Duration.milliseconds(Int.random(in: 0...500, using: &generator))
                _ = queue.add(key, after: delay, now: now)
                owed[key] = min(owed[key] ?? now + delay, now + delay)
            case 4...6:
                if let popped = queue.pop(now: now) {
                    #expect(taken.insert(popped.key).inserted, "seed \(seed): \(popped.key) is worked on twice")
                    let due = owed.removeValue(forKey: popped.key)
                    #expect(due.map { $0 <= now } ?? false, "seed \(seed): \(popped.key) ran without or before its reason")
                    #expect(popped.waited >= .zero)
                } else {
                    let due = owed.filter { $0.value <= now && !taken.contains($0.key) }
                    #expect(due.isEmpty, "seed \(seed): \(due) lost at \(now)")
                }
            case 7...8:
                if let key = taken.sorted().randomElement(using: &generator) {
                    taken.remove(key)
                    if Bool.random(using: &generator) {
                        _ = queue.done(key, .success, now: now, using: &generator)
                    } else {
                        let after = Swift.Duration.milliseconds(Int.random(in: 1...300, using: &generator))
                        _ = queue.done(key, .requeue(after: after), now: now, using: &generator)
                        owed[key] = min(owed[key] ?? now + after, now + after)
                    }
                }
            default:
                now += .milliseconds(Int.random(in: 0...100, using: &generator))
            }
            #expect(queue.lengths.processing == taken.count)
            let waiting = owed.keys.filter { !taken.contains($0) }.count
            #expect(queue.lengths.ready.values.reduce(0, +) + queue.lengths.delayed >= waiting, "seed \(seed)")
        }
        // Drain: everything owed comes out, once.
        for key in taken.sorted() { _ = queue.done(key, .success, now: now, using: &generator) }
        now += .seconds(10)
        while let popped = queue.pop(now: now) {
            #expect(owed.removeValue(forKey: popped.key) != nil, "seed \(seed): \(popped.key) came out twice")
            _ = queue.done(popped.key, .success, now: now, using: &generator)
        }
        #expect(owed.isEmpty, "seed \(seed): lost \(owed)")
        #expect(queue.lengths.delayed == 0 && queue.lengths.processing == 0)
    }
}
