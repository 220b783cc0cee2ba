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
        let groups = JSON.array(rules.groups.map(\.json))
        try check(groups.bytes(sortedKeys: false).count, prometheusRuleLimit, "PrometheusRule", slo)
        return [
            "apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": metadata(rules, slo, settings),
            "spec": ["groups": groups],
        ]
    }

    /// A ConfigMap whose one key is a rule file.
    package static func configMap(_ rules: GeneratedRules, for slo: SLO, settings: RuleSettings) throws(TooLarge) -> JSON {
        let text = rules.file.yaml
        try check(text.utf8.count, configMapLimit, "ConfigMap", slo)
        return [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(rules, slo, settings),
            "data": .object(JSONObject([(key: fileName(instance: rules.identity.instance, key: slo.metadata.key), value: .string(text))])),
        ]
    }

    private static func check(_ bytes: Int, _ limit: Int, _ kind: String, _ slo: SLO) throws(TooLarge) {
        guard bytes > limit else { return }
        throw TooLarge(
            description:
                "SLO \(slo.metadata.key): its rules are \(bytes) bytes, and a \(kind) takes at most \(limit); use fewer tiers, or shorter selectors, "
                + "labels and annotations")
    }

    private static func metadata(_ rules: GeneratedRules, _ slo: SLO, _ settings: RuleSettings) -> JSON {
        var labels = settings.labels
        labels[instanceLabel] = rules.identity.instance
        labels[sloLabel] = fitting(slo.metadata.name, 63)
        let owner = OwnerReference(
            apiVersion: SLO.resource.apiVersion, kind: SLO.resource.kind, name: slo.metadata.name, uid: slo.metadata.uid, controller: true,
            blockOwnerDeletion: false)
        let wanted = JSON.object(JSONObject(labels.sorted { $0.key < $1.key }.map { (key: $0.key, value: .string($0.value)) }))
        return [
            "name": .string(name(of: slo.metadata.key)), "namespace": .string(slo.metadata.namespace), "labels": wanted,
            "annotations": [labelsAnnotation: .string(Digest.hex(wanted.bytes()))],
            "ownerReferences": [owner.json],
        ]
    }

    private static func fitting(_ name: String, _ limit: Int) -> String {
        name.utf8.count <= limit ? name : name.prefix(limit - 17) + "-" + Digest.hex(Array(name.utf8))
    }
}
