/// Whether, and how soon, an owner puts back what a rollback changed.
package enum OwnerHabit: Sendable, Hashable {
    /// It never looks, or was told not to: a change stays until somebody deploys.
    case leaves
    /// It looks at a change of its source only, any change: then the bad version comes back with it.
    case leavesUntilNextCommit
    /// It puts back what differs: in seconds (Argo CD's self-heal) or at its interval (Flux).
    case putsBack
}

/// What was read of the owner itself. Rights to read it may be lacking: what is not known counts as what would harm.
package struct OwnerFacts: Sendable, Hashable {
    /// Argo CD: `spec.syncPolicy.automated`, and not `enabled: false`.
    package var isAutomated: Bool?
    /// Argo CD: `spec.syncPolicy.automated.selfHeal`.
    package var selfHeals: Bool?
    /// Argo CD: `argocd.argoproj.io/skip-reconcile: "true"`; Flux: `spec.suspend`.
    package var isSuspended: Bool?
    /// Flux: a HelmRelease's `spec.driftDetection.mode` is `enabled`.
    package var correctsDrift: Bool?
    /// What of its source it works on: a Kustomization's `status.lastAttemptedRevision`, an Application's `status.sync.revision`.
    package var revision: String?

    package init(
        isAutomated: Bool? = nil, selfHeals: Bool? = nil, isSuspended: Bool? = nil, correctsDrift: Bool? = nil, revision: String? = nil
    ) {
        self.isAutomated = isAutomated
        self.selfHeals = selfHeals
        self.isSuspended = isSuspended
        self.correctsDrift = correctsDrift
        self.revision = revision
    }
}

extension WorkloadOwner {
    /// The annotation by which Flux' kustomize-controller neither applies nor prunes an object.
    package static let fluxAnnotation = "kustomize.toolkit.fluxcd.io/reconcile"
    package static let fluxDisabled = "disabled"

    package func habit(_ facts: OwnerFacts, _ object: OwnedObject) -> OwnerHabit {
        if facts.isSuspended == true { return .leaves }
        switch self {
        case .argoCD:
            if facts.isAutomated == false { return .leaves }
            // The same revision is synced once.
            return facts.selfHeals == false ? .leavesUntilNextCommit : .putsBack
        case .fluxKustomization: return object.annotations[Self.fluxAnnotation] == Self.fluxDisabled ? .leaves : .putsBack
        // Without drift detection it upgrades when chart or values change.
        case .fluxHelmRelease: return facts.correctsDrift == false ? .leavesUntilNextCommit : .putsBack
        case .helm, .none: return .leaves
        }
    }
}
