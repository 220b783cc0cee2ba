import KubeClient
import KubeModel
import KubeRuntime
import PlimsollAPI
import Rollouts
import Values

/// The runs of analyses: one object an attempt, in which the machine's state is.
struct RunStore: Sendable {
    static let byAnalysis = "analysis"

    let instance: String
    let client: KubeClient
    let store: Store<RolloutRun>
    let gate: ConsistencyGate

    /// The runs of an analysis, the latest last.
    func runs(of analysis: RolloutAnalysis) -> [RolloutRun] {
        store.byIndex(Self.byAnalysis, analysis.metadata.uid).sorted { $0.spec.attempt < $1.spec.attempt }
    }

    static func owner(_ run: RolloutRun) -> String? {
        run.metadata.ownerReferences.first { $0.kind == RolloutAnalysis.resource.kind }?.uid
    }

    /// Creates a run, or replaces it as it was read; anything but success means that nothing may follow from it.
    func write(_ run: RolloutRun, of analysis: RolloutAnalysis) async throws {
        let kept: JSON
        if run.metadata.resourceVersion.isEmpty {
            kept = try await client.create(RolloutRun.resource, namespace: run.metadata.namespace, body: run.json)
        } else {
            kept = try await client.replace(RolloutRun.resource, run.metadata.key, body: run.json)
        }
        let version = kept["metadata"]?["resourceVersion"]?.stringValue ?? ""
        gate.wroteAt(owner: analysis.metadata.key, kind: RolloutRun.resource, resourceVersion: version)
    }

    /// Leaves the last ones only.
    func prune(_ runs: [RolloutRun]) async throws {
        for old in runs.dropLast(RolloutAnalysisStatus.maximumRuns) {
            do throws(KubeError) {
                try await client.delete(RolloutRun.resource, old.metadata.key, uid: old.metadata.uid)
            } catch { if !error.isNotFound { throw error } }
        }
    }

    /// A new run's metadata, under the name that the attempt always has.
    func metadata(of analysis: RolloutAnalysis, attempt: Int) -> ObjectMeta {
        ObjectMeta(
            name: "\(analysis.metadata.name.prefix(240))-\(attempt)", namespace: analysis.metadata.namespace,
            labels: ["plimsoll.dev/instance": instance],
            ownerReferences: [
                OwnerReference(
                    apiVersion: RolloutAnalysis.resource.apiVersion, kind: RolloutAnalysis.resource.kind, name: analysis.metadata.name,
                    uid: analysis.metadata.uid, controller: true)
            ])
    }
}
