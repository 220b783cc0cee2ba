package import KubeModel
package import PlimsollAPI
import PrometheusModel
package import Values

/// Kubernetes objects that carry an SLO's rules to a Prometheus. Each holds the full intent, for server-side apply.
package enum RuleObjects {
    /// Rules that are larger than their carrier takes.
    package struct TooLarge: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// The Prometheus Operator refuses larger PrometheusRules, as its ConfigMaps hold several.
    private static let prometheusRuleLimit = 512 * 1024
    /// The API server refuses a ConfigMap whose data is larger.
    private static let configMapLimit = 1024 * 1024

    package static let instanceLabel = "plimsoll.dev/instance"
    package static let sloLabel = "plimsoll.dev/slo"
    /// Of rules that SLOs share: the source's name.
    package static let fleetLabel = "plimsoll.dev/fleet"
    /// Of an SLO's rules that are not all its own: what the others must know of it.
    package static let memberAnnotation = "plimsoll.dev/member"
    private static let memberComment = "# \(memberAnnotation): "
    /// A digest of the labels we want: others may add their own, so a label of ours that is wanted no more shows only by this.
    private static let labelsAnnotation = "plimsoll.dev/labels"

    /// What the object of an SLO is called; long names of SLOs are cut and told apart by a digest.
    package static func name(of key: ObjectKey) -> String { "plimsoll-" + fitting(key.name, 253 - 9) }

    /// The rule file's name, also as a key of a ConfigMap: unique across namespaces, as sidecars put all files into one directory.
    package static func fileName(instance: String, key: ObjectKey) -> String {
        "plimsoll_\(instance)_\(fitting("\(key.namespace)_\(key.name)", 200)).yaml"
    }

    /// A PrometheusRule (monitoring.coreos.com/v1).
    package static func prometheusRule(_ rules: GeneratedRules, for slo: SLO, settings: RuleSettings) throws(TooLarge) -> JSON {
        try prometheusRule(rules.file, metadata(rules, slo, settings), of: .own(slo.metadata.key))
    }

    /// A PrometheusRule of rules that SLOs share.
    package static func prometheusRule(_ part: FleetPart, namespace: String, settings: RuleSettings) throws(TooLarge) -> JSON {
        try prometheusRule(part.file, metadata(part.name, namespace, settings), of: .shared(part.name.object))
    }

    private static func prometheusRule(_ file: RuleFile, _ metadata: JSON, of whom: Whose) throws(TooLarge) -> JSON {
        let groups = JSON.array(file.groups.map(\.json))
        try check(groups.bytes(sortedKeys: false).count, prometheusRuleLimit, "PrometheusRule", whom)
        return ["apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": metadata, "spec": ["groups": groups]]
    }

    /// A ConfigMap whose one key is a rule file.
    package static func configMap(_ rules: GeneratedRules, for slo: SLO, settings: RuleSettings) throws(TooLarge) -> JSON {
        try configMap(
            rules.file, fileName(instance: rules.identity.instance, key: slo.metadata.key), metadata(rules, slo, settings),
            of: .own(slo.metadata.key))
    }

    /// A ConfigMap of rules that SLOs share.
    package static func configMap(_ part: FleetPart, namespace: String, settings: RuleSettings) throws(TooLarge) -> JSON {
        try configMap(part.file, part.name.file, metadata(part.name, namespace, settings), of: .shared(part.name.object))
    }

    private static func configMap(_ file: RuleFile, _ name: String, _ metadata: JSON, of whom: Whose) throws(TooLarge) -> JSON {
        let text = file.yaml
        try check(text.utf8.count, configMapLimit, "ConfigMap", whom)
        return ["apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": .object(JSONObject([(key: name, value: .string(text))]))]
    }

    /// The text of an SLO's rule file, for a directory.
    package static func fileText(_ rules: GeneratedRules, for slo: SLO) -> String {
        guard let member = rules.member(slo) else { return rules.file.yaml }
        return "\(memberComment)\(slo.metadata.key) \(member.text)\n\(rules.file.yaml)"
    }

    /// What the first line of a rule file says about its SLO; nil when it is one that shares nothing.
    package static func member(inFile text: String) -> (key: ObjectKey, text: String)? {
        guard text.hasPrefix(memberComment) else { return nil }
        let parts = text.dropFirst(memberComment.count).prefix { $0 != "\n" }.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let names = parts[0].split(separator: "/")
        return names.count == 2 ? (ObjectKey(namespace: String(names[0]), name: String(names[1])), String(parts[1])) : nil
    }

    /// Whose rules an object holds.
    private enum Whose {
        case own(ObjectKey)
        case shared(String)

        var name: String {
            switch self {
            case .own(let key): "SLO \(key)"
            case .shared(let object): object
            }
        }

        var remedy: String {
            switch self {
            case .own: "use fewer tiers, or shorter selectors, labels and annotations"
            case .shared: "raise rules.fleet.places of this source in the daemon's configuration"
            }
        }
    }

    private static func check(_ bytes: Int, _ limit: Int, _ kind: String, _ whom: Whose) throws(TooLarge) {
        guard bytes > limit else { return }
        throw TooLarge(description: "\(whom.name): its rules are \(bytes) bytes, and a \(kind) takes at most \(limit); \(whom.remedy)")
    }

    private static func metadata(_ rules: GeneratedRules, _ slo: SLO, _ settings: RuleSettings) -> JSON {
        var labels = settings.labels
        labels[instanceLabel] = rules.identity.instance
        labels[sloLabel] = fitting(slo.metadata.name, 63)
        let owner = OwnerReference(
            apiVersion: SLO.resource.apiVersion, kind: SLO.resource.kind, name: slo.metadata.name, uid: slo.metadata.uid, controller: true,
            blockOwnerDeletion: false)
        let wanted = JSON.object(JSONObject(labels.sorted { $0.key < $1.key }.map { (key: $0.key, value: .string($0.value)) }))
        var annotations: JSON = [labelsAnnotation: .string(Digest.hex(wanted.bytes()))]
        if let member = rules.member(slo) { annotations[memberAnnotation] = .string(member.text) }
        return [
            "name": .string(name(of: slo.metadata.key)), "namespace": .string(slo.metadata.namespace), "labels": wanted,
            "annotations": annotations, "ownerReferences": [owner.json],
        ]
    }

    /// SLOs of many namespaces share it, so nobody owns it.
    private static func metadata(_ part: FleetPart.Name, _ namespace: String, _ settings: RuleSettings) -> JSON {
        var labels = settings.labels
        labels[instanceLabel] = part.instance
        labels[fleetLabel] = part.source
        let wanted = JSON.object(JSONObject(labels.sorted { $0.key < $1.key }.map { (key: $0.key, value: .string($0.value)) }))
        return [
            "name": .string(part.object), "namespace": .string(namespace), "labels": wanted,
            "annotations": [labelsAnnotation: .string(Digest.hex(wanted.bytes()))],
        ]
    }

    private static func fitting(_ name: String, _ limit: Int) -> String {
        name.utf8.count <= limit ? name : name.prefix(limit - 17) + "-" + Digest.hex(Array(name.utf8))
    }
}
