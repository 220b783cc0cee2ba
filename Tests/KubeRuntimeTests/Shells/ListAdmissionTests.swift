import KubeClient
import KubeRuntime
import Synchronization
import TestSupport
import Testing

struct ListAdmissionTests {
    private actor Tally {
        private var running = 0
        private(set) var most = 0
        private(set) var done = 0

        func begin() {
            running += 1
            most = max(most, running)
        }

        func end() {
            running -= 1
            done += 1
        }
    }

    @Test func atMostSoManyAtOnceAndAllInTheEnd() async {
        let admission = ListAdmission(limit: 4)
        let tally = Tally()
        await withDiscardingTaskGroup { group in
            for _ in 0..<20 {
                group.addTask {
                    await admission.enter()
                    await tally.begin()
                    try? await Task.sleep(for: .milliseconds(5))
                    await tally.end()
                    admission.leave()
                }
            }
        }
        #expect(await tally.most <= 4)
        #expect(await tally.done == 20)
        #expect(admission.underWay == 0)
    }

    @Test func oneThatGivesUpLetsNobodyInEarly() async {
        let admission = ListAdmission(limit: 1)
        await admission.enter()
        let tally = Tally()
        let impatient = Task {
            await admission.enter()
            admission.leave()
        }
        try? await Task.sleep(for: .milliseconds(20))
        let patient = Task {
            await admission.enter()
            await tally.end()
            admission.leave()
        }
        try? await Task.sleep(for: .milliseconds(20))
        impatient.cancel()
        await impatient.value
        try? await Task.sleep(for: .milliseconds(20))
        #expect(await tally.done == 0)
        admission.leave()
        await patient.value
        #expect(await tally.done == 1)
    }

    /// Notes when the first list is asked for, and never answers.
    private final class Stopwatch: CollectionSource {
        private let clock: ManualClock
        private let times = Mutex<[Swift.Duration]>([])

        init(_ clock: ManualClock) { self.clock = clock }

        var all: [Swift.Duration] { times.withLock(\.self) }

        func page(limit: Int, continueToken: String?) async throws(KubeError) -> ListPage<Thing> {
            times.withLock { $0.append(clock.now.offset) }
            try? await Task.sleep(for: .seconds(3_600))
            throw status(503, "the test is over")
        }

        func watch(
            from resourceVersion: String?, timeoutSeconds: Int, onStart: @Sendable () -> Void,
            onEvent: @Sendable (WatchEvent<Thing>) async -> Bool
        ) async throws(KubeError) {}

        func lacksKind() async throws(KubeError) -> Bool { false }
    }

    @Test func noTwoFirstListsAreAskedForAtTheSameMoment() async {
        let kinds = 4
        let clock = ManualClock()
        let source = Stopwatch(clock)
        let admission = ListAdmission(limit: kinds)
        var settings = ReflectorMachine.Settings()
        settings.usesWatchList = false
        let reflectors = (0..<kinds).map { index in
            Reflector(
                source: source, store: Store<Thing>(), settings: settings, admission: admission, timeline: Timeline(clock), seed: UInt64(index))
        }
        let runs = reflectors.map { reflector in Task { await reflector.run() } }
        // Each is put off, or has asked: between two steps of the clock nobody is on the way.
        for _ in 0..<100 {
            guard await eventually(every: .milliseconds(1), { clock.sleeperCount + source.all.count == kinds }) else { break }
            clock.advance(by: .milliseconds(10))
        }
        #expect(await eventually { source.all.count == kinds })
        #expect(Set(source.all).count == kinds, "\(source.all)")
        for run in runs { run.cancel() }
    }

    @Test func aKindAloneIsNotPutOff() {
        let admission = ListAdmission()
        admission.join()
        #expect(admission.spread == .zero)
        admission.join()
        #expect(admission.spread == .seconds(1))
    }
}
