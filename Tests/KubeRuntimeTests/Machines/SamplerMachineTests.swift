import KubeRuntime
import Testing
import Values

private func at(_ seconds: Int64) -> Instant { Instant(microseconds: seconds * 1_000_000) }

struct SamplerMachineTests {
    @Test func newsIsAChangeOfValueOrOfHealth() {
        var machine = SamplerMachine<Int>(interval: .seconds(30), jitter: 0) { $0 == $1 }
        var generator = SeededGenerator(seed: 1)
        let step = machine.succeeded(1, askedAt: at(0), using: &generator)
        #expect(step.delay == .seconds(30))
        #expect(step.isNews)
        #expect(machine.succeeded(1, askedAt: at(30), using: &generator).isNews == false)
        #expect(machine.sample == Sample(value: 1, sampledAt: at(30)))
        #expect(machine.succeeded(2, askedAt: at(60), using: &generator).isNews)
        #expect(machine.failed("down", askedAt: at(90), using: &generator).isNews)
        #expect(machine.failed("down", askedAt: at(120), using: &generator).isNews == false)
        // The last good value keeps its own time.
        #expect(machine.sample == Sample(value: 2, sampledAt: at(60), failure: "down", failingSince: at(90)))
        #expect(machine.succeeded(2, askedAt: at(150), using: &generator).isNews)
        #expect(machine.sample == Sample(value: 2, sampledAt: at(150)))
    }

    @Test func aToleratedFailureIsNoNewsWhileThereIsAValue() {
        var machine = SamplerMachine<Int>(interval: .seconds(10), jitter: 0, tolerated: 1) { $0 == $1 }
        var generator = SeededGenerator(seed: 1)
        #expect(machine.failed("down", askedAt: at(0), using: &generator).isNews)
        _ = machine.succeeded(1, askedAt: at(10), using: &generator)
        let first = machine.failed("away", askedAt: at(20), using: &generator)
        #expect(!first.isNews && first.delay == .seconds(10))
        #expect(machine.sample.failure == nil)
        #expect(!machine.succeeded(1, askedAt: at(30), using: &generator).isNews)
        _ = machine.failed("away", askedAt: at(40), using: &generator)
        #expect(machine.failed("gone", askedAt: at(50), using: &generator).isNews)
        #expect(machine.sample == Sample(value: 1, sampledAt: at(30), failure: "gone", failingSince: at(40)))
    }

    @Test func failuresBackOffUpToTenIntervals() {
        var machine = SamplerMachine<Int>(interval: .seconds(10), jitter: 0) { $0 == $1 }
        var generator = SeededGenerator(seed: 1)
        let delays = (0..<6).map { _ in machine.failed("down", askedAt: at(0), using: &generator).delay }
        #expect(delays == [.seconds(10), .seconds(20), .seconds(40), .seconds(80), .seconds(100), .seconds(100)])
        #expect(machine.succeeded(1, askedAt: at(0), using: &generator).delay == .seconds(10))
        #expect(machine.failed("down", askedAt: at(0), using: &generator).delay == .seconds(10))
    }

    @Test func jitterIsInBounds() {
        var machine = SamplerMachine<Int>(interval: .seconds(100), jitter: 0.1) { $0 == $1 }
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<100 {
            let delay = machine.succeeded(1, askedAt: at(0), using: &generator).delay
            #expect(delay >= .seconds(90) && delay <= .seconds(110))
        }
    }
}
