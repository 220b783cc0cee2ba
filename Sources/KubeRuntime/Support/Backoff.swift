/// How long to wait after the n-th failure in a row: exponential, capped, with jitter.
package struct Backoff: Sendable, Hashable {
    package enum Jitter: Sendable, Hashable {
        case none
        /// Up to this share more or less, such as 0.2.
        case proportional(Double)
        /// Anything between a tenth of the base and the full delay, so that clients that failed together don't return together.
        case full
    }

    package var base: Swift.Duration
    package var cap: Swift.Duration
    package var jitter: Jitter

    package init(base: Swift.Duration, cap: Swift.Duration, jitter: Jitter) {
        self.base = base
        self.cap = cap
        self.jitter = jitter
    }

    /// A key that failed to reconcile: 250 ms, doubling up to 5 min.
    package static let reconcile = Backoff(base: .milliseconds(250), cap: .seconds(300), jitter: .proportional(0.2))
    /// A key whose write met a conflict: the cache catches up soon, and that is no failure.
    package static let conflict = Backoff(base: .milliseconds(100), cap: .seconds(5), jitter: .proportional(0.2))
    /// A list or watch that failed: client-go's 800 ms doubling up to 30 s, with full jitter.
    package static let reflector = Backoff(base: .milliseconds(800), cap: .seconds(30), jitter: .full)

    /// The delay after `failures` failures in a row (1 is the first), before jitter.
    package func ceiling(failures: Int) -> Swift.Duration {
        // 2^30 bases are more than any cap; the shift can't overflow.
        let doubled = base * (1 << min(max(failures - 1, 0), 30))
        return min(doubled, cap)
    }

    /// The delay after `failures` failures in a row (1 is the first).
    package func delay(failures: Int, using generator: inout some RandomNumberGenerator) -> Swift.Duration {
        let ceiling = ceiling(failures: failures)
        switch jitter {
        case .none: return ceiling
        case .proportional(let share): return ceiling * Double.random(in: (1 - share)...(1 + share), using: &generator)
        case .full:
            let floor = min(base / 10, ceiling)
            return floor + (ceiling - floor) * Double.random(in: 0...1, using: &generator)
        }
    }
}

/// Counts failures in a row, and forgets them after a time of health.
package struct FailureStreak: Sendable, Hashable {
    package private(set) var failures = 0
    private var last: Swift.Duration?
    private let health: Swift.Duration

    /// A failure more than `health` after the one before begins a new streak.
    package init(resetAfter health: Swift.Duration) {
        self.health = health
    }

    /// Counts a failure at `now` and gives the number in the streak, 1 for the first.
    package mutating func fail(now: Swift.Duration) -> Int {
        if let last, now - last > health { failures = 0 }
        failures += 1
        last = now
        return failures
    }

    package mutating func reset() {
        failures = 0
        last = nil
    }
}
