package import Values

/// What a raw counter counts.
package enum CounterRole: Sendable, Hashable, Comparable {
    /// All requests.
    case total
    /// Bad events of the outcome with this number.
    case bad(Int)
    /// Good ones, such as a histogram's bucket: the rest of the total is bad.
    case good(Int)

    /// `total`, `bad0`, `good2`.
    package var text: String {
        switch self {
        case .total: "total"
        case .bad(let outcome): "bad\(outcome)"
        case .good(let outcome): "good\(outcome)"
        }
    }

    package init?(_ text: String) {
        if text == "total" {
            self = .total
        } else if text.hasPrefix("bad"), let outcome = Int(text.dropFirst(3)) {
            self = .bad(outcome)
        } else if text.hasPrefix("good"), let outcome = Int(text.dropFirst(4)) {
            self = .good(outcome)
        } else {
            return nil
        }
    }
}

/// One value of one pod's counter, at the time of its scrape (a range selector gives that; an instant query would give its own time).
package struct CounterSample: Sendable, Hashable {
    package var pod: String
    /// Its other labels, in any fixed form: a pod's counter may have many series, each of which is differenced by itself.
    package var series: String
    package var role: CounterRole
    package var at: Instant
    package var value: Double

    package init(pod: String, series: String = "", role: CounterRole, at: Instant, value: Double) {
        self.pod = pod
        self.series = series
        self.role = role
        self.at = at
        self.value = value
    }
}

/// One life of a pod, as the Kubernetes API tells it. A StatefulSet's pod comes back under its name in another life, maybe on the other arm.
package struct PodLife: Sendable, Hashable {
    package var name: String
    package var arm: Arm
    package var startedAt: Instant

    package init(name: String, arm: Arm, startedAt: Instant) {
        self.name = name
        self.arm = arm
        self.startedAt = startedAt
    }
}

/// What one pod did between two of its scrapes.
struct PodIncrement: Sendable, Hashable {
    var life: PodLife
    /// Of the later scrape.
    var at: Instant
    var requests: Double
    /// Bad events by outcome.
    var bad: [Double]
}
