import KubeClient
import KubeModel
import PlimsollAPI
import ServiceLevels
import Values

/// What a cluster says of SLOs before they are applied.
struct ClusterCheck {
    let client: KubeClient
    let view: ClusterView

    struct Findings {
        var problems: [PlacedProblem] = []
        var warnings: [PlacedProblem] = []
    }

    /// Composites of the cluster that have members in the files: what would become of them.
    func consequences(_ check: ManifestCheck) -> [PlacedProblem] {
        let files = Dictionary(check.slos.map { ($0.key, $0) }) { first, _ in first }
        func now(_ key: ObjectKey) -> CompositeMembers.Found { view.found(key) ?? .nothing }
        func then(_ key: ObjectKey) -> CompositeMembers.Found { files[key].map { .slo($0.spec) } ?? now(key) }
        var warnings: [PlacedProblem] = []
        for (key, slo) in view.slos.sorted(by: { $0.key < $1.key }) where files[key] == nil {
            guard let spec = slo.spec, let before = CompositeMembers(key, spec, lookup: now), let after = CompositeMembers(key, spec, lookup: then)
            else { continue }
            for gap in after.gaps where !before.gaps.contains(where: { $0.member == gap.member }) {
                guard let member = files[gap.member] else { continue }
                warnings.append(
                    member.object.placed(
                        at: gap.reason == .notShared ? "spec.sharedWith" : "spec.source",
                        "the composite \(key) of the cluster would lose this member: \(gap.problem)"))
            }
            let faults = after.faults.filter { !before.faults.contains($0) }
            let member = spec.indicator.composite?.members.compactMap { files[$0.key(in: key.namespace)] }.first
            if let member {
                warnings += faults.map { member.object.placed(at: "spec", "the composite \(key) of the cluster would be invalid: \($0)") }
            }
        }
        return warnings
    }

    /// Has the API server try it without keeping it: its schema, its policies, what may not change.
    func attempt(_ slo: CheckedSLO) async throws(CommandFailure) -> Findings {
        let sent = slo.object.json["spec"] ?? .null
        var metadata: JSON = ["name": .string(slo.key.name), "namespace": .string(slo.key.namespace)]
        for field in ["labels", "annotations"] {
            if let value = slo.object.json["metadata"]?[field], !value.isNull { metadata[field] = value }
        }
        if let version = view.slos[slo.key]?.metadata.resourceVersion { metadata["resourceVersion"] = .string(version) }
        let body: JSON = ["apiVersion": .string(SLO.resource.apiVersion), "kind": .string(SLO.resource.kind), "metadata": metadata, "spec": sent]
        do throws(KubeError) {
            let kept =
                view.slos[slo.key] == nil
                ? try await client.create(SLO.resource, namespace: slo.key.namespace, body: body, dryRun: true)
                : try await client.replace(SLO.resource, slo.key, body: body, dryRun: true)
            let dropped = Self.dropped(sent, kept["spec"] ?? .null, "spec")
            return Findings(
                problems: dropped.map {
                    slo.object.placed(at: $0, "the cluster's CRD does not know this field and would drop it; apply the CRDs of this version")
                })
        } catch {
            return try findings(error, slo)
        }
    }

    private func findings(_ error: KubeError, _ slo: CheckedSLO) throws(CommandFailure) -> Findings {
        guard let status = error.status, !error.isRetriable || error.isConflict else { throw .world("the cluster can't be asked: \(error)") }
        // The file may come with its namespace.
        if error.isNotFound {
            return Findings(warnings: [slo.object.placed(at: "metadata.namespace", "the cluster has no such object yet: \(status.message)")])
        }
        if error.isForbidden, status.message.contains("forbidden: User ") {
            return Findings(warnings: [slo.object.placed(at: "metadata.name", "the API server can't be asked to try it: \(status.message)")])
        }
        guard error.isInvalid, !status.causes.isEmpty else {
            return Findings(problems: [slo.object.placed(at: "metadata.name", "the API server refuses it: \(status.message)")])
        }
        return Findings(
            problems: status.causes.map { cause in
                slo.object.placed(at: FieldPath(stringLiteral: cause.field), "the API server refuses it: \(cause.message)")
            })
    }

    /// The fields of what was sent that are not in what was kept.
    private static func dropped(_ sent: JSON, _ kept: JSON, _ path: FieldPath) -> [FieldPath] {
        if let fields = sent.objectValue {
            return fields.keys.flatMap { key -> [FieldPath] in
                guard let value = sent[key], !value.isNull else { return [] }
                return kept[key].map { dropped(value, $0, path.appending(key)) } ?? [path.appending(key)]
            }
        }
        guard let items = sent.arrayValue, let others = kept.arrayValue, items.count == others.count else { return [] }
        return items.indices.flatMap { dropped(items[$0], others[$0], path.appending($0)) }
    }
}
