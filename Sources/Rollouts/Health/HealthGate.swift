package import Values

/// What the canary's pods say by themselves: restarts, crash loops, images that can't be had, pods that never get Ready. Needs no Prometheus.
///
/// A machine over what was seen: a pod that crashed and was deleted since has crashed. What befalls the stable version's pods at the same time (a node, a
/// registry, a database that is gone) is no fault of the release, and holds it.
package struct HealthGate: Sendable, Hashable {
    /// What is kept of a pod, by its uid.
    struct Seen: Sendable, Hashable {
        var name: String
        var arm: Arm
        /// When it was first seen; of the stable arm these had been there before.
        var restartsAtFirst: Int
        var restarts: Int
        var wasReady: Bool
        var fault: String?
    }

    private(set) var pods: [String: Seen] = [:]

    /// The pod will not start, and no waiting helps.
    private static let fatal: Set<String> = [
        "CrashLoopBackOff", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError", "RunContainerError",
    ]
    /// May pass: a registry that is slow. Judged by `readyWithin`.
    private static let slow: Set<String> = ["ErrImagePull", "ImagePullBackOff"]
    /// Done to the pod, not by it.
    private static let innocent: Set<String> = [
        "Evicted", "NodeLost", "NodeAffinity", "NodeShutdown", "Terminated", "Preempting", "Shutdown", "Preempted",
    ]

    package init() {}

    /// Takes in what is there now. The same picture twice changes nothing.
    package mutating func observe(_ observed: [ObservedPod], settings: HealthSettings, now: Instant) {
        for pod in observed {
            if let reason = pod.reason, Self.innocent.contains(reason) {
                pods[pod.uid] = nil
                continue
            }
            // The canary's pods are new, so that all of their restarts count.
            var seen =
                pods[pod.uid]
                ?? Seen(name: pod.name, arm: pod.arm, restartsAtFirst: pod.arm == .canary ? 0 : pod.restarts, restarts: pod.restarts, wasReady: false)
            // A pod on its way out may be killed hard, which is no crash.
            if !pod.isBeingDeleted {
                seen.restarts = max(seen.restarts, pod.restarts)
                seen.fault = seen.fault ?? fault(of: pod, wasReady: seen.wasReady, settings: settings, now: now)
            }
            seen.wasReady = seen.wasReady || pod.isReady
            pods[pod.uid] = seen
        }
    }

    private func fault(of pod: ObservedPod, wasReady: Bool, settings: HealthSettings, now: Instant) -> String? {
        if let reason = pod.waitingReasons.first(where: Self.fatal.contains) { return reason }
        guard !wasReady, !pod.isReady, now.since(pod.createdAt) >= settings.readyWithin else { return nil }
        return pod.waitingReasons.first(where: Self.slow.contains) ?? "not Ready within \(settings.readyWithin)"
    }

    /// - Parameter expected: how many pods the canary should have.
    package func verdict(expected: Int, settings: HealthSettings) -> GateVerdict {
        let canary = pods.values.filter { $0.arm == .canary }
        let stable = pods.values.filter { $0.arm == .stable }
        let restarts = canary.reduce(0) { $0 + $1.restarts - $1.restartsAtFirst }
        let faulty = canary.filter { $0.fault != nil }
        if restarts > settings.maxRestarts || !faulty.isEmpty {
            // A share of the stable pods as great has the same trouble.
            let stableTroubled = stable.filter { $0.fault != nil || $0.restarts > $0.restartsAtFirst }.count
            let canaryTroubled = canary.filter { $0.fault != nil || $0.restarts > $0.restartsAtFirst }.count
            if stableTroubled > 0, stableTroubled * canary.count >= canaryTroubled * stable.count {
                return .inconclusive("\(stableTroubled) of \(stable.count) pods of the stable version have the same trouble")
            }
            return .bad
        }
        let ready = canary.filter(\.wasReady).count
        guard ready >= max(expected, 1) else {
            return .notEnoughEvidence(MissingEvidence(.other("\(ready) of \(expected) pods of the canary have been Ready")))
        }
        return .safe
    }

    /// What is wrong, in a sentence; empty where nothing is.
    package func message(settings: HealthSettings) -> String {
        let canary = pods.values.filter { $0.arm == .canary }.sorted { $0.name < $1.name }
        if let faulty = canary.first(where: { $0.fault != nil }) { return "\(faulty.name): \(faulty.fault ?? "")" }
        let restarts = canary.reduce(0) { $0 + $1.restarts - $1.restartsAtFirst }
        guard restarts > settings.maxRestarts else { return "" }
        return "\(restarts) restarts of the canary's pods, more than \(settings.maxRestarts)"
    }
}

extension HealthGate {
    /// For the run: what is no longer there to be seen is not seen again after a restart.
    package var checkpoint: JSON {
        .array(
            pods.sorted { $0.key < $1.key }.map { uid, seen in
                [
                    "uid": .string(uid), "name": .string(seen.name), "arm": .string(seen.arm.rawValue), "first": .int(seen.restartsAtFirst),
                    "restarts": .int(seen.restarts), "wasReady": .bool(seen.wasReady), "fault": seen.fault.map { .string($0) } ?? .null,
                ]
            })
    }

    /// Nil where it makes no sense.
    package init?(checkpoint json: JSON) {
        guard let entries = json.arrayValue else { return nil }
        for entry in entries {
            guard let uid = entry["uid"]?.stringValue, let name = entry["name"]?.stringValue,
                let arm = entry["arm"]?.stringValue.flatMap(Arm.init(rawValue:)), let first = entry["first"]?.intValue.flatMap(Int.init(exactly:)),
                let restarts = entry["restarts"]?.intValue.flatMap(Int.init(exactly:)), let wasReady = entry["wasReady"]?.boolValue
            else { return nil }
            pods[uid] = Seen(
                name: name, arm: arm, restartsAtFirst: first, restarts: restarts, wasReady: wasReady, fault: entry["fault"]?.stringValue)
        }
    }
}
