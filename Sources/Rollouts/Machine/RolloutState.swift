package import Values

package enum RolloutPhase: String, Sendable, Hashable, CaseIterable {
    case idle = "Idle"
    case waiting = "Waiting"
    case progressing = "Progressing"
    case holding = "Holding"
    case promoted = "Promoted"
    case rollingBack = "RollingBack"
    case rolledBack = "RolledBack"
    case failed = "Failed"
}

/// What the machine remembers, in the RolloutRun. It is stored before what follows from it is done.
package struct RolloutState: Sendable, Hashable {
    package struct Rollback: Sendable, Hashable {
        package var reason: String
        package var from: String
        package var to: String
        /// When the gate's verdict, or the person's word, was seen; the decision is of the same moment.
        package var decidedAt: Instant
        /// When the patch was seen to be made.
        package var patchedAt: Instant?
        /// When all pods were seen to run the good version, Ready.
        package var stableAt: Instant?
        /// When it was seen put back once more, after the bad one had come back and was kept out. There is no third time.
        package var restoredAt: Instant?
    }

    package var phase = RolloutPhase.idle
    /// The last template known to be good.
    package var stable = ""
    package var candidate = ""
    /// Attempts since the beginning, so that each run has a name of its own.
    package var attempt = 0
    package var startedAt: Instant?
    package var step = 0
    /// When the step's weight was reached, Ready.
    package var reachedAt: Instant?
    package var rollback: Rollback?
    /// Templates that were rolled back. They lift as soon as another one is asked for.
    package var rejected: [String] = []
    package var pausedBy = ""
    package var promotedBy = ""
    package var handledCommand = ""
    /// Why it holds, waits or failed.
    package var message = ""

    package init() {}

    /// The name of the present run, of the same attempt always the same.
    package var run: String { "\(candidate)-\(attempt)" }

    /// The mark of the second and last rollback of the run.
    package var lastRun: String { "\(run)/again" }

    package var isActive: Bool { phase == .waiting || phase == .progressing || phase == .holding }
}

extension RolloutState {
    package var json: JSON {
        var object: JSON = [
            "phase": .string(phase.rawValue), "stable": .string(stable), "candidate": .string(candidate), "attempt": .int(attempt),
            "step": .int(step),
            "rejected": .array(rejected.map { .string($0) }), "pausedBy": .string(pausedBy), "promotedBy": .string(promotedBy),
            "handledCommand": .string(handledCommand), "message": .string(message),
        ]
        object["startedAt"] = startedAt.map { .string($0.microsecondsText) }
        object["reachedAt"] = reachedAt.map { .string($0.microsecondsText) }
        if let rollback {
            var record: JSON = [
                "reason": .string(rollback.reason), "from": .string(rollback.from), "to": .string(rollback.to),
                "decidedAt": .string(rollback.decidedAt.microsecondsText),
            ]
            record["patchedAt"] = rollback.patchedAt.map { .string($0.microsecondsText) }
            record["stableAt"] = rollback.stableAt.map { .string($0.microsecondsText) }
            record["restoredAt"] = rollback.restoredAt.map { .string($0.microsecondsText) }
            object["rollback"] = record
        }
        return object
    }

    /// Nil where it makes no sense.
    package init?(json: JSON) {
        guard let phase = json["phase"]?.stringValue.flatMap(RolloutPhase.init(rawValue:)), let stable = json["stable"]?.stringValue,
            let candidate = json["candidate"]?.stringValue, let attempt = json["attempt"]?.intValue.flatMap(Int.init(exactly:)),
            let step = json["step"]?.intValue.flatMap(Int.init(exactly:)), let rejected = json["rejected"]?.arrayValue
        else { return nil }
        func time(_ json: JSON?) -> Instant? { json?.stringValue.flatMap(Instant.init(rfc3339:)) }
        self.init()
        self.phase = phase
        self.stable = stable
        self.candidate = candidate
        self.attempt = attempt
        self.step = step
        self.rejected = rejected.compactMap(\.stringValue)
        startedAt = time(json["startedAt"])
        reachedAt = time(json["reachedAt"])
        pausedBy = json["pausedBy"]?.stringValue ?? ""
        promotedBy = json["promotedBy"]?.stringValue ?? ""
        handledCommand = json["handledCommand"]?.stringValue ?? ""
        message = json["message"]?.stringValue ?? ""
        guard let record = json["rollback"] else { return }
        guard let reason = record["reason"]?.stringValue, let from = record["from"]?.stringValue, let to = record["to"]?.stringValue,
            let decidedAt = time(record["decidedAt"])
        else { return nil }
        rollback = Rollback(
            reason: reason, from: from, to: to, decidedAt: decidedAt, patchedAt: time(record["patchedAt"]), stableAt: time(record["stableAt"]),
            restoredAt: time(record["restoredAt"]))
    }
}
