import Glibc

/// One look at two clocks that are never set: one that stands still while the machine is suspended, one that does not. A virtual machine that its
/// hypervisor pauses may show in neither.
package struct LeaseTime: Sendable, Hashable {
    /// CLOCK_MONOTONIC, since any fixed start.
    package var monotonic: Swift.Duration
    /// CLOCK_BOOTTIME, since any fixed start.
    package var boot: Swift.Duration

    package init(monotonic: Swift.Duration, boot: Swift.Duration) {
        self.monotonic = monotonic
        self.boot = boot
    }

    /// The most that may have passed since: for whoever must let go in time.
    package func most(since other: LeaseTime) -> Swift.Duration { max(monotonic - other.monotonic, boot - other.boot) }

    /// The least that has passed since: for whoever must not take too early.
    package func least(since other: LeaseTime) -> Swift.Duration { min(monotonic - other.monotonic, boot - other.boot) }

    /// This machine's clocks.
    package static let system: @Sendable () -> LeaseTime = { LeaseTime(monotonic: read(CLOCK_MONOTONIC), boot: read(CLOCK_BOOTTIME)) }

    private static func read(_ clock: clockid_t) -> Swift.Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
