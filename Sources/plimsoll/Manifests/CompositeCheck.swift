import KubeModel
import PlimsollAPI
import ServiceLevels
import Values

extension ManifestCheck {
    /// Looks the members of composites up among what was read, and then in the cluster, and gives each its namespace.
    ///
    /// One of another namespace may be in another repository: that it is not here is a note. In the composite's own it is most likely misspelt.
    /// - Parameter named: all SLOs that were found, bad ones too, and with whom each is shared.
    mutating func resolveComposites(named: [ObjectKey: [String]], _ cluster: ClusterView?) {
        let specs = Dictionary(slos.map { ($0.key, $0.spec) }, uniquingKeysWith: { first, _ in first })
        var good: [CheckedSLO] = []
        for var slo in slos {
            let members = CompositeMembers(slo.key, slo.spec) { key in
                specs[key].map { .slo($0) } ?? named[key].map { .invalid(sharedWith: $0) } ?? cluster?.found(key) ?? .nothing
            }
            var found: [Problem] = members?.faults ?? []
            for gap in members?.gaps ?? [] {
                let isKnown = named[gap.member] != nil || cluster?.found(gap.member) != nil
                if gap.reason == .notShared, !isKnown {
                    notes.append(
                        slo.object.placed(
                            at: gap.problem.path,
                            "\(gap.member) is not in these files: it must list \(slo.key.namespace) in its spec.sharedWith, and have the source "
                                + slo.spec.source))
                } else if gap.reason == .missing {
                    found.append(
                        Problem(
                            gap.problem.path,
                            "there is no such SLO in these files\(cluster == nil ? "" : " or in the cluster"); correct it, or give the file that has it as well",
                            got: .string(gap.member.description)))
                } else if gap.reason != .invalid {
                    found.append(gap.problem)
                }
            }
            problems += found.map(slo.object.placed)
            slo.spec.indicator.composite = slo.spec.indicator.composite?.placed(in: slo.key.namespace)
            if found.isEmpty { good.append(slo) }
        }
        slos = good
    }
}
