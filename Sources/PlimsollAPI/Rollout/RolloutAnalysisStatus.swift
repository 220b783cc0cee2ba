package import KubeModel
package import Values

/// How the release under way, or the last one, stands. It may be lost without harm: the state is in the RolloutRun.
package struct RolloutAnalysisStatus: Fielded, Hashable {
    /// The generation of the spec that this is about.
    package var observedGeneration: Int64 = 0
    package var conditions: [Condition] = []
    package var phase = ""
    package var message = ""
    package var candidate: RevisionReference?
    package var stable: RevisionReference?
    package var step = ""
    /// Such as 25%.
    package var weight = ""
    package var gates: [RolloutGateStatus] = []
    package var lastRollback: RollbackRecord?
    /// The names of the last runs, the latest last.
    package var runs: [String] = []

    package init() {}

    /// Reads what an earlier run wrote; what makes no sense is left out.
    package init(lenient json: JSON) {
        self.init()
        var ignored: [Problem] = []
        for field in Self.fields {
            guard let value = json[field.name], !value.isNull else { continue }
            _ = field.read(value, .root, &self, &ignored)
        }
    }

    package static let maximumRuns = 10

    package static let fields: [Field<RolloutAnalysisStatus>] = [
        .optional("observedGeneration", \.observedGeneration, "The generation of the spec that this is about.", .generation),
        .optional(
            "conditions", \.conditions, "Ready, Reconciling, Stalled, and Preflight.", .named(Condition.self, by: "type", \.type, max: 16)),
        .optional("phase", \.phase, "Idle, Waiting, Progressing, Holding, Promoted, RollingBack, RolledBack or Failed.", .word63),
        .optional("message", \.message, "Why it waits, holds or failed.", .text(max: 1024, example: "step first soaks")),
        .optional("candidate", \.candidate, "The release under way, or the last one.", .object()),
        .optional("stable", \.stable, "What is known to be good.", .object()),
        .optional("step", \.step, "The step under way.", .word63),
        .optional("weight", \.weight, "The share of pods that run the candidate.", .word63),
        .optional("gates", \.gates, "What each gate says.", .named(RolloutGateStatus.self, \.name, max: 16)),
        .optional("lastRollback", \.lastRollback, "The last time that a release was rolled back.", .object()),
        .optional("runs", \.runs, "The RolloutRuns, the latest last.", .list(of: .text(max: 253, example: "checkout-7"), max: maximumRuns)),
    ]
}

/// A ReplicaSet that stands for a template.
package struct RevisionReference: Fielded, Hashable {
    package var name = ""
    package var uid = ""
    /// Of the template, as this daemon names it.
    package var hash = ""

    package init() {}
    package init(name: String, uid: String, hash: String) {
        self.name = name
        self.uid = uid
        self.hash = hash
    }

    package static let fields: [Field<RevisionReference>] = [
        .optional("name", \.name, "The ReplicaSet's name; left out while there is none.", .text(max: 253, example: "checkout-5d4f")),
        .optional("uid", \.uid, "The ReplicaSet's UID.", .text(max: 63, example: "0b1c")),
        .optional("hash", \.hash, "What tells its template from others.", .text(max: 63, example: "3c6ef372fe94f82b")),
    ]
}

package struct RolloutGateStatus: Fielded, Hashable {
    package var name = ""
    package var verdict = ""
    package var evidence = ""
    package var message = ""

    package init() {}
    package init(name: String, verdict: String, evidence: String = "", message: String = "") {
        self.name = name
        self.verdict = verdict
        self.evidence = evidence
        self.message = message
    }

    package static let fields: [Field<RolloutGateStatus>] = [
        .required("name", \.name, "The gate's name.", .word63),
        .required("verdict", \.verdict, "Safe, Bad, NotEnoughEvidence, Inconclusive, Blind or Pending.", .word63),
        .optional(
            "evidence", \.evidence, "The figures behind it, in two digits.", .text(max: 512, example: "canary 12 of 340 bad, stable 1 of 3100")),
        .optional("message", \.message, "What is missing, or wrong.", .text(max: 1024, example: "about 300 more requests of the canary")),
    ]
}

package struct RollbackRecord: Fielded, Hashable {
    package var reason = ""
    package var from = ""
    package var to = ""
    package var decidedAt: Instant?
    package var patchedAt: Instant?
    package var stableAt: Instant?

    package init() {}

    package static let fields: [Field<RollbackRecord>] = [
        .optional("reason", \.reason, "Why.", .text(max: 1024, example: "gate errors called it bad")),
        .optional("from", \.from, "The hash of the bad template.", .word63),
        .optional("to", \.to, "The hash of the good one.", .word63),
        .optional("decidedAt", \.decidedAt, "When the breach was seen and the rollback decided.", .instant),
        .optional("patchedAt", \.patchedAt, "When the target asked for the good template again.", .instant),
        .optional("stableAt", \.stableAt, "When all pods ran it, Ready.", .instant),
    ]
}

extension FieldType where Value == String {
    fileprivate static var word63: FieldType { .text(max: 63, example: "Progressing") }
}
