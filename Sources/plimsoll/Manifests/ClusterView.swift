import KubeClient
import KubeModel
import PlimsollAPI
import ServiceLevels
import Values

/// The SLOs that a cluster has, as far as the account that asks may see them.
struct ClusterView {
    private(set) var slos: [ObjectKey: SLO] = [:]
    /// Nil: all.
    private var namespaces: Set<String>?

    init(_ client: KubeClient, near keys: [ObjectKey]) async throws(CommandFailure) {
        do throws(KubeError) {
            do throws(KubeError) {
                try await read(client, nil)
            } catch {
                guard error.isForbidden else { throw error }
                namespaces = []
                for namespace in Set(keys.map(\.namespace)).sorted() {
                    try await read(client, namespace)
                    namespaces?.insert(namespace)
                }
            }
        } catch {
            if error.isUnknownResource { throw .world("the cluster does not know SLOs: apply the CRDs of this version first (plimsoll crds)") }
            throw .world("the SLOs of the cluster can't be listed: \(error)")
        }
    }

    private mutating func read(_ client: KubeClient, _ namespace: String?) async throws(KubeError) {
        for slo in try await client.listAll(SLO.resource, namespace: namespace, as: SLO.self).items where slo.metadata.deletionTimestamp == nil {
            slos[slo.metadata.key] = slo
        }
    }

    /// What there is of that name; nil where that can't be known.
    func found(_ key: ObjectKey) -> CompositeMembers.Found? {
        if let slo = slos[key] { return slo.spec.map { .slo($0) } ?? .invalid(sharedWith: slo.sharedWith) }
        return namespaces?.contains(key.namespace) ?? true ? .nothing : nil
    }
}
