import KubeModel
import PlimsollAPI
import Rollouts
import Values

/// An SLO of a manifest that was found good.
struct CheckedSLO {
    let key: ObjectKey
    var spec: SLOSpec
    let metadata: ObjectMeta
    /// Where it was found.
    let object: ManifestObject
}

/// All that `validate` finds, and what `render` may work with.
struct ManifestCheck {
    var slos: [CheckedSLO] = []
    /// Good RolloutAnalyses.
    var analyses = 0
    var problems: [PlacedProblem] = []
    /// What could not be checked here.
    var notes: [PlacedProblem] = []
    /// Objects that are not Plimsoll's.
    var foreign = 0

    /// - Parameters:
    ///   - configuration: where given, sources and notifiers and their allowed namespaces are checked too.
    ///   - cluster: what there is besides the files.
    init(_ set: ManifestSet, configuration: DaemonConfiguration?, cluster: ClusterView? = nil) {
        var seen: [ObjectKey: SourcePosition] = [:]
        var seenAnalyses: [ObjectKey: SourcePosition] = [:]
        for object in set.objects {
            if Self.isRuleFile(object) {
                foreign += 1
                continue
            }
            if let problem = Self.shapeProblem(object) {
                problems.append(problem)
                continue
            }
            guard object.isOurs else {
                foreign += 1
                continue
            }
            switch (object.apiVersion, object.kind) {
            case (SLO.resource.apiVersion, SLO.resource.kind): check(object, configuration: configuration, seen: &seen)
            case (RolloutAnalysis.resource.apiVersion, RolloutAnalysis.resource.kind):
                checkAnalysis(object, configuration: configuration, seen: &seenAnalyses)
            default:
                problems.append(
                    object.placed(
                        at: "kind",
                        "\(object.apiVersion) \(object.kind) is no kind that this version of Plimsoll knows; it knows \(SLO.resource.apiVersion) SLO "
                            + "and RolloutAnalysis"))
            }
        }
        let shared = set.objects.filter { $0.kind == SLO.resource.kind && seen[$0.key] != nil }.map { ($0.key, SLO(json: $0.json).sharedWith) }
        resolveComposites(named: Dictionary(shared) { first, _ in first }, cluster)
    }

    /// Prometheus's own rule files lie beside manifests, and are no objects.
    private static func isRuleFile(_ object: ManifestObject) -> Bool {
        // Prometheus's, or a part of Alertmanager's configuration.
        ["groups", "inhibit_rules"].contains { key in
            object.place == .root && object.json.objectValue?.keys == [key] && object.json[key]?.arrayValue != nil
        }
    }

    /// What keeps something from being an object at all, or makes it one that nobody works on.
    private static func shapeProblem(_ object: ManifestObject) -> PlacedProblem? {
        guard object.json.objectValue != nil else {
            return object.placed(Problem(.root, "expected an object: a mapping with apiVersion, kind and metadata", got: object.json))
        }
        let isSLO = object.kind == SLO.resource.kind
        for field in ["apiVersion", "kind"] where (object.json[field]?.stringValue ?? "").isEmpty {
            let accepted = field == "kind" ? SLO.resource.kind : SLO.resource.apiVersion
            let what = isSLO || object.isOurs ? "expected \"\(accepted)\"" : "is required: a string, such as \"\(accepted)\""
            return object.placed(Problem(FieldPath(.key(field)), what, got: object.json[field]))
        }
        if ["List", "SLOList"].contains(object.kind), object.place == .root {
            return object.placed(Problem("items", "expected a list of objects", got: object.json["items"]))
        }
        let group = object.apiVersion.split(separator: "/").first.map(String.init) ?? ""
        // Other tools have kinds of that name; what comes near our group is a slip of the pen.
        guard isSLO, !object.isOurs, group == object.apiVersion || NearestName.of(group, among: [SLO.resource.group]) != nil else { return nil }
        return object.placed(Problem("apiVersion", "expected \"\(SLO.resource.apiVersion)\" for the kind SLO", got: object.json["apiVersion"]))
    }

    private mutating func check(_ object: ManifestObject, configuration: DaemonConfiguration?, seen: inout [ObjectKey: SourcePosition]) {
        let before = problems.count
        let key = object.key
        checkName(object, seen: &seen)
        var found: [Problem] = []
        let spec = SLOSpec.decode(object.json["spec"] ?? .null, at: "spec", problems: &found)
        problems += found.map(object.placed)
        if let spec, let configuration {
            problems += Self.sourceProblems(object, spec, key, configuration) + Self.notifierProblems(object, spec, key, configuration)
        }
        if let spec, problems.count == before {
            slos.append(CheckedSLO(key: key, spec: spec, metadata: ObjectMeta(json: object.json["metadata"] ?? .null), object: object))
        }
    }

    private mutating func checkAnalysis(_ object: ManifestObject, configuration: DaemonConfiguration?, seen: inout [ObjectKey: SourcePosition]) {
        let before = problems.count
        checkName(object, seen: &seen)
        var found: [Problem] = []
        let spec = RolloutAnalysisSpec.decode(object.json["spec"] ?? .null, at: "spec", problems: &found)
        problems += (found + (spec?.engineProblems ?? [])).map(object.placed)
        if let configuration, object.json["metadata"]?["namespace"]?.stringValue != nil,
            !configuration.impersonation.namespaces.contains(object.key.namespace)
        {
            // Of a repository for several clusters another one's configuration may have it.
            notes.append(
                object.placed(
                    at: "metadata.namespace",
                    "the configuration's impersonation.namespaces lack \(object.key.namespace): nothing could be done to its workloads"))
        }
        if problems.count == before { analyses += 1 }
    }

    private mutating func checkName(_ object: ManifestObject, seen: inout [ObjectKey: SourcePosition]) {
        let key = object.key
        let badNames = Self.nameProblems(object.json["metadata"] ?? .null)
        problems += badNames.map(object.placed)
        guard badNames.isEmpty else { return }
        if let earlier = seen[key] {
            problems.append(object.placed(at: "metadata.name", "\(object.kind) \(key) is defined already at \(earlier.file):\(earlier.line)"))
        } else {
            seen[key] = object.position(of: "metadata.name")
        }
    }

    /// What an API server would refuse in the object's names; file names are made of them.
    private static func nameProblems(_ metadata: JSON) -> [Problem] {
        var found: [Problem] = []
        if metadata["name"] ?? .null == .null {
            found.append(Problem("metadata.name", "is required: the object's name"))
        } else {
            _ = name.decode(metadata["name"] ?? .null, "metadata.name", &found)
        }
        if let namespace = metadata["namespace"], !namespace.isNull { _ = label.decode(namespace, "metadata.namespace", &found) }
        return found
    }

    private static let name = FieldType<String>.text(min: 1, max: 253, .dnsSubdomain, example: "checkout-availability")
    private static let label = FieldType<String>.text(min: 1, max: 63, .dnsLabel, example: "shop")

    private static func sourceProblems(
        _ object: ManifestObject, _ spec: SLOSpec, _ key: ObjectKey, _ configuration: DaemonConfiguration
    ) -> [PlacedProblem] {
        // Without a namespace of its own, kubectl or kustomize gives it one.
        let isPlaced = object.json["metadata"]?["namespace"]?.stringValue != nil
        guard !isPlaced || configuration.namespaces.contains(key.namespace) else {
            return [
                object.placed(at: "metadata.namespace", "the configuration's namespaces leave \(key.namespace) out: nobody would work on this SLO")
            ]
        }
        guard let source = configuration.prometheus.first(where: { $0.name == spec.source }) else {
            let names = configuration.prometheus.map(\.name).joined(separator: ", ")
            return [object.placed(at: "spec.source", "no Prometheus of that name is configured (\(spec.source)); there are: \(names)")]
        }
        if source.allows(key.namespace) { return [] }
        return [object.placed(at: "spec.source", "the source \(spec.source) is not open to the namespace \(key.namespace)")]
    }

    /// Whom a step of the policy would tell, and can't.
    private static func notifierProblems(
        _ object: ManifestObject, _ spec: SLOSpec, _ key: ObjectKey, _ configuration: DaemonConfiguration
    ) -> [PlacedProblem] {
        let known = configuration.notifiers
        let allowed = known.filter { $0.allows(key.namespace) }.map(\.name)
        let open = "open to the namespace \(key.namespace): \(allowed.isEmpty ? "none" : allowed.joined(separator: ", "))"
        var found: [PlacedProblem] = []
        for (index, step) in spec.policy.enumerated() where step.actions.contains(.notify) {
            let path = ("spec.policy" as FieldPath).appending(index)
            if step.notifiers.isEmpty, allowed.isEmpty {
                found.append(object.placed(at: path.appending("actions"), "Notify tells nobody: of the configured notifiers, \(open)"))
            }
            for (place, name) in step.notifiers.enumerated() where !allowed.contains(name) {
                let why = known.contains { $0.name == name } ? "is not open to the namespace \(key.namespace)" : "is no configured notifier"
                found.append(
                    object.placed(Problem(path.appending("notifiers").appending(place), "\(why); \(open)", got: .string(name))))
            }
        }
        return found
    }
}
