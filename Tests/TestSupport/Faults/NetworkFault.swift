/// What a network does to the bytes between the daemon and the real API server, TLS and HTTP/2 untouched.
package enum NetworkFault: String, Sendable, CaseIterable {
    /// Bytes stop, both ways; connections stay.
    case blackHole = "black-hole"
    /// The connections there are lead nowhere any more; new ones work.
    case halfOpen = "half-open"
    /// All connections are reset, again and again.
    case reset = "resets"
    case latency = "latency"

    /// Seconds it lasts, in a soak.
    package var seconds: Int {
        switch self {
        case .blackHole: 60
        case .halfOpen: 90
        case .reset, .latency: 20
        }
    }

    package func strike(_ relay: TCPRelay, for time: Swift.Duration) async throws {
        guard relay.connections > 0 else { throw Missing("a connection through the relay for \(rawValue) to strike") }
        switch self {
        case .blackHole:
            relay.mode = .blackHole
            defer { relay.mode = .open }
            try await Task.sleep(for: time)
        case .halfOpen:
            relay.halfOpen()
            try await Task.sleep(for: time)
        case .reset:
            let end = ContinuousClock.now + time
            while ContinuousClock.now < end {
                relay.reset()
                try await Task.sleep(for: .seconds(1))
            }
        case .latency:
            relay.latency = .milliseconds(500)
            defer { relay.latency = .zero }
            try await Task.sleep(for: time)
        }
    }
}
