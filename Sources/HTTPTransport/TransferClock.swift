/// Which deadline of one exchange passes when. Pure.
struct TransferClock {
    let deadlines: HTTPDeadlines
    /// When the caller asked.
    let submitted: MonotonicTime
    /// When the loop took it up.
    let started: MonotonicTime
    /// When its own connection attempt began; nil while it waits for a connection that others make or use.
    var connectingSince: MonotonicTime?
    /// When a connection was ready for the request; nil before.
    var sent: MonotonicTime?
    /// The last byte in or out.
    var lastActivity: MonotonicTime
    /// Held up by its consumer, so the server's silence means nothing.
    var isPaused = false

    /// Its own attempt to connect is under way.
    var isConnecting: Bool { connectingSince != nil && sent == nil }

    init(deadlines: HTTPDeadlines, submitted: MonotonicTime, started: MonotonicTime) {
        self.deadlines = deadlines
        self.submitted = submitted
        self.started = started
        lastActivity = started
    }

    /// The earliest deadline, were nothing to happen until then.
    ///
    /// An exchange that waits for a free stream of a connection in good health isn't failing to connect: as long as the host
    /// sends something the wait goes on, provided that `whole` bounds it.
    /// - Parameter hostLife: when the host last sent anything to anyone.
    func next(hostLife: MonotonicTime?) -> (kind: HTTPTimeout, at: MonotonicTime)? {
        var soonest: (kind: HTTPTimeout, at: MonotonicTime)?
        func consider(_ kind: HTTPTimeout, _ at: MonotonicTime) {
            if let now = soonest, now.at <= at { return }
            soonest = (kind, at)
        }
        if let whole = deadlines.whole { consider(.whole, submitted + whole) }
        if sent == nil {
            var since = connectingSince ?? started
            if connectingSince == nil, deadlines.whole != nil, let hostLife { since = max(since, hostLife) }
            consider(.connect, since + deadlines.connect)
        } else if let idle = deadlines.idle, !isPaused {
            consider(.idle, lastActivity + idle)
        }
        return soonest
    }
}
