package import Values

/// One entry of `metadata.managedFields`: who wrote what of an object that this room thinks about.
package struct FieldManager: Sendable, Hashable {
    package enum Field: String, Sendable, Hashable, CaseIterable {
        case template, paused, partition, replicas

        fileprivate var path: [String] {
            switch self {
            case .template: ["f:spec", "f:template"]
            case .paused: ["f:spec", "f:paused"]
            case .partition: ["f:spec", "f:updateStrategy", "f:rollingUpdate", "f:partition"]
            case .replicas: ["f:spec", "f:replicas"]
            }
        }
    }

    package var name: String
    package var fields: Set<Field>

    package init(name: String, fields: Set<Field> = []) {
        self.name = name
        self.fields = fields
    }

    /// Nil where it makes no sense.
    package init?(json: JSON) {
        guard let name = json["manager"]?.stringValue else { return nil }
        self.name = name
        fields = Set(
            Field.allCases.filter { field in
                field.path.reduce(json["fieldsV1"]) { $0?[$1] } != nil
            })
    }
}
