/// A Deployment with its ReplicaSets, as far as a release goes. Templates are named by their digests.
package struct DeploymentPicture: Sendable, Hashable {
    package struct ReplicaSet: Sendable, Hashable {
        package var name: String
        package var uid: String
        package var template: String
        /// As asked for.
        package var replicas: Int
        /// Pods there are.
        package var pods: Int
        package var available: Int

        package init(name: String, uid: String, template: String, replicas: Int, pods: Int, available: Int) {
            self.name = name
            self.uid = uid
            self.template = template
            self.replicas = replicas
            self.pods = pods
            self.available = available
        }

        package var isActive: Bool { replicas > 0 || pods > 0 }
    }

    package var uid: String
    package var template: String
    package var replicas: Int
    package var isPaused: Bool
    package var maxSurge: Int
    package var maxUnavailable: Int
    package var isRecreate: Bool
    /// Whether its controller has seen the spec as it is.
    package var isSettled: Bool
    /// The run whose rollback it bears the mark of.
    package var mark: String?
    /// The template that it was paused to keep out.
    package var quarantine: String?
    /// The oldest first.
    package var replicaSets: [ReplicaSet]

    package init(
        uid: String, template: String, replicas: Int, isPaused: Bool = false, maxSurge: Int = 1, maxUnavailable: Int = 0, isRecreate: Bool = false,
        isSettled: Bool = true, replicaSets: [ReplicaSet]
    ) {
        self.uid = uid
        self.template = template
        self.replicas = replicas
        self.isPaused = isPaused
        self.maxSurge = maxSurge
        self.maxUnavailable = maxUnavailable
        self.isRecreate = isRecreate
        self.isSettled = isSettled
        self.replicaSets = replicaSets
    }

    /// The one that stands for a template: of several the oldest, as the Deployment's controller chooses.
    package func replicaSet(of template: String) -> ReplicaSet? { replicaSets.first { $0.template == template } }

    /// The share of pods that run a template, in percent: 100 once all do and no other is left.
    package func weight(of template: String) -> Int {
        guard let own = replicaSet(of: template) else { return 0 }
        let others = replicaSets.filter { $0.uid != own.uid && $0.isActive }
        if others.isEmpty, own.replicas >= replicas { return 100 }
        let total = max(own.replicas + others.reduce(0) { $0 + $1.replicas }, replicas)
        return total == 0 ? 0 : min(99, 100 * own.replicas / total)
    }

    /// Whether all pods that run a template are available.
    package func isReady(_ template: String) -> Bool {
        guard isSettled, let own = replicaSet(of: template) else { return false }
        return own.available >= own.replicas && (own.replicas > 0 || replicas == 0)
    }

    /// What the machine sees of it.
    package var observation: RolloutObservation {
        var observation = RolloutObservation(template: template, weight: weight(of: template), isReady: isReady(template))
        observation.rollbackMark = mark
        if let quarantine, isKeptOut(quarantine) { observation.quarantined = [quarantine] }
        return observation
    }

    /// Whether no pod of it is made: the target is paused, and where another has pods it has none. One that alone has pods would be scaled up again.
    private func isKeptOut(_ template: String) -> Bool {
        guard isPaused else { return false }
        let own = replicaSet(of: template)?.replicas ?? 0
        return own == 0 || !replicaSets.contains { $0.template != template && $0.replicas > 0 }
    }

    /// The same with a digest in another's place. Defaults of a newer API server change a digest and no template.
    package func renaming(_ known: [String: String]) -> DeploymentPicture {
        var copy = self
        for index in copy.replicaSets.indices {
            guard let name = known[copy.replicaSets[index].uid], name != copy.replicaSets[index].template else { continue }
            if copy.template == copy.replicaSets[index].template { copy.template = name }
            copy.replicaSets[index].template = name
        }
        return copy
    }
}
