package import Values

/// A pod as the Kubernetes API shows it: what a health gate needs, and no metric.
package struct ObservedPod: Sendable, Hashable {
    package var uid: String
    package var name: String
    package var arm: Arm
    package var createdAt: Instant
    /// Over all of its containers, init containers too.
    package var restarts: Int
    package var isReady: Bool
    /// Why containers wait: `CrashLoopBackOff`, `ImagePullBackOff`.
    package var waitingReasons: [String]
    /// Why the last one ended: `OOMKilled`, `Error`.
    package var lastTermination: String?
    /// Why the pod as a whole failed: `Evicted`, `NodeLost`, `Preempting`.
    package var reason: String?
    package var isBeingDeleted: Bool

    package init(
        uid: String, name: String, arm: Arm, createdAt: Instant, restarts: Int = 0, isReady: Bool = false, waitingReasons: [String] = [],
        lastTermination: String? = nil, reason: String? = nil, isBeingDeleted: Bool = false
    ) {
        self.uid = uid
        self.name = name
        self.arm = arm
        self.createdAt = createdAt
        self.restarts = restarts
        self.isReady = isReady
        self.waitingReasons = waitingReasons
        self.lastTermination = lastTermination
        self.reason = reason
        self.isBeingDeleted = isBeingDeleted
    }
}

package struct HealthSettings: Sendable, Hashable {
    /// More restarts than this, over all pods of the canary, are bad.
    package var maxRestarts: Int
    /// A pod of the canary that was never Ready so long after it was made is bad.
    package var readyWithin: PromDuration

    package init(maxRestarts: Int = 0, readyWithin: PromDuration = .minutes(10)) {
        self.maxRestarts = maxRestarts
        self.readyWithin = readyWithin
    }
}
