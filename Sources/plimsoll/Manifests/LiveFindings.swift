import KubeModel
import PlimsollAPI
import ServiceLevels
import Values

/// What servers say of good SLOs. One that fails midway takes nothing away of what was found before.
struct LiveFindings {
    private(set) var problems: [PlacedProblem] = []
    private(set) var warnings: [PlacedProblem] = []
    private(set) var notes: [String] = []
    /// Why not all was asked.
    private(set) var failure: CommandFailure?

    mutating func ask(_ cluster: ClusterCheck, _ check: ManifestCheck) async {
        await each(check.slos, of: "the cluster") { slo throws(CommandFailure) in
            let findings = try await cluster.attempt(slo)
            return (findings.problems, findings.warnings)
        }
        warnings += cluster.consequences(check)
    }

    mutating func ask(_ server: LiveCheck, _ chosen: ChosenPrometheus, _ check: ManifestCheck, _ configuration: DaemonConfiguration?) async {
        let (own, others) = (check.slos.filter { chosen.evaluates($0.spec) }, check.slos.filter { !chosen.evaluates($0.spec) })
        for slo in others { notes.append("\(slo.key) is evaluated by the source \(slo.spec.source), and was not asked about") }
        await each(own, of: "that Prometheus") { slo throws(CommandFailure) in
            let settings = configuration?.prometheus.first { $0.name == slo.spec.source }?.ruleSettings ?? RuleSettings()
            let found = try await server.findings(slo.spec, settings).map { ($0.weight, slo.object.placed(Problem($0.path, $0.message))) }
            return (found.filter { $0.0 == .problem }.map(\.1), found.filter { $0.0 == .warning }.map(\.1))
        }
    }

    private mutating func each(
        _ slos: [CheckedSLO], of whom: String,
        _ ask: (CheckedSLO) async throws(CommandFailure) -> (problems: [PlacedProblem], warnings: [PlacedProblem])
    ) async {
        for (index, slo) in slos.enumerated() {
            do throws(CommandFailure) {
                let found = try await ask(slo)
                problems += found.problems
                warnings += found.warnings
            } catch {
                failure = failure ?? error
                notes.append("\(whom) was not asked about \(slos[index...].map(\.key.description).joined(separator: ", "))")
                return
            }
        }
    }
}
