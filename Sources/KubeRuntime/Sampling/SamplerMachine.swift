package import Values

/// What a sampler knows: the last good value with its time, kept when polls fail, and the last failure.
package struct Sample<Value: Sendable>: Sendable {
    /// The last good value; nil before the first.
    package var value: Value?
    /// When it was asked for.
    package var sampledAt: Instant?
    /// Why the last poll failed; nil when it was good, or the failure is tolerated.
    package var failure: String?
    /// When polls began to fail.
    package var failingSince: Instant?

    package init(value: Value? = nil, sampledAt: Instant? = nil, failure: String? = nil, failingSince: Instant? = nil) {
        self.value = value
        self.sampledAt = sampledAt
        self.failure = failure
        self.failingSince = failingSince
    }
}

extension Sample: Equatable where Value: Equatable {}

/// When to poll a source next, and whether what it said is news.
package struct SamplerMachine<Value: Sendable>: Sendable {
    package struct Step: Sendable, Hashable {
        /// Wait so long before the next poll.
        package var delay: Swift.Duration
        /// Value or health changed: tell those concerned.
        package var isNews: Bool
    }

    private let interval: Swift.Duration
    private let jitter: Double
    private let backoff: Backoff
    private let same: @Sendable (Value, Value) -> Bool
    private var failures = 0
    /// So many failures in a row say nothing yet while there is a value: a server that reloads is away for a moment.
    private let tolerated: Int
    package private(set) var sample = Sample<Value>()
    package private(set) var polls = 0

    /// Polls every `interval` give or take `jitter` (a share, such as 0.1); failures double the wait, up to ten intervals.
    package init(interval: Swift.Duration, jitter: Double = 0.1, tolerated: Int = 0, same: @escaping @Sendable (Value, Value) -> Bool) {
        self.interval = interval
        self.jitter = jitter
        self.same = same
        self.tolerated = tolerated
        backoff = Backoff(base: interval, cap: max(interval, min(interval * 10, .seconds(300))), jitter: .proportional(jitter))
    }

    package mutating func succeeded(_ value: Value, askedAt: Instant, using generator: inout some RandomNumberGenerator) -> Step {
        polls += 1
        let isNews = sample.failure != nil || sample.value.map { !same($0, value) } ?? true
        failures = 0
        sample = Sample(value: value, sampledAt: askedAt)
        return Step(delay: interval * Double.random(in: (1 - jitter)...(1 + jitter), using: &generator), isNews: isNews)
    }

    package mutating func failed(_ failure: String, askedAt: Instant, using generator: inout some RandomNumberGenerator) -> Step {
        polls += 1
        failures += 1
        sample.failingSince = sample.failingSince ?? askedAt
        let excess = sample.value == nil ? failures : failures - tolerated
        let delay = backoff.delay(failures: max(1, excess), using: &generator)
        guard excess > 0 else { return Step(delay: delay, isNews: false) }
        let isNews = sample.failure == nil
        sample.failure = failure
        return Step(delay: delay, isNews: isNews)
    }
}
