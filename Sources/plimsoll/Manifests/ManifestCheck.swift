import KubeModel
import PlimsollAPI
import Values

/// An SLO of a manifest that was found good.
struct CheckedSLO {
    let key: ObjectKey
    let spec: SLOSpec
    let metadata: ObjectMeta
}

/// All that `validate` finds, and what `render` may work with.
struct ManifestCheck {
    var slos: [CheckedSLO] = []
    var problems: [PlacedProblem] = []
    /// Objects that are not Plimsoll's.
    var foreign = 0

    /// - Parameter configuration: where given, sources and their allowed namespaces are checked too.
    init(_ set: ManifestSet, configuration: DaemonConfiguration?) {
        var seen: [ObjectKey: SourcePosition] = [:]
        for object in set.objects {
            guard object.isOurs else {
                foreign += 1
                continue
            }
            guard object.apiVersion == SLO.resource.apiVersion, object.kind == SLO.resource.kind else {
                problems.append(
                    object.placed(
                        at: "kind",
                        "\(object.apiVersion) \(object.kind) is no kind that this version of Plimsoll knows; it knows \(SLO.resource.apiVersion) SLO")
                )
                continue
            }
            check(object, configuration: configuration, seen: &seen)
        }
    }

    private mutating func check(_ object: ManifestObject, configuration: DaemonConfiguration?, seen: inout [ObjectKey: SourcePosition]) {
        let before = problems.count
        let key = object.key
        let position = object.position(of: "metadata.name")
        if key.name.isEmpty {
            problems.append(object.placed(at: "metadata.name", "is required: the object's name"))
        } else if let earlier = seen[key] {
            problems.append(object.placed(at: "metadata.name", "SLO \(key) is defined already at \(earlier.file):\(earlier.line)"))
        } else {
            seen[key] = position
        }
        var found: [Problem] = []
        let spec = SLOSpec.decode(object.json["spec"] ?? .null, at: "spec", problems: &found)
        problems += found.map(object.placed)
        if let spec, let configuration { problems += Self.sourceProblems(object, spec, key, configuration) }
        if let spec, problems.count == before {
            slos.append(CheckedSLO(key: key, spec: spec, metadata: ObjectMeta(json: object.json["metadata"] ?? .null)))
        }
    }

    private static func sourceProblems(
        _ object: ManifestObject, _ spec: SLOSpec, _ key: ObjectKey, _ configuration: DaemonConfiguration
    ) -> [PlacedProblem] {
        guard let source = configuration.prometheus.first(where: { $0.name == spec.source }) else {
            let names = configuration.prometheus.map(\.name).joined(separator: ", ")
            return [object.placed(at: "spec.source", "no Prometheus of that name is configured (\(spec.source)); there are: \(names)")]
        }
        if source.allows(key.namespace) { return [] }
        return [object.placed(at: "spec.source", "the source \(spec.source) is not open to the namespace \(key.namespace)")]
    }
}
