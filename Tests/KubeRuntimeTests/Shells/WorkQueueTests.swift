import KubeModel
import KubeRuntime
import TestSupport
import Testing

struct WorkQueueTests {
    /// A worker that comes when several keys are due takes one; the others are for those who wait already, and no timer need tell them.
    @Test(.timeLimit(.minutes(1))) func aWorkerThatComesWakesThoseWhoWaitForTheOtherDueKeys() async {
        let clock = ManualClock()
        let queue = WorkQueue(name: "test", timeline: Timeline(clock), seed: 1)
        let idle = (0..<2).map { _ in Task { await queue.next()?.key } }
        // Let them begin to wait.
        try? await Task.sleep(for: .milliseconds(100))
        for name in ["a", "b", "c"] { queue.add(key(name), after: .seconds(1)) }
        clock.advance(by: .seconds(1))
        var keys: Set<ObjectKey?> = [await queue.next()?.key]
        for task in idle { keys.insert(await task.value) }
        #expect(keys == [key("a"), key("b"), key("c")])
    }
}
