import Rollouts
import Testing
import Values

@Suite struct GitOpsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var labels: [String: String] = [:]
        var annotations: [String: String] = [:]
        var managers: [FieldManager] = []
        var owner: WorkloadOwner
        var others: [WorkloadOwner] = []
    }

    private static let tracking = "argocd.argoproj.io/tracking-id"
    private static let kustomization = ["kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"]
    private static let helmRelease = ["helm.toolkit.fluxcd.io/name": "shop", "helm.toolkit.fluxcd.io/namespace": "shop"]
    private static let release = ["meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "shop"]

    static let cases: [Case] = [
        Case(testDescription: "bare", owner: .none),
        Case(
            testDescription: "kubectl", annotations: ["kubectl.kubernetes.io/last-applied-configuration": "{}"],
            managers: [FieldManager(name: "kubectl-client-side-apply", fields: [.template])], owner: .none),
        Case(
            testDescription: "Argo CD by its id", annotations: [tracking: "checkout:apps/Deployment:shop/checkout"],
            owner: .argoCD(application: "checkout", namespace: nil)),
        Case(
            testDescription: "Argo CD, application elsewhere", annotations: [tracking: "team-a_checkout:apps/Deployment:shop/checkout"],
            owner: .argoCD(application: "checkout", namespace: "team-a")),
        Case(
            testDescription: "a copy bears the id of what it was copied from", annotations: [tracking: "other:apps/Deployment:shop/other"],
            owner: .none),
        Case(testDescription: "an id of nothing", annotations: [tracking: ":apps/Deployment:shop/checkout"], owner: .none),
        Case(
            testDescription: "Argo CD by label and manager", labels: ["app.kubernetes.io/instance": "checkout"],
            managers: [FieldManager(name: "argocd-controller", fields: [.template])], owner: .argoCD(application: "checkout", namespace: nil)),
        Case(testDescription: "the label alone is anybody's", labels: ["app.kubernetes.io/instance": "checkout"], owner: .none),
        Case(testDescription: "Flux", labels: kustomization, owner: .fluxKustomization(namespace: "flux-system", name: "apps")),
        Case(testDescription: "half of Flux' labels", labels: ["kustomize.toolkit.fluxcd.io/name": "apps"], owner: .none),
        Case(
            testDescription: "Flux with Helm", labels: helmRelease, annotations: release, owner: .fluxHelmRelease(namespace: "shop", name: "shop")),
        Case(testDescription: "Helm", annotations: release, owner: .helm(namespace: "shop", release: "shop")),
        Case(
            testDescription: "Helm, namespace untold", annotations: ["meta.helm.sh/release-name": "x"], owner: .helm(namespace: "shop", release: "x")),
        Case(testDescription: "rendered by Helm only", labels: ["app.kubernetes.io/managed-by": "Helm"], owner: .none),
        Case(
            testDescription: "two, and the one that writes counts", labels: kustomization,
            annotations: [tracking: "checkout:apps/Deployment:shop/checkout"],
            managers: [FieldManager(name: "argocd-controller"), FieldManager(name: "kustomize-controller", fields: [.template])],
            owner: .fluxKustomization(namespace: "flux-system", name: "apps"), others: [.argoCD(application: "checkout", namespace: nil)]),
        Case(
            testDescription: "two, and nobody knows who writes", labels: kustomization,
            annotations: [tracking: "checkout:apps/Deployment:shop/checkout"],
            owner: .argoCD(application: "checkout", namespace: nil), others: [.fluxKustomization(namespace: "flux-system", name: "apps")]),
    ]

    private static func object(
        kind: String = "Deployment", labels: [String: String] = [:], annotations: [String: String] = [:], managers: [FieldManager] = []
    ) -> OwnedObject {
        OwnedObject(kind: kind, namespace: "shop", name: "checkout", labels: labels, annotations: annotations, managers: managers)
    }

    @Test(arguments: cases) func theOwnerIsDetected(_ one: Case) {
        let ownership = Ownership.detect(Self.object(labels: one.labels, annotations: one.annotations, managers: one.managers))
        #expect(ownership.owner == one.owner)
        #expect(ownership.others == one.others)
        #expect(ownership.signs.isEmpty == (one.owner == .none))
        #expect(WorkloadOwner(json: one.owner.json) == one.owner)
    }

    @Test func managedFieldsAreRead() throws {
        let json = try JSON(
            parsing: """
                {"manager": "kustomize-controller", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:template": {"f:spec": {}},
                 "f:updateStrategy": {"f:rollingUpdate": {"f:partition": {}}, "f:type": {}}, "f:selector": {}}}}
                """)
        #expect(FieldManager(json: json) == FieldManager(name: "kustomize-controller", fields: [.template, .partition]))
        #expect(FieldManager(json: ["manager": "x"]) == FieldManager(name: "x"))
        #expect(FieldManager(json: ["operation": "Apply"]) == nil)
        // What we wrote ourselves nobody else would take away.
        #expect(!Self.object(managers: [FieldManager(name: "plimsoll", fields: [.paused])]).isOwned(.paused))
    }

    // MARK: Methods

    struct Choice: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var method = RollbackMethod.auto
        var owner: WorkloadOwner
        var facts = OwnerFacts()
        var kind = "Deployment"
        var annotations: [String: String] = [:]
        var managers: [FieldManager] = []
        var stableIsActive: Bool
        var way: RollbackChoice.Way
        var quarantine: RollbackChoice.Quarantine
        var warns = false
    }

    private static let argo = WorkloadOwner.argoCD(application: "checkout", namespace: nil)
    private static let flux = WorkloadOwner.fluxKustomization(namespace: "flux-system", name: "apps")
    private static let pin = RollbackChoice.Quarantine.annotate(key: "kustomize.toolkit.fluxcd.io/reconcile", value: "disabled")

    static let choices: [Choice] = [
        Choice(testDescription: "nobody, mid", owner: .none, stableIsActive: true, way: .undo, quarantine: .starveOnReturn),
        Choice(testDescription: "nobody, 100 %", owner: .none, stableIsActive: false, way: .undo, quarantine: .starveOnReturn),
        Choice(
            testDescription: "Helm, mid", owner: .helm(namespace: "shop", release: "shop"), stableIsActive: true, way: .undo,
            quarantine: .starveOnReturn),
        Choice(testDescription: "Argo CD, mid", owner: argo, stableIsActive: true, way: .pauseAndStarve, quarantine: .stayPaused),
        Choice(testDescription: "Argo CD, 100 %", owner: argo, stableIsActive: false, way: .undo, quarantine: .starveOnReturn),
        Choice(
            testDescription: "Argo CD by hand", owner: argo, facts: OwnerFacts(isAutomated: false), stableIsActive: true, way: .undo,
            quarantine: .starveOnReturn),
        Choice(
            testDescription: "Argo CD told to skip", owner: argo, facts: OwnerFacts(isAutomated: true, selfHeals: true, isSuspended: true),
            stableIsActive: true, way: .undo, quarantine: .starveOnReturn),
        Choice(
            testDescription: "Argo CD without self-heal brings it back with the next commit", owner: argo,
            facts: OwnerFacts(isAutomated: true, selfHeals: false), stableIsActive: true, way: .pauseAndStarve, quarantine: .stayPaused),
        Choice(
            testDescription: "Git says paused: false", owner: argo,
            managers: [FieldManager(name: "argocd-controller", fields: [.template, .paused])],
            stableIsActive: true, way: .undo, quarantine: .restoreOnce),
        Choice(testDescription: "Flux, mid", owner: flux, stableIsActive: true, way: .pauseAndStarve, quarantine: .stayPaused),
        Choice(testDescription: "Flux, 100 %", owner: flux, stableIsActive: false, way: .undo, quarantine: pin),
        Choice(
            testDescription: "Flux, pinned by somebody already", owner: flux, annotations: ["kustomize.toolkit.fluxcd.io/reconcile": "disabled"],
            stableIsActive: true, way: .undo, quarantine: .starveOnReturn),
        Choice(
            testDescription: "Flux, suspended", owner: flux, facts: OwnerFacts(isSuspended: true), stableIsActive: true, way: .undo,
            quarantine: .starveOnReturn),
        Choice(
            testDescription: "HelmRelease, drift unknown", owner: .fluxHelmRelease(namespace: "a", name: "b"), stableIsActive: true,
            way: .pauseAndStarve, quarantine: .stayPaused),
        Choice(
            testDescription: "HelmRelease, 100 %", owner: .fluxHelmRelease(namespace: "a", name: "b"), facts: OwnerFacts(correctsDrift: true),
            stableIsActive: false, way: .undo, quarantine: .starveOnReturn),
        Choice(
            testDescription: "StatefulSet of nobody", owner: .none, kind: "StatefulSet", stableIsActive: true, way: .undo, quarantine: .holdPartition),
        Choice(
            testDescription: "StatefulSet of Argo CD", owner: argo, kind: "StatefulSet", stableIsActive: true, way: .undo, quarantine: .holdPartition),
        Choice(testDescription: "StatefulSet of Flux", owner: flux, kind: "StatefulSet", stableIsActive: true, way: .undo, quarantine: pin),
        Choice(
            testDescription: "StatefulSet whose partition is in Git", owner: argo, kind: "StatefulSet",
            managers: [FieldManager(name: "argocd-controller", fields: [.partition])], stableIsActive: true, way: .undo, quarantine: .restoreOnce),
        Choice(
            testDescription: "asked to undo, in vain", method: .undo, owner: argo, stableIsActive: true, way: .undo, quarantine: .starveOnReturn,
            warns: true),
        Choice(
            testDescription: "asked to starve", method: .pauseAndStarve, owner: .none, stableIsActive: true, way: .pauseAndStarve,
            quarantine: .stayPaused),
        Choice(
            testDescription: "asked to starve, too late", method: .pauseAndStarve, owner: .none, stableIsActive: false, way: .undo,
            quarantine: .starveOnReturn, warns: true),
        Choice(
            testDescription: "asked to starve a StatefulSet", method: .pauseAndStarve, owner: .none, kind: "StatefulSet", stableIsActive: true,
            way: .undo,
            quarantine: .holdPartition, warns: true),
    ]

    @Test(arguments: choices) func theMethodDoesNotFight(_ one: Choice) {
        let situation = RollbackChoice.Situation(
            ownership: Ownership(owner: one.owner), facts: one.facts,
            object: Self.object(kind: one.kind, annotations: one.annotations, managers: one.managers), stableIsActive: one.stableIsActive)
        let choice = RollbackChoice.choose(one.method, situation)
        #expect(choice.way == one.way)
        #expect(choice.quarantine == one.quarantine)
        #expect(choice.warnings.isEmpty != one.warns, "\(choice.warnings)")
        #expect(RollbackChoice.Quarantine(json: choice.quarantine.json) == choice.quarantine)
        let text = OwnershipText.plan(choice, situation)
        #expect(text.contains(one.owner.description) && text.hasSuffix("."), "\(text)")
    }

    @Test func peopleAreToldHowToMakeItLast() {
        let commit = "2f1a0c5b6d7e8f90123456789abcdef012345678"
        func hint(_ owner: WorkloadOwner, _ revision: String?, _ images: [String] = []) -> String {
            OwnershipText.revertHint(owner, revision: revision, images: images)
        }
        #expect(hint(Self.argo, commit) == "In the repository of Argo CD's application checkout: git revert --no-edit \(commit) && git push")
        #expect(hint(Self.flux, "main@sha1:\(commit)").contains("git revert --no-edit \(commit)"))
        #expect(hint(Self.flux, nil, ["shop/checkout:2"]).contains("git log --oneline -S shop/checkout:2 && git revert"))
        #expect(hint(Self.flux, nil, ["it's:2"]).contains(#"-S 'it'\''s:2'"#))
        #expect(hint(Self.flux, "1.2.3").contains("revert the commit"))
        #expect(hint(.helm(namespace: "shop", release: "checkout"), nil).contains("helm rollback checkout --namespace shop"))
        #expect(!hint(.none, commit).contains("git"))
    }

    @Test func revisions() {
        let commit = "2f1a0c5b6d7e8f90123456789abcdef012345678"
        for text in [commit, commit.uppercased(), "main/\(commit)", "main@sha1:\(commit)", "feature/x/\(commit)", "refs/heads/x@sha1:\(commit)"] {
            #expect(GitRevision(text)?.commit == commit, "\(text)")
        }
        for text in ["", "main", "1.2.3", "latest@sha256:\(commit)", "main@sha1:12", "\(commit)0", "main@sha1:\(commit)/x"] {
            #expect(GitRevision(text) == nil, "\(text)")
        }
    }

    // MARK: Tombstones

    private static func tombstone(_ quarantine: RollbackChoice.Quarantine, revision: String? = "r1") -> Tombstone {
        Tombstone(
            template: "bad", good: "good", run: "bad-1", reason: "errors", at: RolloutFixtures.start, owner: argo, revision: revision,
            quarantine: quarantine)
    }

    static let lifts: [(RollbackChoice.Quarantine, desired: String, was: String?, now: String?, hours: Double, Tombstone.Lift?)] = [
        // Undone: the workload asks for the good version because we patched it.
        (.starveOnReturn, "good", "r1", "r2", 1000, nil),
        (.starveOnReturn, "bad", "r1", "r2", 0, nil),
        (.starveOnReturn, "fix", "r1", "r1", 0, .movedOn(to: "fix")),
        (.holdPartition, "fix", nil, nil, 0, .movedOn(to: "fix")),
        (.restoreOnce, "good", nil, nil, 1000, nil),
        // Starved: the bad version stays in the spec.
        (.stayPaused, "bad", "r1", "r2", 1000, nil),
        (.stayPaused, "good", "r1", "r2", 0, .reverted),
        (.stayPaused, "fix", "r1", "r1", 0, .movedOn(to: "fix")),
        // Pinned: what is asked for can't move by itself, so that the source counts.
        (pin, "good", "r1", "r1", 1, nil),
        (pin, "good", "r1", "r2", 0, .sourceMoved(to: "r2")),
        (pin, "good", "r1", nil, 1, nil),
        (pin, "good", nil, "r2", 1, nil),
        (pin, "good", nil, nil, 23.9, nil),
        (pin, "good", nil, nil, 24, .expired),
        (pin, "fix", "r1", "r1", 0, .movedOn(to: "fix")),
    ]

    @Test(arguments: lifts.indices) func tombstonesLift(_ index: Int) {
        let row = Self.lifts[index]
        let tombstone = Self.tombstone(row.0, revision: row.was)
        #expect(tombstone.lift(desired: row.desired, revision: row.now, at: RolloutFixtures.at(row.hours * 3600)) == row.5)
    }

    @Test func whatComesBackIsStarvedAndThenStays() {
        var tombstone = Self.tombstone(.starveOnReturn)
        #expect(tombstone.isBack(desired: "bad") && !tombstone.isBack(desired: "good") && !tombstone.isBack(desired: "fix"))
        tombstone.starve()
        // The loop that applies it every five seconds changes nothing any more.
        #expect(!tombstone.isBack(desired: "bad"))
        #expect(tombstone.lift(desired: "bad", revision: "r1", at: RolloutFixtures.at(5)) == nil)
        #expect(tombstone.lift(desired: "fix", revision: "r1", at: RolloutFixtures.at(10)) == .movedOn(to: "fix"))
    }

    @Test func tombstonesAreStored() throws {
        for quarantine in [Self.pin, .stayPaused, .starveOnReturn, .holdPartition, .restoreOnce] {
            for revision in ["r1", nil] {
                let tombstone = Self.tombstone(quarantine, revision: revision)
                #expect(Tombstone(json: try JSON(parsing: tombstone.json.text())) == tombstone)
            }
        }
        for key in ["template", "good", "run", "reason", "at", "owner", "quarantine"] {
            var broken = Self.tombstone(.stayPaused).json
            broken[key] = 1
            #expect(Tombstone(json: broken) == nil, "\(key)")
        }
    }
}
