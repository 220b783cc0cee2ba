import KubeModel
import Rollouts
import Values

/// What a release needs to know of a Deployment.
struct DeploymentObject: KubeObject {
    static let resource = ResourceKind.deployments

    var metadata = ObjectMeta()
    var replicas = 1
    var isPaused = false
    var revisionHistoryLimit = 10
    var isRecreate = false
    var maxSurge = JSON.string("25%")
    var maxUnavailable = JSON.string("25%")
    var template = ""
    var observedGeneration: Int64 = 0

    init(reading reader: inout JSONReader) throws {
        try reader.readObject { key, reader in
            if try reader.readNullIfPresent() { return }
            switch key {
            case "metadata": metadata = try ObjectMeta(reading: &reader)
            case "spec": read(try reader.readJSON())
            case "status": observedGeneration = try reader.readJSON()["observedGeneration"]?.intValue ?? 0
            default: break
            }
        }
    }

    private mutating func read(_ spec: JSON) {
        replicas = spec["replicas"]?.intValue.map { Int(clamping: $0) } ?? 1
        isPaused = spec["paused"]?.boolValue ?? false
        revisionHistoryLimit = spec["revisionHistoryLimit"]?.intValue.map { Int(clamping: $0) } ?? 10
        isRecreate = spec["strategy"]?["type"]?.stringValue == "Recreate"
        if let rolling = spec["strategy"]?["rollingUpdate"] {
            maxSurge = rolling["maxSurge"] ?? maxSurge
            maxUnavailable = rolling["maxUnavailable"] ?? maxUnavailable
        }
        template = TemplateDigest.of(spec["template"] ?? .null)
    }

    /// Pods that may be there beyond `replicas`, and be missing from them; as the Deployment's controller resolves percentages.
    var fence: (surge: Int, unavailable: Int) {
        let surge = Self.resolve(maxSurge, of: replicas, roundingUp: true)
        let unavailable = Self.resolve(maxUnavailable, of: replicas, roundingUp: false)
        return surge == 0 && unavailable == 0 ? (0, 1) : (surge, min(unavailable, replicas))
    }

    private static func resolve(_ value: JSON, of replicas: Int, roundingUp: Bool) -> Int {
        if let number = value.intValue { return Int(clamping: number) }
        guard let text = value.stringValue, text.last == "%", let percent = Int(text.dropLast()) else { return 0 }
        return roundingUp ? (percent * replicas + 99) / 100 : percent * replicas / 100
    }
}

/// What a release needs to know of a ReplicaSet.
struct ReplicaSetObject: KubeObject {
    static let resource = ResourceKind.replicaSets

    var metadata = ObjectMeta()
    var replicas = 0
    var template = ""
    var pods = 0
    var available = 0

    init(reading reader: inout JSONReader) throws {
        try reader.readObject { key, reader in
            if try reader.readNullIfPresent() { return }
            switch key {
            case "metadata": metadata = try ObjectMeta(reading: &reader)
            case "spec":
                let spec = try reader.readJSON()
                replicas = spec["replicas"]?.intValue.map { Int(clamping: $0) } ?? 1
                template = TemplateDigest.of(spec["template"] ?? .null)
            case "status":
                let status = try reader.readJSON()
                pods = status["replicas"]?.intValue.map { Int(clamping: $0) } ?? 0
                available = status["availableReplicas"]?.intValue.map { Int(clamping: $0) } ?? 0
            default: break
            }
        }
    }
}

/// What a health gate needs to know of a pod.
struct PodObject: KubeObject {
    static let resource = ResourceKind.pods

    var metadata = ObjectMeta()
    var startedAt: Instant?
    var restarts = 0
    var isReady = false
    var waitingReasons: [String] = []
    var lastTermination: String?
    var reason: String?

    init(reading reader: inout JSONReader) throws {
        try reader.readObject { key, reader in
            if try reader.readNullIfPresent() { return }
            switch key {
            case "metadata": metadata = try ObjectMeta(reading: &reader)
            case "status": read(try reader.readJSON())
            default: break
            }
        }
    }

    private mutating func read(_ status: JSON) {
        startedAt = status["startTime"]?.stringValue.flatMap(Instant.init(rfc3339:))
        reason = status["reason"]?.stringValue
        isReady = (status["conditions"]?.arrayValue ?? []).contains { $0["type"] == "Ready" && $0["status"] == "True" }
        for list in ["initContainerStatuses", "containerStatuses"] {
            for container in status[list]?.arrayValue ?? [] {
                restarts += container["restartCount"]?.intValue.map { Int(clamping: $0) } ?? 0
                if let waiting = container["state"]?["waiting"]?["reason"]?.stringValue { waitingReasons.append(waiting) }
                if let ended = container["lastState"]?["terminated"]?["reason"]?.stringValue { lastTermination = ended }
            }
        }
    }

    func observed(_ arm: Arm) -> ObservedPod {
        ObservedPod(
            uid: metadata.uid, name: metadata.name, arm: arm, createdAt: metadata.creationTimestamp ?? startedAt ?? .epoch, restarts: restarts,
            isReady: isReady, waitingReasons: waitingReasons, lastTermination: lastTermination, reason: reason,
            isBeingDeleted: metadata.isDeleting)
    }
}
