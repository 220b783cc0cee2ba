import Glibc
package import HTTPTransport
package import Logging
package import Values

/// How a `KubeClient` behaves, and its clocks.
package struct KubeClientOptions: Sendable {
    /// Plimsoll's version, for the user agent.
    package var version: String
    /// The field manager of writes that name none.
    package var fieldManager: String
    /// Unary requests under way at once.
    package var maxInFlight: Int
    /// Watches open at once.
    package var maxWatches: Int
    /// From sending a unary request to its answer's last byte; a list may take four times as long.
    package var requestTimeout: Swift.Duration
    /// How long what was sent may wait in the kernel for the server to acknowledge it; what does not get through by then, or by the process's
    /// end, is never delivered. Nil: as long as the connection lasts. For those whose writes must not outlive their lease.
    package var unsentLifetime: Swift.Duration?
    /// What the user agent says of this process beside the version: audit logs then tell one replica's requests from another's.
    package var userAgentComment: String
    package var http2: Bool
    package var guardPolicy: AddressGuard
    /// How long an exec plug-in may take.
    package var execTimeout: Swift.Duration
    /// How often certificate files are looked at again.
    package var certificatePeriod: Swift.Duration
    package var logger: Logger
    /// The environment that exec plug-ins inherit.
    package var environment: [String: String]
    /// Wall time, for credentials' expiry.
    package var now: @Sendable () -> Instant
    /// Time since any fixed start, never set back.
    package var uptime: @Sendable () -> Swift.Duration
    package var sleep: @Sendable (Swift.Duration) async throws -> Void
    /// In 0..<1; spreads repeats.
    package var jitter: @Sendable () -> Double

    package init(
        version: String = "dev", fieldManager: String = "plimsoll", maxInFlight: Int = 32, maxWatches: Int = 90,
        requestTimeout: Swift.Duration = .seconds(30), http2: Bool = true, guardPolicy: AddressGuard = .noLinkLocal,
        execTimeout: Swift.Duration = .seconds(60), certificatePeriod: Swift.Duration = .seconds(60),
        logger: Logger = Logger(label: "plimsoll.kubeclient")
    ) {
        self.version = version
        self.fieldManager = fieldManager
        self.maxInFlight = maxInFlight
        self.maxWatches = maxWatches
        self.requestTimeout = requestTimeout
        self.http2 = http2
        unsentLifetime = nil
        userAgentComment = ""
        self.guardPolicy = guardPolicy
        self.execTimeout = execTimeout
        self.certificatePeriod = certificatePeriod
        self.logger = logger
        environment = SmallFile.processEnvironment()
        now = {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
        }
        let start = ContinuousClock.now
        uptime = { ContinuousClock.now - start }
        sleep = { try await Task.sleep(for: $0) }
        jitter = { Double.random(in: 0..<1) }
    }

    var userAgent: String { "plimsoll/\(version) (linux\(userAgentComment.isEmpty ? "" : "; \(userAgentComment)"))" }
}
