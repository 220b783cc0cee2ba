package import KubeModel
package import Values

/// How a workload's releases are judged, stepped and rolled back, as read from the API server or a file.
package struct RolloutAnalysis: KubeObject {
    package static let resource = ResourceKind(group: "plimsoll.dev", version: "v1alpha1", kind: "RolloutAnalysis", plural: "rolloutanalyses")

    package var metadata: ObjectMeta
    /// Nil where the spec is invalid; `problems` then says why.
    package var spec: RolloutAnalysisSpec?
    /// All that is wrong with the spec.
    package var problems: [Problem]
    package var status: RolloutAnalysisStatus

    /// Throws only where the bytes are no JSON object with a named `metadata`.
    package init(reading reader: inout JSONReader) throws {
        var metadata = ObjectMeta()
        var spec = JSON.null
        var status = JSON.null
        try reader.readObject { key, reader in
            switch key {
            case "metadata": metadata = try ObjectMeta(reading: &reader)
            case "spec": spec = try reader.readJSON()
            case "status": status = try reader.readJSON()
            default: break
            }
        }
        guard !metadata.name.isEmpty else { throw reader.error("a RolloutAnalysis without metadata.name") }
        self.init(metadata: metadata, spec: spec, status: status)
    }

    /// The same from a tree, as files have it; a missing name leaves `metadata.name` empty.
    package init(json: JSON) {
        self.init(metadata: ObjectMeta(json: json["metadata"] ?? .null), spec: json["spec"] ?? .null, status: json["status"] ?? .null)
    }

    private init(metadata: ObjectMeta, spec: JSON, status: JSON) {
        self.metadata = metadata
        var problems: [Problem] = []
        self.spec = spec.isNull ? nil : RolloutAnalysisSpec.decode(spec, at: "spec", problems: &problems)
        if spec.isNull { problems.append(Problem("spec", "is required: whose releases are judged, and how")) }
        self.problems = problems
        self.status = RolloutAnalysisStatus(lenient: status)
    }
}
