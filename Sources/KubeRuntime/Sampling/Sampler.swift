import CoreMetrics
package import KubeModel
package import Logging
import Synchronization
package import Values

/// Polls one outside question for all who need the answer; never two polls at once.
///
/// The last good value stays, with its own time, while polls fail. When the value or the source's health changes, the subscribers concerned
/// are told.
package final class Sampler<Value: Sendable>: Sendable {
    /// Which subscribers a new value concerns.
    package typealias Concern = @Sendable (_ old: Value?, _ new: Value, _ subscribers: Set<ObjectKey>) -> Set<ObjectKey>

    private struct State: Sendable {
        var machine: SamplerMachine<Value>
        var generator: SeededGenerator
        var subscribers: Set<ObjectKey> = []
    }

    package let name: String
    private let timeline: Timeline
    private let wallClock: @Sendable () -> Instant
    private let poll: @Sendable () async throws -> Value
    private let concern: Concern
    private let notify: @Sendable (ObjectKey) -> Void
    private let state: Mutex<State>
    private let hurry = Bell()
    private let logger: Logger
    private let polls: Counter
    private let failures: Counter
    private let age: Gauge

    /// - Parameters:
    ///   - name: the metrics' label; of a small set, such as the source's name.
    ///   - jitter: share of the interval by which polls are spread.
    ///   - tolerated: how many failures in a row are passed over while there is a value.
    ///   - same: whether two values say the same.
    ///   - concern: whom a new value concerns; by default all.
    ///   - notify: called for each subscriber concerned; it enqueues the key.
    package init(
        name: String, interval: Swift.Duration, jitter: Double = 0.1, tolerated: Int = 0, timeline: Timeline = Timeline(),
        wallClock: @escaping @Sendable () -> Instant,
        seed: UInt64 = .random(in: 0 ... .max), logger: Logger = Logger(label: "plimsoll.sampler"),
        same: @escaping @Sendable (Value, Value) -> Bool, concern: @escaping Concern = { _, _, all in all },
        notify: @escaping @Sendable (ObjectKey) -> Void, poll: @escaping @Sendable () async throws -> Value
    ) {
        self.name = name
        self.timeline = timeline
        self.wallClock = wallClock
        self.poll = poll
        self.concern = concern
        self.notify = notify
        var logger = logger
        logger[metadataKey: "sampler"] = "\(name)"
        self.logger = logger
        let labels = [("sampler", name)]
        polls = Counter(label: "plimsoll_sampler_polls_total", dimensions: labels)
        failures = Counter(label: "plimsoll_sampler_failures_total", dimensions: labels)
        age = Gauge(label: "plimsoll_sampler_value_age_seconds", dimensions: labels)
        polls.increment(by: 0)
        failures.increment(by: 0)
        state = Mutex(
            State(
                machine: SamplerMachine(interval: interval, jitter: jitter, tolerated: tolerated, same: same), generator: SeededGenerator(seed: seed))
        )
    }

    /// What is known now.
    package var sample: Sample<Value> { state.withLock { $0.machine.sample } }

    package var subscribers: Set<ObjectKey> { state.withLock(\.subscribers) }

    /// Adds one who is told of changes.
    package func subscribe(_ key: ObjectKey) { state.withLock { _ = $0.subscribers.insert(key) } }

    package func unsubscribe(_ key: ObjectKey) { state.withLock { _ = $0.subscribers.remove(key) } }

    /// Polls as soon as the poll under way, if any, is over, and its source was left in peace four times as long as it took.
    package func pollSoon() { hurry.ring() }

    /// Polls until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            let askedAt = wallClock()
            let begun = timeline.now
            let step: SamplerMachine<Value>.Step
            let concerned: Set<ObjectKey>
            do {
                let value = try await poll()
                (step, concerned) = state.withLock { state in
                    let before = state.machine.sample
                    let step = state.machine.succeeded(value, askedAt: askedAt, using: &state.generator)
                    guard step.isNews else { return (step, []) }
                    // A source that is back concerns all who wrote that it was gone.
                    return (step, before.failure == nil ? concern(before.value, value, state.subscribers) : state.subscribers)
                }
                if step.isNews { logger.debug("new value") }
            } catch {
                if Task.isCancelled { return }
                failures.increment()
                (step, concerned) = state.withLock { state in
                    let step = state.machine.failed("\(error)", askedAt: askedAt, using: &state.generator)
                    return (step, step.isNews ? state.subscribers : [])
                }
                if !step.isNews { logger.debug("a poll failed", metadata: ["error": "\(error)"]) }
                if step.isNews { logger.warning("the source fails; the last value stays", metadata: ["error": "\(error)"]) }
            }
            polls.increment()
            if let sampledAt = sample.sampledAt { age.record(wallClock().since(sampledAt).seconds) }
            for key in concerned.sorted() { notify(key) }
            // Hurry takes at most a fifth of a slow source's time.
            let rest = min(step.delay, (timeline.now - begun) * 4)
            do { try await timeline.sleep(for: rest) } catch { return }
            _ = await timeline.within(step.delay - rest) { [hurry] in await hurry.wait() }
        }
    }
}

extension Sampler where Value: Equatable {
    package convenience init(
        name: String, interval: Swift.Duration, jitter: Double = 0.1, tolerated: Int = 0, timeline: Timeline = Timeline(),
        wallClock: @escaping @Sendable () -> Instant,
        seed: UInt64 = .random(in: 0 ... .max), logger: Logger = Logger(label: "plimsoll.sampler"),
        concern: @escaping Concern = { _, _, all in all }, notify: @escaping @Sendable (ObjectKey) -> Void,
        poll: @escaping @Sendable () async throws -> Value
    ) {
        self.init(
            name: name, interval: interval, jitter: jitter, tolerated: tolerated, timeline: timeline, wallClock: wallClock, seed: seed,
            logger: logger,
            same: { $0 == $1 }, concern: concern, notify: notify, poll: poll)
    }
}
