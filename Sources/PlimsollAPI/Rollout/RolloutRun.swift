package import KubeModel
package import Values

/// One attempt to release: what it began with, and how far it is. Made and owned by the daemon; whoever may write it may decide about the release.
package struct RolloutRun: KubeObject {
    package static let resource = ResourceKind(group: "plimsoll.dev", version: "v1alpha1", kind: "RolloutRun", plural: "rolloutruns")

    package var metadata: ObjectMeta
    package var spec: RolloutRunSpec
    package var status: RolloutRunStatus

    package init(metadata: ObjectMeta, spec: RolloutRunSpec, status: RolloutRunStatus) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }

    package init(reading reader: inout JSONReader) throws { try self.init(json: reader.readJSON()) }

    /// Throws where it makes no sense: a run that can't be read must not pass for one that has only begun.
    package init(json: JSON) throws {
        metadata = ObjectMeta(json: json["metadata"] ?? .null)
        var problems: [Problem] = []
        guard let spec = RolloutRunSpec.decode(json["spec"] ?? .null, at: "spec", problems: &problems),
            let status = RolloutRunStatus.decode(json["status"] ?? .null, at: "status", problems: &problems)
        else { throw problems.first ?? Problem("spec", "makes no sense") }
        self.spec = spec
        self.status = status
    }

    package var json: JSON {
        var metadata: JSON = [
            "name": .string(self.metadata.name), "namespace": .string(self.metadata.namespace), "labels": self.metadata.labels.json,
            "ownerReferences": .array(self.metadata.ownerReferences.map(\.json)),
        ]
        if !self.metadata.resourceVersion.isEmpty { metadata["resourceVersion"] = .string(self.metadata.resourceVersion) }
        return [
            "apiVersion": .string(Self.resource.apiVersion), "kind": .string(Self.resource.kind), "metadata": metadata, "spec": spec.json,
            "status": status.json,
        ]
    }
}

package struct RolloutRunSpec: Fielded, Hashable {
    package var analysis = ""
    package var attempt: Int64 = 0
    package var target = RolloutTarget()
    package var generation: Int64 = 0
    /// The analysis's spec as it was when the run began.
    package var settings: JSON?

    package init() {}

    package static let fields: [Field<RolloutRunSpec>] = [
        .required("analysis", \.analysis, "The RolloutAnalysis.", .text(min: 1, max: 253, example: "checkout")),
        .required(
            "attempt", \.attempt, "Counts the attempts of the analysis; 0 is what ran when it was first looked at.", .integer(0...wholeAttempts)),
        .required("target", \.target, "The workload.", .object()),
        .optional("generation", \.generation, "The generation of the analysis's spec that it began with.", .generation),
        .optional("settings", \.settings, "The analysis's spec of that generation.", .opaque),
    ]
    private static let wholeAttempts: Int64 = 1 << 31
}

package struct RolloutRunStatus: Fielded, Hashable {
    package var phase = ""
    package var message = ""
    package var candidate: RevisionReference?
    package var stable: RevisionReference?
    package var startedAt: Instant?
    /// What the machine remembers.
    package var state: JSON?
    /// What the gates remember.
    package var checkpoint: JSON?
    /// What happened, the latest last.
    package var decisions: [RolloutDecision] = []

    package init() {}

    package static let maximumDecisions = 64

    package static let fields: [Field<RolloutRunStatus>] = [
        .optional("phase", \.phase, "As the analysis's.", .text(max: 63, example: "Progressing")),
        .optional("message", \.message, "Why.", .text(max: 1024, example: "step first soaks")),
        .optional("candidate", \.candidate, "What is released.", .object()),
        .optional("stable", \.stable, "What is known to be good.", .object()),
        .optional("startedAt", \.startedAt, "When it began.", .instant),
        .optional("state", \.state, "What the machine remembers.", .opaque),
        .optional("checkpoint", \.checkpoint, "What the gates remember.", .opaque),
        .optional(
            "decisions", \.decisions, "What happened, the latest last.",
            .list(of: .object(RolloutDecision.self), max: maximumDecisions)),
    ]
}

/// Something that was decided or that somebody asked for.
package struct RolloutDecision: Fielded, Hashable {
    package var at: Instant?
    package var reason = ""
    package var message = ""
    package var author = ""

    package init() {}
    package init(at: Instant, reason: String, message: String, author: String = "") {
        self.at = at
        self.reason = reason
        self.message = message
        self.author = author
    }

    package static let fields: [Field<RolloutDecision>] = [
        .optional("at", \.at, "When.", .instant),
        .optional("reason", \.reason, "What, in a word.", .text(max: 128, example: "Promoted")),
        .optional("message", \.message, "Why.", .text(max: 1024, example: "every gate is Safe")),
        .optional("author", \.author, "Who asked for it, where a person did.", .text(max: 253, example: "Unverified")),
    ]
}
