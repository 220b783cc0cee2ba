package import KubeModel
import Values

/// How many replicas something has and should have (autoscaling/v1 Scale).
package struct Scale: Sendable, Hashable {
    package var replicas: Int64
    /// As the controller saw it last.
    package var currentReplicas: Int64
    /// The pods' label selector as query text; empty where the kind tells none.
    package var selector: String
    package var resourceVersion: String

    package init(replicas: Int64, currentReplicas: Int64 = 0, selector: String = "", resourceVersion: String = "") {
        self.replicas = replicas
        self.currentReplicas = currentReplicas
        self.selector = selector
        self.resourceVersion = resourceVersion
    }

    init?(json: JSON) {
        guard json["kind"]?.stringValue == "Scale" else { return nil }
        self.init(
            replicas: json["spec"]?["replicas"]?.intValue ?? 0, currentReplicas: json["status"]?["replicas"]?.intValue ?? 0,
            selector: json["status"]?["selector"]?.stringValue ?? "", resourceVersion: json["metadata"]?["resourceVersion"]?.stringValue ?? "")
    }
}

extension KubeClient {
    package func getScale(_ resource: ResourceKind, _ key: ObjectKey) async throws(KubeError) -> Scale {
        try scale(await tree(call("GET", resource.path(key, subresource: "scale")), "scale of \(resource) \(key)"), resource, key)
    }

    /// Sets the replicas; with a `resourceVersion`, only if nothing has changed since (else `isConflict`).
    @discardableResult
    package func patchScale(
        _ resource: ResourceKind, _ key: ObjectKey, replicas: Int64, resourceVersion: String? = nil, dryRun: Bool = false
    ) async throws(KubeError) -> Scale {
        var change: JSON = ["spec": ["replicas": .int(replicas)]]
        if let resourceVersion { change["metadata"] = ["resourceVersion": .string(resourceVersion)] }
        return try scale(await patch(resource, key, subresource: "scale", .merge(change), dryRun: dryRun), resource, key)
    }

    private func scale(_ json: JSON, _ resource: ResourceKind, _ key: ObjectKey) throws(KubeError) -> Scale {
        guard let scale = Scale(json: json) else { throw .decoding("scale of \(resource) \(key): the answer is no Scale") }
        return scale
    }
}
