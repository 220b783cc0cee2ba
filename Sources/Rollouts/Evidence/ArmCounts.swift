/// Which version a pod runs.
package enum Arm: String, Sendable, Hashable, CaseIterable {
    case canary
    case stable
}

/// Requests, and those of them that were bad: failed, or slower than a bound.
package struct ArmCounts: Sendable, Hashable {
    package var requests = 0.0
    package var bad = 0.0

    package init(requests: Double = 0, bad: Double = 0) {
        self.requests = requests
        self.bad = bad
    }

    /// 0 without requests.
    package var rate: Double { requests > 0 ? bad / requests : 0 }

    package static func + (a: ArmCounts, b: ArmCounts) -> ArmCounts { ArmCounts(requests: a.requests + b.requests, bad: a.bad + b.bad) }
    package static func - (a: ArmCounts, b: ArmCounts) -> ArmCounts { ArmCounts(requests: a.requests - b.requests, bad: a.bad - b.bad) }
    package static func += (a: inout ArmCounts, b: ArmCounts) { a = a + b }
}

/// What both arms did in one tick, or in a whole run.
package struct ComparedCounts: Sendable, Hashable {
    package var canary = ArmCounts()
    package var stable = ArmCounts()

    package init(canary: ArmCounts = ArmCounts(), stable: ArmCounts = ArmCounts()) {
        self.canary = canary
        self.stable = stable
    }

    package static func += (a: inout ComparedCounts, b: ComparedCounts) {
        a.canary += b.canary
        a.stable += b.stable
    }
}
