import KubeRuntime
import Testing
import Values

struct BackoffTests {
    @Test func doublesUpToTheCap() {
        let backoff = Backoff(base: .milliseconds(250), cap: .seconds(300), jitter: .none)
        var generator = SeededGenerator(seed: 1)
        let delays = (1...5).map { backoff.delay(failures: $0, using: &generator) }
        #expect(delays == [.milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2), .seconds(4)])
        for failures in [12, 31, 64, 1_000, Int.max] {
            #expect(backoff.delay(failures: failures, using: &generator) == .seconds(300))
        }
        #expect(backoff.delay(failures: 0, using: &generator) == .milliseconds(250))
    }

    @Test(arguments: 1...50) func jitterStaysInItsBounds(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        for failures in 1...12 {
            let proportional = Backoff.reconcile.delay(failures: failures, using: &generator)
            let ceiling = Backoff.reconcile.ceiling(failures: failures)
            #expect(proportional >= ceiling * 0.79 && proportional <= ceiling * 1.21)
            let full = Backoff.reflector.delay(failures: failures, using: &generator)
            #expect(full >= .milliseconds(80) && full <= Backoff.reflector.ceiling(failures: failures))
        }
    }

    @Test func aStreakEndsWithHealth() {
        var streak = FailureStreak(resetAfter: .seconds(120))
        #expect(streak.fail(now: .seconds(0)) == 1)
        #expect(streak.fail(now: .seconds(100)) == 2)
        #expect(streak.fail(now: .seconds(220)) == 3)
        #expect(streak.fail(now: .seconds(341)) == 1)
    }
}
