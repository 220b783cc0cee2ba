/// Decides when to ask a silent host whether it still lives, and when to give its connections up. Pure.
///
/// libcurl keeps a dead HTTP/2 connection after a timeout and gives it to every later request; nothing but closing its socket
/// from outside ends that.
struct ProbeMachine {
    enum Verdict: Equatable { case alive, unsure, dead }

    let interval: Swift.Duration
    /// Failed probes in a row that make a host dead.
    let failuresToDeath = 2
    private(set) var failures = 0
    private(set) var probeStarted: MonotonicTime?
    private var busySince: MonotonicTime?
    private var lastProbeEnd: MonotonicTime?
    private var isSuspect = false
    /// Before then a probe would fare no better than the last, which found no way out.
    private var earliest: MonotonicTime?

    init(interval: Swift.Duration) {
        self.interval = interval
    }

    /// A deadline passed: ask at the next occasion, however short the silence.
    mutating func suspect() {
        isSuspect = true
    }

    /// When to probe next; nil when nothing is under way or a probe is.
    /// - Parameter hostLife: when the host last sent anything.
    mutating func due(now: MonotonicTime, busy: Bool, hostLife: MonotonicTime?) -> MonotonicTime? {
        // A failure counts on in idle times too: a dead connection must not outlive requests that are few and short.
        guard busy || isSuspect || failures > 0 else {
            busySince = nil
            return nil
        }
        let since = busySince ?? now
        busySince = since
        if probeStarted != nil { return nil }
        if isSuspect || failures > 0 { return max(now, earliest ?? now) }
        return [hostLife, lastProbeEnd].compactMap { $0 }.reduce(since, max) + interval
    }

    mutating func started(now: MonotonicTime) {
        probeStarted = now
        isSuspect = false
        earliest = nil
    }

    /// The probe could not be sent: no connection had a free stream for it, or the host takes nothing new. That says nothing of the host.
    mutating func unsent(now: MonotonicTime) {
        guard probeStarted != nil else { return }
        probeStarted = nil
        lastProbeEnd = now
        earliest = now + interval
    }

    /// The probe ended, with whatever result: what counts is whether the host sent anything since it began.
    mutating func finished(now: MonotonicTime, hostLife: MonotonicTime?) -> Verdict {
        guard let began = probeStarted else { return .unsure }
        probeStarted = nil
        lastProbeEnd = now
        if let hostLife, hostLife >= began {
            failures = 0
            return .alive
        }
        failures += 1
        if failures < failuresToDeath { return .unsure }
        failures = 0
        return .dead
    }
}
