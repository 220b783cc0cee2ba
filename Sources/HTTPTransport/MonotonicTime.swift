import Glibc

/// A point of CLOCK_MONOTONIC in nanoseconds.
struct MonotonicTime: Comparable, Hashable, Sendable {
    var nanoseconds: Int64

    static let max = MonotonicTime(nanoseconds: .max)

    static var now: MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    static func < (a: MonotonicTime, b: MonotonicTime) -> Bool { a.nanoseconds < b.nanoseconds }

    /// Saturates: a deadline of a thousand years is for ever.
    static func + (time: MonotonicTime, duration: Swift.Duration) -> MonotonicTime {
        let (sum, overflow) = time.nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
        return MonotonicTime(nanoseconds: overflow ? .max : sum)
    }

    static func - (a: MonotonicTime, b: MonotonicTime) -> Swift.Duration {
        .nanoseconds(a.nanoseconds - b.nanoseconds)
    }
}

extension Swift.Duration {
    /// Clamped to what an Int64 holds, never negative.
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        if seconds < 0 || attoseconds < 0 { return 0 }
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflow || carried ? .max : sum
    }

    /// For messages: "1.5 s", "20 ms".
    var forPeople: String {
        let milliseconds = wholeNanoseconds / 1_000_000
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        if milliseconds % 1000 == 0 { return "\(milliseconds / 1000) s" }
        return "\(milliseconds / 1000).\(String(milliseconds % 1000 + 1000).dropFirst().prefix(1)) s"
    }
}
