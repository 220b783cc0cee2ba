import PrometheusClient
import ServiceLevels
import Synchronization
import Values

/// Asks for each past day once: what is over does not change.
final class PastDaysReader: Sendable {
    private let client: any PrometheusQuerying
    private let instance: String
    private let wallClock: @Sendable () -> Instant
    private let days = Mutex(PastDays())

    init(_ client: any PrometheusQuerying, instance: String, wallClock: @escaping @Sendable () -> Instant) {
        self.client = client
        self.instance = instance
        self.wallClock = wallClock
    }

    /// What is known, with the days that were missing. What was got before a failure stays.
    func read() async throws -> PastDays {
        let now = wallClock()
        var known = days.withLock { $0 }
        for (date, midnight) in known.missing(now) {
            let answer = try await client.query(PastDays.promql(instance: instance), at: midnight).value
            try known.add(answer, for: date, instance: instance, now: now)
            days.withLock { $0 = known }
        }
        return known
    }
}
