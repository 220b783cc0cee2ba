import KubeModel
import Values

/// One kind's CustomResourceDefinition.
struct CustomResource: Sendable {
    /// A column of `kubectl get`.
    struct Column: Sendable {
        let name: String
        let path: String
        let type: String

        init(_ name: String, _ path: String, type: String = "string") {
            self.name = name
            self.path = path
            self.type = type
        }

        var json: JSON { ["name": .string(name), "type": .string(type), "jsonPath": .string(path)] }
    }

    let resource: ResourceKind
    let shortName: String
    let summary: String
    let spec: JSON
    let status: JSON
    var hasStatusSubresource = true
    let columns: [Column]

    var fileName: String { "\(resource.group)_\(resource.plural).yaml" }

    var json: JSON {
        [
            "apiVersion": .string(ResourceKind.customResourceDefinitions.apiVersion),
            "kind": .string(ResourceKind.customResourceDefinitions.kind),
            "metadata": ["name": .string(resource.description)],
            "spec": [
                "group": .string(resource.group),
                "scope": resource.namespaced ? "Namespaced" : "Cluster",
                "names": [
                    "kind": .string(resource.kind), "listKind": .string("\(resource.kind)List"), "plural": .string(resource.plural),
                    "singular": .string(resource.kind.lowercased()), "shortNames": [.string(shortName)], "categories": ["plimsoll"],
                ],
                "versions": [version],
            ],
        ]
    }

    private var version: JSON {
        var version: JSON = ["name": .string(resource.version), "served": true, "storage": true]
        if hasStatusSubresource { version["subresources"] = ["status": [:]] }
        version["additionalPrinterColumns"] = .array(columns.map(\.json))
        version["schema"] = ["openAPIV3Schema": schema]
        return version
    }

    private var schema: JSON {
        var spec = spec
        spec["description"] = "What is wanted."
        var status = status
        status["description"] = "What the daemon found; it writes this."
        return [
            "type": "object", "description": .string(summary), "required": ["spec"],
            "properties": [
                "apiVersion": ["type": "string"], "kind": ["type": "string"], "metadata": ["type": "object"], "spec": spec, "status": status,
            ],
        ]
    }
}
