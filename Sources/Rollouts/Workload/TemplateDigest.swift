package import Values

/// What tells one pod template from another: the same for a Deployment's and for that of the ReplicaSet made of it.
package enum TemplateDigest {
    package static func of(_ template: JSON) -> String { Digest.hex(plain(template).bytes(sortedKeys: true)) }

    /// A template without what its ReplicaSet's controller adds, and without nulls, as a Deployment may have it.
    package static func plain(_ template: JSON) -> JSON {
        var template = withoutNulls(template)
        if var metadata = template["metadata"] {
            if var labels = metadata["labels"] {
                labels["pod-template-hash"] = nil
                metadata["labels"] = labels
            }
            template["metadata"] = metadata
        }
        return template
    }

    private static func withoutNulls(_ json: JSON) -> JSON {
        switch json {
        case .object(let object):
            .object(JSONObject(object.filter { !$0.value.isNull }.map { (key: $0.key, value: withoutNulls($0.value)) }))
        case .array(let elements): .array(elements.map(withoutNulls))
        case .null, .bool, .number, .string: json
        }
    }
}
