import HTTPTransport
package import KubeModel
package import Values

/// What happens to an object's dependants when it is deleted.
package enum DeletionPropagation: String, Sendable, Hashable {
    case background = "Background"
    case foreground = "Foreground"
    case orphan = "Orphan"
}

extension KubeClient {
    /// Creates an object; returns it as the server keeps it. One that is there already is `isAlreadyExists`.
    @discardableResult
    package func create(_ resource: ResourceKind, namespace: String? = nil, body: JSON, dryRun: Bool = false) async throws(KubeError) -> JSON {
        try await tree(call("POST", resource.path(namespace: namespace), query: writing(dryRun), body: body), "created \(resource)")
    }

    /// Posts to a subresource that does something: `token` of a service account, `eviction` of a pod.
    @discardableResult
    package func create(
        _ resource: ResourceKind, _ key: ObjectKey, subresource: String, body: JSON, dryRun: Bool = false
    ) async throws(KubeError) -> JSON {
        try await tree(
            call("POST", resource.path(key, subresource: subresource), query: writing(dryRun), body: body), "\(subresource) of \(resource) \(key)")
    }

    /// Replaces the whole object (or its subresource); with `metadata.resourceVersion` in the body, only if it hasn't changed since.
    @discardableResult
    package func replace(
        _ resource: ResourceKind, _ key: ObjectKey, subresource: String? = nil, body: JSON, dryRun: Bool = false
    ) async throws(KubeError) -> JSON {
        try await tree(call("PUT", resource.path(key, subresource: subresource), query: writing(dryRun), body: body), "\(resource) \(key)")
    }

    /// Changes an object or its subresource; `.apply` may create it. Returns it as the server keeps it.
    @discardableResult
    package func patch(
        _ resource: ResourceKind, _ key: ObjectKey, subresource: String? = nil, _ patch: KubePatch, dryRun: Bool = false
    ) async throws(KubeError) -> JSON {
        var query = writing(dryRun)
        if case .apply(_, let manager, let force) = patch {
            query.removeAll { $0.name == "fieldManager" }
            query.append(QueryItem("fieldManager", manager))
            query.append(QueryItem("force", force ? "true" : "false"))
        }
        var call = call("PATCH", resource.path(key, subresource: subresource), query: query, body: patch.body)
        call.contentType = patch.contentType
        call.isIdempotent = patch.isIdempotent
        return try await tree(call, "\(resource) \(key)")
    }

    /// Deletes an object if `uid` and `resourceVersion`, where given, are still its own (else `isConflict`).
    ///
    /// Returns the object with its deletion under way, or the Status of one that is gone.
    @discardableResult
    package func delete(
        _ resource: ResourceKind, _ key: ObjectKey, uid: String? = nil, resourceVersion: String? = nil,
        propagation: DeletionPropagation = .background,
        dryRun: Bool = false
    ) async throws(KubeError) -> JSON {
        // Without a name the path is the collection's, and all of it would go.
        guard !key.name.isEmpty else {
            throw .transport(HTTPError(kind: .invalidRequest, isRetrySafe: true, message: "no name was given of which of the \(resource) to delete"))
        }
        var options: JSON = ["apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": .string(propagation.rawValue)]
        var preconditions = JSONObject()
        if let uid { preconditions["uid"] = .string(uid) }
        if let resourceVersion { preconditions["resourceVersion"] = .string(resourceVersion) }
        if !preconditions.isEmpty { options["preconditions"] = .object(preconditions) }
        if dryRun { options["dryRun"] = ["All"] }
        var call = call("DELETE", resource.path(key), body: options)
        // Without the UID a repeat could hit another object of that name.
        call.isIdempotent = uid != nil
        return try await tree(call, "deleted \(resource) \(key)")
    }

    private func writing(_ dryRun: Bool) -> [QueryItem] {
        [QueryItem("fieldManager", options.fieldManager)] + (dryRun ? [QueryItem("dryRun", "All")] : [])
    }
}
