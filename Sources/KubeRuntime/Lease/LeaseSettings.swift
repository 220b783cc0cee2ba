package import KubeModel
package import Values

/// How a lease is held and awaited: client-go's three spans under its names.
package struct LeaseSettings: Sendable, Hashable {
    /// Namespace and name of the Lease.
    package var key: ObjectKey
    /// Who we are: different for every process that ever runs.
    package var identity: String
    /// How long a holder that has gone silent is waited for. Whole seconds: the Lease knows no parts.
    package var leaseDuration: Swift.Duration
    /// How long after its last renewal a leader gives up.
    package var renewDeadline: Swift.Duration
    /// The time between two tries.
    package var retryPeriod: Swift.Duration
    /// Labels of a Lease that we create.
    package var labels: StringPairs

    package static let defaultLeaseDuration = PromDuration.seconds(15)
    package static let defaultRenewDeadline = PromDuration.seconds(10)
    package static let defaultRetryPeriod = PromDuration.seconds(2)

    /// A record may ask to be waited for so long and no longer, whatever it says: nobody blocks the election for ever.
    package static let longest = Swift.Duration.seconds(600)
    /// client-go's jitter of a retry, which a renewal must have time for.
    package static let jitter = 1.2

    package init(
        key: ObjectKey, identity: String, leaseDuration: Swift.Duration = .seconds(15), renewDeadline: Swift.Duration = .seconds(10),
        retryPeriod: Swift.Duration = .seconds(2), labels: StringPairs = [:]
    ) {
        self.key = key
        self.identity = identity
        self.leaseDuration = leaseDuration
        self.renewDeadline = renewDeadline
        self.retryPeriod = retryPeriod
        self.labels = labels
    }

    /// What is wrong with three spans taken together; nil when a leader always stops before a successor begins.
    package static func problem(leaseDuration: PromDuration, renewDeadline: PromDuration, retryPeriod: PromDuration) -> String? {
        if leaseDuration.milliseconds % 1000 != 0 { return "leaseDuration must be whole seconds, as a Lease holds no parts of one" }
        if leaseDuration < renewDeadline + .seconds(1) {
            return
                "leaseDuration must be at least a second longer than renewDeadline (\(renewDeadline)): what a leader sent at the last moment must be "
                + "over before a successor begins"
        }
        guard Double(renewDeadline.milliseconds) > Double(retryPeriod.milliseconds) * jitter else {
            return "renewDeadline must be longer than 1.2 times retryPeriod (\(retryPeriod))"
        }
        return nil
    }

    /// How long one request may take.
    var requestTimeout: Swift.Duration { max(.seconds(1), renewDeadline / 2) }

    /// How long a write may wait to be sent, and how long it may stay unacknowledged before the kernel drops it: a third of the gap between a
    /// leader's end and its successor's beginning. With `writesEnd` a sixth of the gap is left for clocks that differ in rate.
    package var unsentLifetime: Swift.Duration { (leaseDuration - renewDeadline) / 3 }

    /// Until when the server may work on what it has received: half-way between a leader's own end and its successor's beginning.
    var writesEnd: Swift.Duration { (renewDeadline + leaseDuration) / 2 }
}
