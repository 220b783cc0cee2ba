import KubeClient
import KubeModel
import KubeRuntime
import PlimsollAPI
import ServiceLevels
import Values

/// Rules as objects of the API server, owned by their SLO: the garbage collector takes them when it goes.
struct ObjectOutput<Object: RuleObject>: RuleOutput {
    let client: KubeClient
    let reflector: Reflector<Object>
    let gate: ConsistencyGate
    /// The object that carries the rules of an SLO.
    let make: @Sendable (GeneratedRules, SLO) throws -> JSON

    func write(_ rules: GeneratedRules, for slo: SLO) async throws {
        let desired = try make(rules, slo)
        let wanted = ObjectMeta(json: desired["metadata"] ?? .null)
        if let existing = reflector.store.get(wanted.key) {
            guard isOurs(existing, slo) else { throw ForeignObject(kind: Object.resource.kind, key: wanted.key) }
            if existing.content == ContentDigest(desired[Object.contentField] ?? .null), carries(existing.metadata, wanted) { return }
        }
        let written = try await client.patch(Object.resource, wanted.key, .apply(desired, fieldManager: client.options.fieldManager, force: true))
        gate.wroteAt(
            owner: slo.metadata.key, kind: Object.resource, resourceVersion: written["metadata"]?["resourceVersion"]?.stringValue ?? "")
    }

    func remove(_ key: ObjectKey) async throws {
        for object in reflector.store.byIndex("owner", key.description) { try await delete(object) }
    }

    func sweep(keeping keys: Set<ObjectKey>) async throws {
        for object in reflector.store.snapshot() {
            if let owner = object.owner, !keys.contains(owner) { try await delete(object) }
        }
    }

    private func delete(_ object: Object) async throws {
        do throws(KubeError) {
            try await client.delete(Object.resource, object.metadata.key, uid: object.metadata.uid)
        } catch {
            // Gone already, or another object by now: either way it is not ours to delete.
            guard error.isNotFound || error.isConflict else { throw error }
        }
    }

    var trouble: String? {
        reflector.isAbsent ? "the API server does not serve \(Object.resource); install it, or set another rules.output" : nil
    }

    var parts: [ManagedPart] { [] }

    private func isOurs(_ object: Object, _ slo: SLO) -> Bool {
        object.metadata.ownerReferences.contains { $0.uid == slo.metadata.uid }
    }

    /// Whether all labels, annotations and owners that we want are there; what others added is theirs.
    private func carries(_ has: ObjectMeta, _ wants: ObjectMeta) -> Bool {
        wants.labels.allSatisfy { has.labels[$0.key] == $0.value } && wants.annotations.allSatisfy { has.annotations[$0.key] == $0.value }
            && wants.ownerReferences.allSatisfy { wanted in has.ownerReferences.contains { $0.uid == wanted.uid } }
    }
}

/// An object stands where ours would go.
struct ForeignObject: Error, CustomStringConvertible {
    let kind: String
    let key: ObjectKey
    var description: String { "\(kind) \(key) exists and is not this SLO's; rename one of them" }
}
