/// Finds hosts whose connections take nothing new for a while: full of long streams, or told to go away (HTTP/2 GOAWAY) with streams still
/// on them. With a bound on connections to a host, libcurl waits for those to end, for ever if they are watches. Pure.
struct CrowdingDetector {
    /// One exchange that was not yet sent.
    struct Pending {
        let origin: String
        let since: MonotonicTime
        /// It makes a connection itself, so the others wait for that with reason.
        let isConnecting: Bool
    }

    let patience: Swift.Duration
    private var lastSent: [String: MonotonicTime] = [:]

    init(patience: Swift.Duration) {
        self.patience = patience
    }

    /// A connection to the origin took a request.
    mutating func sent(to origin: String, at now: MonotonicTime) {
        lastSent[origin] = now
    }

    /// The origins that need a new connection now, and when to look again for the others that wait.
    func look(at pending: [Pending], now: MonotonicTime) -> (crowded: Set<String>, next: MonotonicTime?) {
        let connecting = Set(pending.filter(\.isConnecting).map(\.origin))
        var crowded: Set<String> = []
        var next: MonotonicTime?
        for exchange in pending where !exchange.isConnecting {
            let due = max(exchange.since, lastSent[exchange.origin] ?? exchange.since) + patience
            if connecting.contains(exchange.origin) {
                next = min(next ?? .max, now + patience)
            } else if due <= now {
                crowded.insert(exchange.origin)
            } else {
                next = min(next ?? due, due)
            }
        }
        return (crowded, next)
    }

    mutating func forget() {
        lastSent = [:]
    }
}
