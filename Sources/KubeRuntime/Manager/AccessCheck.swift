package import KubeClient
package import KubeModel
import Values

/// A right that a controller needs.
package struct RequiredAccess: Sendable, Hashable, CustomStringConvertible {
    package var verb: String
    package var group: String
    package var resource: String
    package var subresource: String
    /// Nil: in all namespaces.
    package var namespace: String?
    /// Nil: any object.
    package var name: String?

    package init(_ verb: String, _ kind: ResourceKind, subresource: String = "", namespace: String? = nil, name: String? = nil) {
        self.verb = verb
        group = kind.group
        resource = kind.plural
        self.subresource = subresource
        self.namespace = namespace
        self.name = name
    }

    package static func all(_ verbs: [String], _ kind: ResourceKind, subresource: String = "", namespace: String? = nil) -> [RequiredAccess] {
        verbs.map { RequiredAccess($0, kind, subresource: subresource, namespace: namespace) }
    }

    /// `list slos.plimsoll.dev in all namespaces`
    package var description: String {
        let name = resource + (subresource.isEmpty ? "" : "/\(subresource)") + (group.isEmpty ? "" : ".\(group)")
        let object = self.name.map { " \"\($0)\"" } ?? ""
        return "\(verb) \(name)\(object) in \(namespace.map { "namespace \($0)" } ?? "all namespaces")"
    }

    var attributes: JSON {
        var attributes: JSON = ["verb": .string(verb), "group": .string(group), "resource": .string(resource)]
        if !subresource.isEmpty { attributes["subresource"] = .string(subresource) }
        if let namespace { attributes["namespace"] = .string(namespace) }
        if let name { attributes["name"] = .string(name) }
        return attributes
    }

    var review: JSON {
        [
            "apiVersion": .string(ResourceKind.selfSubjectAccessReviews.apiVersion), "kind": "SelfSubjectAccessReview",
            "spec": ["resourceAttributes": attributes],
        ]
    }
}

/// Asks the API server, before the work begins, whether we may do what we shall have to.
package enum AccessCheck {
    /// What of `required` is not allowed, in its order. All are asked for, so that one message names all that is missing.
    package static func missing(_ required: [RequiredAccess], client: KubeClient) async throws(KubeError) -> [RequiredAccess] {
        var missing: [RequiredAccess] = []
        for access in required {
            let answer = try await client.create(.selfSubjectAccessReviews, body: access.review)
            if answer["status"]?["allowed"]?.boolValue != true { missing.append(access) }
        }
        return missing
    }

    /// Throws a `ManagerFailure` that names all that is missing, or the `KubeError` when the server could not be asked.
    package static func require(_ required: [RequiredAccess], client: KubeClient) async throws {
        let missing = try await missing(required, client: client)
        guard !missing.isEmpty else { return }
        throw ManagerFailure(
            "missing rights: " + missing.map(\.description).joined(separator: "; ")
                + ". Grant them to this account by a ClusterRole or Role and its binding.")
    }
}
