import KubeClient
import KubeModel
import KubeRuntime
import PlimsollAPI
import ServiceLevels
import Values

/// Rules as objects of the API server, owned by their SLO: the garbage collector takes them when it goes.
struct ObjectOutput<Object: RuleObject>: RuleOutput {
    let instance: String
    let client: KubeClient
    let reflector: Reflector<Object>
    let gate: ConsistencyGate
    /// The object that carries the rules of an SLO.
    let make: @Sendable (GeneratedRules, SLO) throws -> JSON

    func write(_ rules: GeneratedRules, for slo: SLO) async throws -> Bool {
        var desired = try make(rules, slo)
        let wanted = ObjectMeta(json: desired["metadata"] ?? .null)
        if let existing = try await existing(wanted.key) {
            if isOurs(existing, slo) {
                if let other = otherInstance(existing) { throw ForeignInstance(kind: Object.resource.kind, key: wanted.key, instance: other) }
                if existing.content == Object.digest(desired[Object.contentField] ?? .null), carries(existing.metadata, wanted) { return false }
                // Should it be deleted in this moment, it must not come back without its past: the server answers with a conflict.
                desired["metadata"]?["uid"] = .string(existing.metadata.uid)
            } else {
                guard isLeftover(existing, slo) else { throw ForeignObject(kind: Object.resource.kind, key: wanted.key) }
                try await delete(existing)
            }
        }
        let written = try await client.patch(Object.resource, wanted.key, .apply(desired, fieldManager: client.options.fieldManager, force: true))
        gate.wroteAt(
            owner: slo.metadata.key, kind: Object.resource, resourceVersion: written["metadata"]?["resourceVersion"]?.stringValue ?? "")
        return true
    }

    func version(of key: ObjectKey) -> String {
        reflector.store.get(ObjectKey(namespace: key.namespace, name: RuleObjects.name(of: key)))?.metadata.resourceVersion ?? ""
    }

    func carriesAll(_ key: ObjectKey) async -> Bool {
        guard let object = reflector.store.get(ObjectKey(namespace: key.namespace, name: RuleObjects.name(of: key))) else { return false }
        return object.owner == key && object.metadata.annotations[RuleObjects.memberAnnotation] == nil
    }

    func remove(_ key: ObjectKey) async throws {
        for object in reflector.store.byIndex("owner", key.description) { try await delete(object) }
    }

    func sweep(keeping kept: @escaping @Sendable () -> Set<ObjectKey>) async throws {
        let objects = reflector.store.snapshot()
        let kept = kept()
        for object in objects {
            if let owner = object.owner, !kept.contains(owner) { try await delete(object) }
        }
    }

    func trouble(of key: ObjectKey) -> String? { reflector.isAbsent ? NotServed(resource: Object.resource).description : nil }

    /// Whoever loads the objects tells nobody: the rules API shows it at the next poll.
    func onLoad(_ handler: @escaping @Sendable (Set<ObjectKey>) -> Void) {}

    var parts: [ManagedPart] { [] }

    /// What bears the name now. The cache has only objects with our label, so of one it lacks the server is asked.
    private func existing(_ key: ObjectKey) async throws -> Object? {
        if let cached = reflector.store.get(key) { return cached }
        do throws(KubeError) {
            return try await client.get(Object.resource, key, as: Object.self)
        } catch {
            if error.isUnknownResource { throw NotServed(resource: Object.resource) }
            guard error.isNotFound else { throw error }
            return nil
        }
    }

    private func delete(_ object: Object) async throws {
        do throws(KubeError) {
            // The version too: another instance, whose SLO it is now, may just have taken it over.
            try await client.delete(
                Object.resource, object.metadata.key, uid: object.metadata.uid, resourceVersion: object.metadata.resourceVersion)
        } catch {
            // Gone already, or another by now: if it is still ours, its change brings us back here.
            guard error.isNotFound || error.isConflict else { throw error }
        }
    }

    private func isOurs(_ object: Object, _ slo: SLO) -> Bool {
        object.metadata.ownerReferences.contains { $0.uid == slo.metadata.uid }
    }

    /// The other instance that made it, if one did: two over the same objects would undo each other's work for ever.
    private func otherInstance(_ object: Object) -> String? {
        let maker = object.metadata.labels[RuleObjects.instanceLabel]
        return maker == instance ? nil : maker
    }

    /// Whether it was made for an SLO that had the name before, and the garbage collector has not come by yet.
    private func isLeftover(_ object: Object, _ slo: SLO) -> Bool {
        object.owner == slo.metadata.key && object.metadata.labels[RuleObjects.instanceLabel] == instance
    }

    /// Whether all labels, annotations and owners that we want are there; what others added is theirs.
    private func carries(_ has: ObjectMeta, _ wants: ObjectMeta) -> Bool {
        wants.labels.allSatisfy { has.labels[$0.key] == $0.value } && wants.annotations.allSatisfy { has.annotations[$0.key] == $0.value }
            && wants.ownerReferences.allSatisfy { wanted in has.ownerReferences.contains { $0.uid == wanted.uid } }
    }
}

/// The API server lacks the kind that was to carry the rules.
struct NotServed: Error, CustomStringConvertible {
    let resource: ResourceKind
    var description: String { "the API server does not serve \(resource); install it, or set another rules.output" }
}

/// Another instance of Plimsoll keeps the rules of the same SLO.
struct ForeignInstance: Error, CustomStringConvertible {
    let kind: String
    let key: ObjectKey
    let instance: String
    var description: String {
        "\(kind) \(key) was made by the instance \"\(instance)\" of Plimsoll; let one instance alone work on this namespace, and if that one is gone, delete the \(kind)"
    }
}

/// An object stands where ours would go.
struct ForeignObject: Error, CustomStringConvertible {
    let kind: String
    let key: ObjectKey
    var description: String { "\(kind) \(key) exists and is not this SLO's; rename one of them" }
}
