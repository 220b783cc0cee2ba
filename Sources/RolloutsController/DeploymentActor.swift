import KubeClient
import KubeModel
import KubeRuntime
import Rollouts
import Values

/// Why the target can't be changed now, in words for people.
struct Obstacle: Error, Sendable, Hashable, CustomStringConvertible {
    let description: String
}

/// The world is not what was decided upon: look again.
struct Outdated: Error, Sendable {}

/// Does to a Deployment what was decided, as the account that the analysis names, with a `test` on what it was decided upon.
struct DeploymentActor: Sendable {
    let client: ActingClient
    let name: String
    /// As it was decided upon, with the names that the state has for templates.
    let picture: DeploymentPicture
    /// The digest of the template itself that the target asked for then.
    let digest: String
    var dryRun = false

    // MARK: Back

    /// Puts a template back, and marks that it was for a run. Annotations of others are kept.
    func rollBack(from: String, to: String, run: String, reason: String) async throws {
        guard let good = picture.replicaSet(of: to) else {
            throw Obstacle(
                description: "no ReplicaSet has the last good template (\(to)) any more; raise revisionHistoryLimit, and put a good one back by hand")
        }
        let live = try await read()
        let source = try await goodTemplate(good)
        try await checkReferences(source)
        let isKeptOut = picture.observation.quarantined.contains(from) && (picture.replicaSet(of: to)?.replicas ?? 0) >= picture.replicas
        var patch: [JSONPatchOperation] = try tests(live)
        patch.append(.replace(JSONPointer("spec", "template"), source))
        if live["spec"]?["paused"]?.boolValue == true, !isKeptOut { patch.append(.replace(JSONPointer("spec", "paused"), false)) }
        patch += annotate(live, [Marks.run: run, Marks.changeCause: "Plimsoll rolled back: \(reason)"])
        try await send(patch)
    }

    private func goodTemplate(_ good: DeploymentPicture.ReplicaSet) async throws -> JSON {
        let replicaSet = try await get(.replicaSets, good.name)
        guard replicaSet["metadata"]?["uid"]?.stringValue == good.uid, let template = replicaSet["spec"]?["template"] else { throw Outdated() }
        return TemplateDigest.plain(template)
    }

    /// A good template whose ConfigMap or Secret is gone would make no pods. Where the account may not look, it is tried.
    private func checkReferences(_ template: JSON) async throws {
        for reference in TemplateReferences.of(template) {
            do {
                _ = try await client.get(reference.kind == .configMap ? .configMaps : .secrets, reference.name, as: JSON.self)
            } catch let error as KubeError where error.isNotFound {
                throw Obstacle(
                    description: "the last good template needs the \(reference.kind.rawValue) \(reference.name), which is gone; make it again")
            } catch let error as KubeError where error.isForbidden {
                continue
            }
        }
    }

    // MARK: Keeping out

    /// Pauses the target, and takes a template's pods away where another has some.
    func quarantine(_ template: String) async throws {
        let live = try await read()
        if live["spec"]?["paused"]?.boolValue != true || live["metadata"]?["annotations"]?[Marks.quarantine]?.stringValue != template {
            var patch = try tests(live)
            patch.append(.add(JSONPointer("spec", "paused"), true))
            patch += annotate(live, [Marks.quarantine: template])
            try await send(patch)
        }
        guard let bad = picture.replicaSet(of: template), bad.replicas > 0,
            picture.replicaSets.contains(where: { $0.template != template && $0.replicas > 0 })
        else { return }
        try await scale(bad, to: 0)
    }

    func liftQuarantine(keepPaused: Bool) async throws {
        let live = try await read()
        guard live["metadata"]?["annotations"]?[Marks.quarantine] != nil else { return }
        var patch: [JSONPatchOperation] = [.test(JSONPointer("metadata", "uid"), .string(picture.uid))]
        patch.append(.remove(JSONPointer("metadata", "annotations", Marks.quarantine)))
        if !keepPaused, live["spec"]?["paused"]?.boolValue == true { patch.append(.replace(JSONPointer("spec", "paused"), false)) }
        try await send(patch)
    }

    // MARK: Forward

    /// Lets the target rest, or lets it roll.
    func setPaused(_ paused: Bool) async throws {
        try await send([.test(JSONPointer("metadata", "uid"), .string(picture.uid)), .add(JSONPointer("spec", "paused"), .bool(paused))])
    }

    func scale(_ replicaSet: DeploymentPicture.ReplicaSet, to replicas: Int) async throws {
        try await guarded {
            try await client.patch(
                .replicaSets, replicaSet.name,
                .json([
                    .test(JSONPointer("metadata", "uid"), .string(replicaSet.uid)),
                    .test(JSONPointer("spec", "replicas"), .int(replicaSet.replicas)),
                    .replace(JSONPointer("spec", "replicas"), .int(replicas)),
                ]), dryRun: dryRun)
        }
    }

    /// Makes the ReplicaSet of the template that a paused target asks for, with just so many pods; its controller takes it for its own.
    func createReplicaSet(replicas: Int) async throws {
        let live = try await read()
        guard let template = live["spec"]?["template"], let selector = live["spec"]?["selector"] else { throw Outdated() }
        let hash = picture.template
        var body = TemplateDigest.plain(template)
        body["metadata"] = (body["metadata"] ?? [:]).merged(patch: ["labels": ["pod-template-hash": .string(hash)]])
        let labels = body["metadata"]?["labels"] ?? [:]
        try await guarded {
            try await client.create(
                .replicaSets,
                body: [
                    "apiVersion": "apps/v1", "kind": "ReplicaSet",
                    "metadata": [
                        "name": .string("\(name.prefix(236))-\(hash)"), "labels": labels,
                        "annotations": [
                            "deployment.kubernetes.io/desired-replicas": .string("\(picture.replicas)"),
                            "deployment.kubernetes.io/max-replicas": .string("\(picture.replicas + picture.maxSurge)"),
                        ],
                        "ownerReferences": .array([
                            OwnerReference(apiVersion: "apps/v1", kind: "Deployment", name: name, uid: picture.uid, controller: true).json
                        ]),
                    ],
                    "spec": [
                        "replicas": .int(replicas), "minReadySeconds": live["spec"]?["minReadySeconds"] ?? 0,
                        "selector": selector.merged(patch: ["matchLabels": ["pod-template-hash": .string(hash)]]), "template": body,
                    ],
                ], dryRun: dryRun)
        }
    }

    /// Asks whether the account may change the target, and changes nothing.
    func probe() async throws {
        try await guarded {
            try await client.patch(
                .deployments, name, .json([.test(JSONPointer("metadata", "uid"), .string(picture.uid))]), dryRun: true)
        }
    }

    // MARK: Parts

    private func read() async throws -> JSON { try await get(.deployments, name) }

    private func get(_ kind: ResourceKind, _ name: String) async throws -> JSON {
        try await guarded { try await client.get(kind, name, as: JSON.self) }
    }

    /// That it is the same workload, and still asks for what was decided upon.
    private func tests(_ live: JSON) throws -> [JSONPatchOperation] {
        guard live["metadata"]?["uid"]?.stringValue == picture.uid, let template = live["spec"]?["template"] else { throw Outdated() }
        guard TemplateDigest.of(template) == digest else { throw Outdated() }
        return [
            .test(JSONPointer("metadata", "uid"), .string(picture.uid)), .test(JSONPointer("spec", "template"), template),
        ]
    }

    private func annotate(_ live: JSON, _ annotations: KeyValuePairs<String, String>) -> [JSONPatchOperation] {
        var patch: [JSONPatchOperation] = []
        if live["metadata"]?["annotations"]?.objectValue == nil { patch.append(.add(JSONPointer("metadata", "annotations"), [:])) }
        return patch + annotations.map { .add(JSONPointer("metadata", "annotations", $0.key), .string($0.value)) }
    }

    private func send(_ patch: [JSONPatchOperation]) async throws {
        try await guarded { try await client.patch(.deployments, name, .json(patch), dryRun: dryRun) }
    }

    /// A refused test means that the world has moved on; what the account may not do stands in the way until somebody changes that.
    @discardableResult
    private func guarded<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as KubeError {
            if error.isInvalid || error.isConflict || error.isAlreadyExists { throw Outdated() }
            if error.isNotFound { throw Outdated() }
            if error.isForbidden { throw Obstacle(description: "\(client.identity) may not do it: \(error)") }
            throw error
        }
    }
}
