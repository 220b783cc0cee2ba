/// A kind of object and where the API server keeps it.
package struct ResourceKind: Hashable, Sendable, CustomStringConvertible {
    /// Empty for the core group.
    package var group: String
    package var version: String
    package var kind: String
    /// The resource's name in paths, such as `configmaps`.
    package var plural: String
    package var namespaced: Bool

    package init(group: String, version: String, kind: String, plural: String, namespaced: Bool = true) {
        self.group = group
        self.version = version
        self.kind = kind
        self.plural = plural
        self.namespaced = namespaced
    }

    /// `v1` for the core group, else `group/version`.
    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// `configmaps`, or `slos.plimsoll.dev`: what access rules and messages call it.
    package var description: String { group.isEmpty ? plural : "\(plural).\(group)" }

    /// The absolute path of a collection, an object or a subresource of it; every part is percent-encoded.
    ///
    /// Without a namespace (nil or empty) the path of a namespaced kind spans all namespaces; a cluster-scoped kind ignores it.
    package func path(namespace: String? = nil, name: String? = nil, subresource: String? = nil) -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(Self.encoded(group))/\(version)"
        if namespaced, let namespace, !namespace.isEmpty {
            path += "/namespaces/\(Self.encoded(namespace))"
        }
        path += "/\(Self.encoded(plural))"
        if let name {
            path += "/\(Self.encoded(name))"
            if let subresource { path += "/\(Self.encoded(subresource))" }
        }
        return path
    }

    /// The path of the object with this key.
    package func path(_ key: ObjectKey, subresource: String? = nil) -> String {
        path(namespace: key.namespace, name: key.name, subresource: subresource)
    }

    /// All but RFC 3986's unreserved characters as `%XX`; a segment of dots only is encoded too, so that no client resolves it.
    private static func encoded(_ segment: String) -> String {
        let dotsOnly = segment.utf8.allSatisfy { $0 == UInt8(ascii: ".") }
        var text = ""
        for byte in segment.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: ".") where !dotsOnly:
                text += "."
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                text += byte < 16 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return text
    }
}

extension ResourceKind {
    package static let configMaps = ResourceKind(group: "", version: "v1", kind: "ConfigMap", plural: "configmaps")
    package static let secrets = ResourceKind(group: "", version: "v1", kind: "Secret", plural: "secrets")
    package static let namespaces = ResourceKind(group: "", version: "v1", kind: "Namespace", plural: "namespaces", namespaced: false)
    package static let nodes = ResourceKind(group: "", version: "v1", kind: "Node", plural: "nodes", namespaced: false)
    package static let pods = ResourceKind(group: "", version: "v1", kind: "Pod", plural: "pods")
    package static let services = ResourceKind(group: "", version: "v1", kind: "Service", plural: "services")
    package static let serviceAccounts = ResourceKind(group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts")
    package static let events = ResourceKind(group: "events.k8s.io", version: "v1", kind: "Event", plural: "events")
    package static let leases = ResourceKind(group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases")
    package static let deployments = ResourceKind(group: "apps", version: "v1", kind: "Deployment", plural: "deployments")
    package static let replicaSets = ResourceKind(group: "apps", version: "v1", kind: "ReplicaSet", plural: "replicasets")
    package static let customResourceDefinitions = ResourceKind(
        group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition", plural: "customresourcedefinitions", namespaced: false)
    package static let selfSubjectAccessReviews = ResourceKind(
        group: "authorization.k8s.io", version: "v1", kind: "SelfSubjectAccessReview", plural: "selfsubjectaccessreviews", namespaced: false)
    package static let subjectAccessReviews = ResourceKind(
        group: "authorization.k8s.io", version: "v1", kind: "SubjectAccessReview", plural: "subjectaccessreviews", namespaced: false)
    package static let tokenReviews = ResourceKind(
        group: "authentication.k8s.io", version: "v1", kind: "TokenReview", plural: "tokenreviews", namespaced: false)
    /// The Prometheus Operator's rule object.
    package static let prometheusRules = ResourceKind(
        group: "monitoring.coreos.com", version: "v1", kind: "PrometheusRule", plural: "prometheusrules")
}
