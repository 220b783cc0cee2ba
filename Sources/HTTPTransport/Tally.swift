import Synchronization

/// The counters that threads add to without a lock.
final class Tally: Sendable {
    let requests = Atomic<UInt64>(0)
    let failures = Atomic<UInt64>(0)
    let connectionsOpened = Atomic<UInt64>(0)
    let connectionsClosed = Atomic<UInt64>(0)
    let connectionsKilled = Atomic<UInt64>(0)
    let probesFailed = Atomic<UInt64>(0)
    let bytesReceived = Atomic<UInt64>(0)

    /// Without what is under way and what waits.
    var counters: HTTPCounters {
        var counters = HTTPCounters()
        counters.requests = requests.load(ordering: .relaxed)
        counters.failures = failures.load(ordering: .relaxed)
        counters.connectionsOpened = connectionsOpened.load(ordering: .relaxed)
        counters.connectionsClosed = connectionsClosed.load(ordering: .relaxed)
        counters.connectionsKilled = connectionsKilled.load(ordering: .relaxed)
        counters.probesFailed = probesFailed.load(ordering: .relaxed)
        counters.bytesReceived = bytesReceived.load(ordering: .relaxed)
        return counters
    }
}
