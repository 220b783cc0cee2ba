import KubeModel
import KubeRuntime
import PlimsollAPI
import Rollouts
import Values

/// An analysis with its target as the caches have them, at one look.
struct TargetView: Sendable {
    /// One write to the workload.
    enum Step: Sendable, Hashable {
        case rollBack(from: String, to: String, run: String)
        case quarantine(String)
        case liftQuarantine
        case setPaused(Bool)
        case create(replicas: Int)
        case scale(DeploymentPicture.ReplicaSet, to: Int)
    }

    let analysis: RolloutAnalysis
    let spec: RolloutAnalysisSpec
    let picture: DeploymentPicture
    private let deployment: DeploymentObject
    private let caches: WorkloadCaches

    init(_ analysis: RolloutAnalysis, _ spec: RolloutAnalysisSpec, _ deployment: DeploymentObject, _ caches: WorkloadCaches, _ last: RolloutRun?) {
        self.analysis = analysis
        self.spec = spec
        self.deployment = deployment
        self.caches = caches
        var known: [String: String] = [:]
        for revision in [last?.status.stable, last?.status.candidate] {
            if let revision, !revision.uid.isEmpty { known[revision.uid] = revision.hash }
        }
        picture = caches.picture(of: deployment).renaming(known)
    }

    var request: ActingRequest {
        ActingRequest(kind: RolloutAnalysis.resource.kind, object: analysis.metadata.key, account: spec.serviceAccountName)
    }

    func actor(_ client: ActingClient) -> DeploymentActor {
        DeploymentActor(client: client, name: deployment.metadata.name, picture: picture, digest: deployment.template)
    }

    /// Whom events are about.
    var references: [ObjectReference] {
        [
            ObjectReference(
                apiVersion: RolloutAnalysis.resource.apiVersion, kind: RolloutAnalysis.resource.kind, namespace: analysis.metadata.namespace,
                name: analysis.metadata.name, uid: analysis.metadata.uid),
            ObjectReference(
                apiVersion: "apps/v1", kind: "Deployment", namespace: deployment.metadata.namespace, name: deployment.metadata.name,
                uid: deployment.metadata.uid),
        ]
    }

    // MARK: Observe

    func gateCase(_ state: RolloutState, slo: @escaping @Sendable (String) -> SLO?) -> GateKeeper.Case {
        let canary = picture.replicaSet(of: state.candidate)
        return GateKeeper.Case(
            key: analysis.metadata.key, spec: spec, canary: caches.pods(of: canary?.uid, .canary),
            stable: caches.pods(of: picture.replicaSet(of: state.stable)?.uid, .stable), expected: max(1, canary?.replicas ?? 0), slo: slo)
    }

    /// What may come as a surprise.
    func findings(_ state: RolloutState) -> [RolloutTrouble] {
        var found: [RolloutTrouble] = []
        let name = deployment.metadata.name
        if spec.start == .free, picture.isPaused, picture.quarantine == nil {
            found.append(
                RolloutTrouble(
                    "TargetPaused",
                    "Deployment \(name) is paused, and not by Plimsoll: what it asks for is not rolled out until somebody resumes it"))
        }
        if state.stable.isEmpty, picture.weight(of: picture.template) < 100 || !picture.isReady(picture.template) {
            found.append(
                RolloutTrouble(
                    "HalfRolled",
                    "Deployment \(name) is being rolled out, or not all of its pods are Ready: no version is known to be good until it is done"))
        }
        if deployment.revisionHistoryLimit == 0 {
            found.append(
                RolloutTrouble(
                    "NoHistory",
                    "Deployment \(name) has revisionHistoryLimit 0: once a release has replaced all pods, nothing is left to roll back to; give at least 1"
                ))
        }
        if spec.strategy.canary != nil, picture.isRecreate {
            found.append(RolloutTrouble("RecreateStrategy", "Deployment \(name) has the strategy Recreate, which knows no steps; give RollingUpdate"))
        }
        return found
    }

    // MARK: Act

    /// The writes that the decision asks for, as far as they may be made now.
    func steps(_ decision: RolloutDecider.Decision) -> [Step] {
        var steps: [Step] = []
        for action in decision.actions {
            switch action {
            case .rollBack(let from, let to, let run): steps.append(.rollBack(from: from, to: to, run: run))
            case .quarantine(let template): steps.append(.quarantine(template))
            case .liftQuarantine: steps.append(.liftQuarantine)
            case .shift(let weight): steps += shift(to: weight, decision.state)
            }
        }
        if mustRest(decision.state), !picture.isPaused { steps.append(.setPaused(true)) }
        return steps
    }

    /// A guarded target rests whenever nothing else was decided: what is applied to it then waits.
    private func mustRest(_ state: RolloutState) -> Bool {
        guard spec.start == .guarded, !picture.isRecreate else { return false }
        switch state.phase {
        case .waiting, .progressing, .holding: return true
        case .idle, .promoted: return picture.template == state.stable && picture.weight(of: state.stable) == 100
        case .rolledBack: return picture.template == state.rollback?.to && picture.weight(of: picture.template) == 100
        case .rollingBack, .failed: return false
        }
    }

    /// One step on the way to a weight; the next one comes when the workload's controller has done its part.
    private func shift(to weight: Int, _ state: RolloutState) -> [Step] {
        guard picture.isPaused, picture.isSettled, !picture.isRecreate else { return [] }
        let split = ReplicaSplit(replicas: picture.replicas, maxSurge: picture.maxSurge)
        let canary = picture.replicaSet(of: state.candidate)
        // Once it is promoted, what was stable before is only left over.
        let stable = state.stable == state.candidate ? nil : picture.replicaSet(of: state.stable)
        let ready = picture.replicaSets.reduce(0) { $0 + min($1.available, $1.replicas) }
        let spare = ready - max(0, picture.replicas - picture.maxUnavailable)
        // Pods of a release that was given up for this one.
        if let stray = picture.replicaSets.first(where: { $0.replicas > 0 && $0.uid != canary?.uid && $0.uid != stable?.uid }) {
            let leaving = max(spare, stray.replicas - stray.available)
            return leaving > 0 ? [.scale(stray, to: max(0, stray.replicas - leaving))] : []
        }
        let target = split.canaryPods(atWeight: weight)
        let move = ReplicaMove.next(
            split, target: target, canary: canary?.replicas ?? 0, stable: stable?.replicas ?? 0, canaryReady: canary?.available ?? 0,
            stableReady: stable?.available ?? 0, maxUnavailable: picture.maxUnavailable)
        switch (move?.scale, canary, stable) {
        case (.canary?, nil, _): return move.map { [.create(replicas: $0.to)] } ?? []
        case (.canary?, let canary?, _): return move.map { [.scale(canary, to: $0.to)] } ?? []
        case (.stable?, _, let stable?): return move.map { [.scale(stable, to: $0.to)] } ?? []
        default: return []
        }
    }

    // MARK: Report

    private func revision(_ template: String, _ known: RevisionReference?) -> RevisionReference? {
        guard !template.isEmpty else { return nil }
        if let replicaSet = picture.replicaSet(of: template) {
            return RevisionReference(name: replicaSet.name, uid: replicaSet.uid, hash: template)
        }
        if let known, known.hash == template { return known }
        return RevisionReference(name: "", uid: "", hash: template)
    }

    func fill(_ report: inout RolloutReport, plan: RolloutPlan, state: RolloutState) {
        report.candidate = revision(state.candidate, analysis.status.candidate)
        report.stable = revision(state.stable, analysis.status.stable)
        report.weight = picture.weight(of: state.candidate)
        report.stepName = plan.steps.indices.contains(state.step) ? plan.steps[state.step].name : ""
    }

    func newRun(_ metadata: ObjectMeta, _ state: RolloutState) -> RolloutRun {
        var begun = RolloutRunSpec()
        begun.analysis = analysis.metadata.name
        begun.attempt = Int64(state.attempt)
        begun.target = spec.target
        begun.generation = analysis.metadata.generation
        begun.settings = (analysis.spec ?? spec).json
        return RolloutRun(metadata: metadata, spec: begun, status: RolloutRunStatus())
    }

    func fill(_ run: inout RolloutRun, _ state: RolloutState, _ events: [RolloutEvent], checkpoint: JSON?, now: Instant) {
        run.status.phase = state.phase.rawValue
        run.status.message = String(state.message.prefix(1000))
        run.status.candidate = revision(state.candidate, run.status.candidate)
        run.status.stable = revision(state.stable, run.status.stable)
        run.status.startedAt = state.startedAt
        run.status.state = state.json
        run.status.checkpoint = checkpoint ?? run.status.checkpoint
        let author = state.promotedBy.isEmpty ? state.pausedBy : state.promotedBy
        run.status.decisions += events.map {
            RolloutDecision(at: now, reason: $0.reason, message: String($0.message.prefix(1000)), author: author)
        }
        run.status.decisions = Array(run.status.decisions.suffix(RolloutRunStatus.maximumDecisions))
    }
}
