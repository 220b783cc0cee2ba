package import KubeModel
import PlimsollAPI
package import Values

/// An object of ours that carries rules, as the cache keeps it: who owns it, and a digest of what it says.
package protocol RuleObject: KubeObject {
    /// The field that carries the rules: `spec` or `data`.
    static var contentField: String { get }
    /// The content in canonical form, for telling whether it is what we want.
    var content: ContentDigest { get }

    init(metadata: ObjectMeta, content: ContentDigest)

    /// What of the content is compared.
    static func comparable(_ content: JSON) -> JSON
}

/// What an object's content comes to, without keeping it.
package struct ContentDigest: Sendable, Hashable {
    private let first: Int
    private let length: Int

    /// Hashing is seeded for each process, which is as long as a digest lives.
    package init(_ json: JSON) {
        let text = json.text(sortedKeys: true)
        first = text.hashValue
        length = text.utf8.count
    }
}

extension RuleObject {
    package static func comparable(_ content: JSON) -> JSON { content }

    /// The digest of a content field.
    static func digest(_ content: JSON) -> ContentDigest { ContentDigest(comparable(content)) }

    package init(reading reader: inout JSONReader) throws {
        var metadata = ObjectMeta()
        var content = JSON.null
        try reader.readObject { key, reader in
            switch key {
            case "metadata": metadata = try ObjectMeta(reading: &reader)
            case Self.contentField: content = try reader.readJSON()
            default: try reader.skipValue()
            }
        }
        guard !metadata.name.isEmpty else { throw reader.error("an object without metadata.name") }
        self.init(metadata: metadata, content: Self.digest(content))
    }

    /// The SLO it belongs to.
    var owner: ObjectKey? {
        metadata.ownerReferences.first { $0.kind == SLO.resource.kind && $0.apiVersion == SLO.resource.apiVersion }
            .map { ObjectKey(namespace: metadata.namespace, name: $0.name) }
    }
}

/// A PrometheusRule of the Prometheus Operator.
package struct PrometheusRuleObject: RuleObject {
    package static let resource = ResourceKind.prometheusRules
    package static let contentField = "spec"
    package let metadata: ObjectMeta
    package let content: ContentDigest

    /// Older definitions of the kind know no `limit` and drop it.
    package static func comparable(_ content: JSON) -> JSON {
        guard let groups = content["groups"]?.arrayValue else { return content }
        var content = content
        content["groups"] = .array(
            groups.map { group in
                var group = group
                group["limit"] = JSON?.none
                return group
            })
        return content
    }

    package init(metadata: ObjectMeta, content: ContentDigest) {
        self.metadata = metadata
        self.content = content
    }
}

/// A ConfigMap that holds a rule file.
package struct RuleConfigMap: RuleObject {
    package static let resource = ResourceKind.configMaps
    package static let contentField = "data"
    package let metadata: ObjectMeta
    package let content: ContentDigest

    package init(metadata: ObjectMeta, content: ContentDigest) {
        self.metadata = metadata
        self.content = content
    }
}
