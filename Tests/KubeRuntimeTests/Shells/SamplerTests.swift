import KubeModel
import KubeRuntime
import Synchronization
import TestSupport
import Testing
import Values

/// Answers polls from a script, and notes how many were under way at once.
private final class Source: Sendable {
    struct Down: Error {}
    private struct State {
        var answers: [Int?]
        var polls = 0
        var underWay = 0
        var most = 0
    }
    private let state: Mutex<State>
    init(_ answers: [Int?]) { state = Mutex(State(answers: answers)) }
    var polls: Int { state.withLock { $0.polls } }
    var most: Int { state.withLock { $0.most } }

    /// The next answer (nil: a failure); the last one for ever.
    func poll() async throws -> Int {
        let answer = state.withLock { state -> Int? in
            state.polls += 1
            state.underWay += 1
            state.most = max(state.most, state.underWay)
            return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
        }
        await Task.yield()
        state.withLock { $0.underWay -= 1 }
        guard let answer else { throw Down() }
        return answer
    }
}

private final class Notes: Sendable {
    private let keys = Mutex<[String]>([])
    var all: [String] { keys.withLock { $0 } }
    func add(_ key: ObjectKey) { keys.withLock { $0.append(key.name) } }
}

private func sampler(
    _ source: Source, _ notes: Notes, _ clock: ManualClock, concern: @escaping Sampler<Int>.Concern = { _, _, all in all }
) -> Sampler<Int> {
    Sampler(
        name: "test", interval: .seconds(10), jitter: 0, timeline: Timeline(clock),
        wallClock: { Instant(microseconds: 0) + clock.now.offset }, seed: 1, concern: concern, notify: notes.add, poll: source.poll)
}

struct SamplerTests {
    /// Lets the sampler's next wait pass.
    private func advance(_ clock: ManualClock, _ source: Source, to polls: Int, by delay: Swift.Duration) async {
        #expect(await eventually(every: .milliseconds(1)) { clock.sleeperCount == 1 })
        clock.advance(by: delay)
        #expect(await eventually(every: .milliseconds(1)) { source.polls == polls && clock.sleeperCount == 1 })
    }

    @Test func tellsOfChangesAndKeepsTheLastGoodValue() async {
        let (clock, notes, source) = (ManualClock(), Notes(), Source([1, 1, nil, nil, 1, 2]))
        let sampler = sampler(source, notes, clock)
        sampler.subscribe(key("a"))
        let task = Task { await sampler.run() }
        #expect(await eventually(every: .milliseconds(1)) { clock.sleeperCount == 1 })
        #expect(notes.all == ["a"])
        await advance(clock, source, to: 2, by: .seconds(10))
        #expect(notes.all == ["a"])
        await advance(clock, source, to: 3, by: .seconds(10))
        #expect(notes.all == ["a", "a"])
        #expect(sampler.sample == Sample(value: 1, sampledAt: Instant(seconds: 10), failure: "Down()", failingSince: Instant(seconds: 20)))
        await advance(clock, source, to: 4, by: .seconds(10))
        #expect(notes.all == ["a", "a"])
        // The second failure in a row waits twice as long.
        clock.advance(by: .seconds(10))
        try? await Task.sleep(for: .milliseconds(10))
        #expect(source.polls == 4)
        await advance(clock, source, to: 5, by: .seconds(10))
        #expect(notes.all == ["a", "a", "a"])
        #expect(sampler.sample == Sample(value: 1, sampledAt: Instant(seconds: 50)))
        await advance(clock, source, to: 6, by: .seconds(10))
        #expect(notes.all == ["a", "a", "a", "a"])
        #expect(source.most == 1)
        task.cancel()
        await task.value
    }

    @Test func onlyThoseConcernedAreTold() async {
        let (clock, notes, source) = (ManualClock(), Notes(), Source([1, 2]))
        let sampler = sampler(source, notes, clock) { _, new, all in all.filter { $0.name == "s\(new)" } }
        for name in ["s1", "s2", "s3"] { sampler.subscribe(key(name)) }
        let task = Task { await sampler.run() }
        await advance(clock, source, to: 2, by: .seconds(10))
        #expect(notes.all == ["s1", "s2"])
        task.cancel()
        await task.value
    }

    /// Thousands of SLOs that are evaluated for the first time, one after the other, don't have it polled without a pause.
    @Test func whatTakesLongIsNotHurried() async {
        let (clock, source) = (ManualClock(), Source([1]))
        let sampler = Sampler(
            name: "test", interval: .seconds(60), jitter: 0, timeline: Timeline(clock),
            wallClock: { Instant(microseconds: 0) + clock.now.offset }, seed: 1, notify: { _ in },
            poll: {
                try await Timeline(clock).sleep(for: .seconds(1))
                return try await source.poll()
            })
        let task = Task { await sampler.run() }
        await advance(clock, source, to: 1, by: .seconds(1))
        sampler.pollSoon()
        await advance(clock, source, to: 1, by: .seconds(4) - .milliseconds(1))
        try? await Task.sleep(for: .milliseconds(10))
        #expect(source.polls == 1)
        // The next one takes its own second, and comes long before the interval is over.
        let rested = clock.now
        #expect(
            await eventually(every: .milliseconds(1)) {
                if source.polls < 2, clock.sleeperCount > 0 { clock.advance(by: .milliseconds(100)) }
                return source.polls == 2
            })
        #expect(rested.duration(to: clock.now) < .seconds(30))
        task.cancel()
        await task.value
    }

    @Test func pollSoonPollsNow() async {
        let (clock, source) = (ManualClock(), Source([1]))
        let sampler = sampler(source, Notes(), clock)
        let task = Task { await sampler.run() }
        #expect(await eventually(every: .milliseconds(1)) { clock.sleeperCount == 1 })
        sampler.pollSoon()
        #expect(await eventually(every: .milliseconds(1)) { source.polls == 2 })
        task.cancel()
        await task.value
    }

    @Test func aPoolAsksEachQuestionOnceForAsLongAsSomebodyAsksIt() async {
        let (clock, notes, source) = (ManualClock(), Notes(), Source([1]))
        let made = Mutex<[String]>([])
        let pool = SamplerPool<String, Int> { question in
            made.withLock { $0.append(question) }
            return sampler(source, notes, clock)
        }
        let task = Task { await pool.run() }
        pool.setQuestions(["q1"], of: key("a"))
        pool.setQuestions(["q1", "q2"], of: key("b"))
        #expect(await eventually(every: .milliseconds(1)) { source.polls == 2 })
        #expect(made.withLock { $0.sorted() } == ["q1", "q2"])
        #expect(await eventually(every: .milliseconds(1)) { pool.sample(of: "q1")?.value == 1 })
        pool.setQuestions(["q1"], of: key("b"))
        #expect(pool.questions == ["q1"])
        #expect(pool.sample(of: "q2") == nil)
        #expect(await eventually(every: .milliseconds(1)) { clock.sleeperCount == 1 })
        pool.setQuestions([], of: key("a"))
        pool.setQuestions([], of: key("b"))
        #expect(pool.questions.isEmpty)
        #expect(await eventually(every: .milliseconds(1)) { clock.sleeperCount == 0 })
        task.cancel()
        await task.value
    }
}
