import KubeModel
import Notify

/// What is still to be told of SLOs that are gone, by notifier: it outlives the controller that a new configuration replaces.
package struct PendingEnds: Sendable {
    struct End: Sendable, Hashable {
        var slo: ObjectKey
        var policy: String
        var message: Message
    }

    var ends: [String: [End]] = [:]

    package init() {}
}
