/// What a client did since it began, and what it does now; for metrics.
package struct HTTPCounters: Sendable, Hashable {
    /// Exchanges that `send` and `stream` were asked for, refused ones included.
    package var requests: UInt64 = 0
    /// Those that ended in an `HTTPError`.
    package var failures: UInt64 = 0
    /// Sockets made, failed attempts included.
    package var connectionsOpened: UInt64 = 0
    package var connectionsClosed: UInt64 = 0
    /// Connections shut down because their host answered nothing any more.
    package var connectionsKilled: UInt64 = 0
    package var probesFailed: UInt64 = 0
    /// Body bytes received, after decompression.
    package var bytesReceived: UInt64 = 0
    package var inFlight: Int = 0
    package var waiting: Int = 0

    package init() {}

    package var connectionsOpen: Int { Int(connectionsOpened) - Int(connectionsClosed) }
}
