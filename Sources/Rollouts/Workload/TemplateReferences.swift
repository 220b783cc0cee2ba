package import Values

/// What a pod can't be made without.
package enum TemplateReferences {
    package enum Kind: String, Sendable, Hashable {
        case configMap = "ConfigMap"
        case secret = "Secret"
    }

    package struct Reference: Sendable, Hashable {
        package var kind: Kind
        package var name: String
    }

    /// The ConfigMaps and Secrets that a template names and doesn't call optional, each once.
    package static func of(_ template: JSON) -> [Reference] {
        var found: Set<Reference> = []
        func add(_ kind: Kind, _ json: JSON?, _ key: String = "name") {
            guard let json, json["optional"]?.boolValue != true, let name = json[key]?.stringValue, !name.isEmpty else { return }
            found.insert(Reference(kind: kind, name: name))
        }
        let spec = template["spec"] ?? .null
        for volume in spec["volumes"]?.arrayValue ?? [] {
            add(.configMap, volume["configMap"])
            add(.secret, volume["secret"], "secretName")
            for source in volume["projected"]?["sources"]?.arrayValue ?? [] {
                add(.configMap, source["configMap"])
                add(.secret, source["secret"])
            }
        }
        for list in ["initContainers", "containers"] {
            for container in spec[list]?.arrayValue ?? [] {
                for source in container["envFrom"]?.arrayValue ?? [] {
                    add(.configMap, source["configMapRef"])
                    add(.secret, source["secretRef"])
                }
                for variable in container["env"]?.arrayValue ?? [] {
                    add(.configMap, variable["valueFrom"]?["configMapKeyRef"])
                    add(.secret, variable["valueFrom"]?["secretKeyRef"])
                }
            }
        }
        return found.sorted { ($0.kind.rawValue, $0.name) < ($1.kind.rawValue, $1.name) }
    }
}
