package import Values

/// What keeps a workload as its source says, and so would undo a rollback.
package enum WorkloadOwner: Sendable, Hashable {
    /// The application's name; its namespace where the tracking id names one, else Argo CD's own.
    case argoCD(application: String, namespace: String?)
    case fluxKustomization(namespace: String, name: String)
    case fluxHelmRelease(namespace: String, name: String)
    /// Installed by hand or by a pipeline; nothing watches it.
    case helm(namespace: String, release: String)
    /// Nobody of these. Somebody may still apply it again and again.
    case none
}

/// An object's metadata, as far as it tells its owner.
package struct OwnedObject: Sendable, Hashable {
    package var group: String
    package var kind: String
    package var namespace: String
    package var name: String
    package var labels: [String: String]
    package var annotations: [String: String]
    package var managers: [FieldManager]

    package init(
        group: String = "apps", kind: String = "Deployment", namespace: String, name: String, labels: [String: String] = [:],
        annotations: [String: String] = [:], managers: [FieldManager] = []
    ) {
        self.group = group
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.labels = labels
        self.annotations = annotations
        self.managers = managers
    }

    /// Whether somebody but us has written the field.
    package func isOwned(_ field: FieldManager.Field) -> Bool {
        managers.contains { $0.fields.contains(field) && $0.name != Self.ourselves }
    }

    private static let ourselves = "plimsoll"
}

/// Who owns a workload, and how that is known.
package struct Ownership: Sendable, Hashable {
    package var owner: WorkloadOwner
    /// What the object bears that says so, for people.
    package var signs: [String]
    /// Others that it bears signs of, too.
    package var others: [WorkloadOwner]

    package init(owner: WorkloadOwner, signs: [String] = [], others: [WorkloadOwner] = []) {
        self.owner = owner
        self.signs = signs
        self.others = others
    }

    /// To be called before a rollout: a rollback moves managed fields to whoever patches.
    ///
    /// Where there are signs of several, the one counts whose manager wrote the template; else the one that acts soonest.
    package static func detect(_ object: OwnedObject) -> Ownership {
        let found = [argoCD(object), fluxKustomization(object), fluxHelmRelease(object), helm(object)].compactMap(\.self)
        guard let best = found.first(where: \.wroteTemplate) ?? found.first else { return Ownership(owner: .none) }
        // Flux' helm-controller leaves Helm's own marks, too: the same owner twice is one.
        let others = found.map(\.owner).filter { $0 != best.owner && !best.owner.includes($0) }
        return Ownership(owner: best.owner, signs: best.signs, others: others)
    }

    private struct Finding {
        var owner: WorkloadOwner
        var signs: [String]
        var wroteTemplate: Bool
    }

    private static func finding(_ owner: WorkloadOwner, _ signs: [String], _ object: OwnedObject, managers names: [String]) -> Finding {
        let managers = object.managers.filter { names.contains($0.name) }
        return Finding(
            owner: owner, signs: signs + managers.map { "field manager \($0.name)" },
            wroteTemplate: managers.contains { $0.fields.contains(.template) })
    }

    private static let trackingID = "argocd.argoproj.io/tracking-id"
    private static let instance = "app.kubernetes.io/instance"
    private static let argoManagers = ["argocd-controller", "argocd-application-controller"]

    private static func argoCD(_ object: OwnedObject) -> Finding? {
        if let id = object.annotations[trackingID], let application = application(of: id, object) {
            return finding(application, ["annotation \(trackingID): \(id)"], object, managers: argoManagers)
        }
        // The label is Helm's habit as well, and by itself tells nothing.
        guard object.managers.contains(where: { argoManagers.contains($0.name) }), let name = object.labels[instance] else { return nil }
        return finding(.argoCD(application: name, namespace: nil), ["label \(instance): \(name)"], object, managers: argoManagers)
    }

    /// Of `application:group/Kind:namespace/name`, where the application may be `namespace_name`. A copy of another object bears that one's id, and
    /// Argo CD does not take it for its own.
    private static func application(of id: String, _ object: OwnedObject) -> WorkloadOwner? {
        let parts = id.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, parts[1] == "\(object.group)/\(object.kind):\(object.namespace)/\(object.name)" else { return nil }
        let names = parts[0].split(separator: "_", maxSplits: 1).map(String.init)
        return names.count == 2 ? .argoCD(application: names[1], namespace: names[0]) : .argoCD(application: parts[0], namespace: nil)
    }

    private static func fluxKustomization(_ object: OwnedObject) -> Finding? {
        flux("kustomize.toolkit.fluxcd.io", object, manager: "kustomize-controller") { .fluxKustomization(namespace: $0, name: $1) }
    }

    private static func fluxHelmRelease(_ object: OwnedObject) -> Finding? {
        flux("helm.toolkit.fluxcd.io", object, manager: "helm-controller") { .fluxHelmRelease(namespace: $0, name: $1) }
    }

    private static func flux(
        _ group: String, _ object: OwnedObject, manager: String, _ owner: (_ namespace: String, _ name: String) -> WorkloadOwner
    ) -> Finding? {
        guard let name = object.labels["\(group)/name"], let namespace = object.labels["\(group)/namespace"] else { return nil }
        return finding(owner(namespace, name), ["label \(group)/name: \(name)"], object, managers: [manager])
    }

    private static func helm(_ object: OwnedObject) -> Finding? {
        let release = "meta.helm.sh/release-name"
        // Argo CD and others render charts without installing a release: the annotation is what an installation leaves.
        guard let name = object.annotations[release] else { return nil }
        let namespace = object.annotations["meta.helm.sh/release-namespace"] ?? object.namespace
        return finding(.helm(namespace: namespace, release: name), ["annotation \(release): \(name)"], object, managers: ["helm", "Helm"])
    }
}

extension WorkloadOwner {
    /// Whether another is only the means of this one.
    func includes(_ other: WorkloadOwner) -> Bool {
        if case .fluxHelmRelease = self, case .helm = other { return true }
        return false
    }
}

extension WorkloadOwner: CustomStringConvertible {
    package var description: String {
        switch self {
        case .argoCD(let application, let namespace): "Argo CD's application \(namespace.map { "\($0)/" } ?? "")\(application)"
        case .fluxKustomization(let namespace, let name): "Flux' Kustomization \(namespace)/\(name)"
        case .fluxHelmRelease(let namespace, let name): "Flux' HelmRelease \(namespace)/\(name)"
        case .helm(let namespace, let release): "Helm's release \(namespace)/\(release)"
        case .none: "nobody that is known"
        }
    }
}

extension WorkloadOwner {
    /// For the run, which keeps what was found before its rollout.
    package var json: JSON {
        switch self {
        case .argoCD(let application, let namespace):
            ["kind": "ArgoCD", "name": .string(application), "namespace": namespace.map { .string($0) } ?? .null]
        case .fluxKustomization(let namespace, let name): ["kind": "FluxKustomization", "name": .string(name), "namespace": .string(namespace)]
        case .fluxHelmRelease(let namespace, let name): ["kind": "FluxHelmRelease", "name": .string(name), "namespace": .string(namespace)]
        case .helm(let namespace, let release): ["kind": "Helm", "name": .string(release), "namespace": .string(namespace)]
        case .none: ["kind": "None"]
        }
    }

    /// Nil where it makes no sense.
    package init?(json: JSON) {
        let (name, namespace) = (json["name"]?.stringValue, json["namespace"]?.stringValue)
        switch (json["kind"]?.stringValue, name, namespace) {
        case ("ArgoCD", let name?, let namespace): self = .argoCD(application: name, namespace: namespace)
        case ("FluxKustomization", let name?, let namespace?): self = .fluxKustomization(namespace: namespace, name: name)
        case ("FluxHelmRelease", let name?, let namespace?): self = .fluxHelmRelease(namespace: namespace, name: name)
        case ("Helm", let name?, let namespace?): self = .helm(namespace: namespace, release: name)
        case ("None", nil, nil): self = .none
        default: return nil
        }
    }
}
