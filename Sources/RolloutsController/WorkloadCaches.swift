import KubeClient
import KubeModel
import KubeRuntime
import Rollouts
import Values

/// The workloads of one namespace in which the installation may act: the only ones that are watched.
struct WorkloadCaches: Sendable {
    static let byOwner = "owner"

    let deployments: Reflector<DeploymentObject>
    let replicaSets: Reflector<ReplicaSetObject>
    let pods: Reflector<PodObject>

    init(_ client: KubeClient, namespace: String, admission: ListAdmission, timeline: Timeline) {
        func name(_ kind: ResourceKind) -> String { "\(kind) in \(namespace)" }
        deployments = Reflector(
            source: KubeCollection(client, of: DeploymentObject.self, namespace: namespace), store: Store(), name: name(.deployments),
            admission: admission, timeline: timeline)
        replicaSets = Reflector(
            source: KubeCollection(client, of: ReplicaSetObject.self, namespace: namespace),
            store: Store(indexes: [Self.byOwner: { [$0.metadata.controller?.uid].compactMap(\.self) }]), name: name(.replicaSets),
            admission: admission, timeline: timeline)
        pods = Reflector(
            source: KubeCollection(client, of: PodObject.self, namespace: namespace),
            store: Store(indexes: [Self.byOwner: { [$0.metadata.controller?.uid].compactMap(\.self) }]), name: name(.pods), admission: admission,
            timeline: timeline)
    }

    var services: [any CacheService] { [deployments, replicaSets, pods] }

    static func requiredAccess(namespace: String) -> [RequiredAccess] {
        [ResourceKind.deployments, .replicaSets, .pods].flatMap { RequiredAccess.all(["list", "watch"], $0, namespace: namespace) }
    }

    /// Enqueues what is judged, when anything of it changes.
    func follow(in controller: Controller, analyses: @escaping @Sendable (_ deployment: ObjectKey) -> [ObjectKey]) {
        controller.watches(deployments) { analyses($0.metadata.key) }
        controller.watches(replicaSets) { Self.deployment(of: $0).map(analyses) ?? [] }
        controller.watches(pods) { [replicaSets] pod in
            guard let owner = pod.metadata.controller, owner.kind == "ReplicaSet",
                let replicaSet = replicaSets.store.get(ObjectKey(namespace: pod.metadata.namespace, name: owner.name))
            else { return [] }
            return Self.deployment(of: replicaSet).map(analyses) ?? []
        }
    }

    private static func deployment(of replicaSet: ReplicaSetObject) -> ObjectKey? {
        guard let owner = replicaSet.metadata.controller, owner.kind == "Deployment" else { return nil }
        return ObjectKey(namespace: replicaSet.metadata.namespace, name: owner.name)
    }

    // MARK: Reading

    func picture(of deployment: DeploymentObject) -> DeploymentPicture {
        let sets = replicaSets.store.byIndex(Self.byOwner, deployment.metadata.uid).filter { !$0.metadata.isDeleting }.sorted {
            ($0.metadata.creationTimestamp ?? .epoch, $0.metadata.name) < ($1.metadata.creationTimestamp ?? .epoch, $1.metadata.name)
        }
        let fence = deployment.fence
        var picture = DeploymentPicture(
            uid: deployment.metadata.uid, template: deployment.template, replicas: deployment.replicas, isPaused: deployment.isPaused,
            maxSurge: fence.surge, maxUnavailable: fence.unavailable, isRecreate: deployment.isRecreate,
            isSettled: deployment.observedGeneration >= deployment.metadata.generation,
            replicaSets: sets.map {
                .init(
                    name: $0.metadata.name, uid: $0.metadata.uid, template: $0.template, replicas: $0.replicas, pods: $0.pods,
                    available: $0.available)
            })
        picture.mark = deployment.metadata.annotations[Marks.run]
        picture.quarantine = deployment.metadata.annotations[Marks.quarantine]
        return picture
    }

    func pods(of replicaSet: String?, _ arm: Arm) -> [ObservedPod] {
        guard let replicaSet else { return [] }
        return pods.store.byIndex(Self.byOwner, replicaSet).map { $0.observed(arm) }
    }
}

/// Annotations that are written onto a target.
enum Marks {
    /// The run whose rollback was made.
    static let run = "plimsoll.dev/rollback"
    /// The template that the target was paused to keep out.
    static let quarantine = "plimsoll.dev/quarantine"
    static let changeCause = "kubernetes.io/change-cause"
}
