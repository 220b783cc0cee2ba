package import Values

/// What is remembered of a version that was rolled back, so that it does not come back; it lifts by itself when the desired version moves on.
package struct Tombstone: Sendable, Hashable {
    /// Of the bad version.
    package var template: String
    /// Of the version that serves in its place.
    package var good: String
    /// The run that found it bad.
    package var run: String
    package var reason: String
    package var at: Instant
    package var owner: WorkloadOwner
    /// Of the owner's source, when the bad version was rolled back; nil where it could not be read.
    package var revision: String?
    package var quarantine: RollbackChoice.Quarantine

    /// A pin on the workload that is never taken away would keep the fix out, too.
    package static let longestPin = PromDuration.hours(24)

    package init(
        template: String, good: String, run: String, reason: String, at: Instant, owner: WorkloadOwner, revision: String? = nil,
        quarantine: RollbackChoice.Quarantine
    ) {
        self.template = template
        self.good = good
        self.run = run
        self.reason = reason
        self.at = at
        self.owner = owner
        self.revision = revision
        self.quarantine = quarantine
    }

    package enum Lift: Sendable, Hashable {
        /// A version is asked for that is neither the bad one nor the one in its place.
        case movedOn(to: String)
        /// Somebody asks for the good version again, where the bad one had stayed in the spec.
        case reverted
        /// Its source has another revision, which the owner can only apply when it is let.
        case sourceMoved(to: String)
        /// Nobody could tell whether the source moved, for as long as a pin may last.
        case expired
    }

    /// - Parameters:
    ///   - desired: the template that the workload asks for now.
    ///   - revision: of the owner's source, now; nil where it could not be read.
    /// - Returns: nil as long as it stays.
    package func lift(desired: String, revision now: String?, at time: Instant) -> Lift? {
        if desired != template, desired != good { return .movedOn(to: desired) }
        switch quarantine {
        // After an undo the workload asks for the good version because we said so.
        case .stayPaused: return desired == good ? .reverted : nil
        case .annotate:
            if let now, let revision, now != revision { return .sourceMoved(to: now) }
            return time.since(at) >= Self.longestPin ? .expired : nil
        case .starveOnReturn, .holdPartition, .restoreOnce: return nil
        }
    }

    /// Whether the bad version is asked for again in spite of all: the owner was let, and its source still says so, or somebody applied it by hand.
    package func isBack(desired: String) -> Bool { desired == template && quarantine != .stayPaused }

    /// What follows when it is back: the version in its place serves at full strength, so that the bad one can be starved whoever applies it, and how
    /// often.
    package mutating func starve() { quarantine = .stayPaused }
}

extension Tombstone.Lift: CustomStringConvertible {
    package var description: String {
        switch self {
        case .movedOn(let template): "version \(template) is asked for"
        case .reverted: "the good version is asked for again"
        case .sourceMoved(let revision): "its source is at \(revision)"
        case .expired: "the pin has lasted \(Tombstone.longestPin), and its source could not be read"
        }
    }
}

extension Tombstone {
    package var json: JSON {
        [
            "template": .string(template), "good": .string(good), "run": .string(run), "reason": .string(reason),
            "at": .string(at.microsecondsText), "owner": owner.json, "revision": revision.map { .string($0) } ?? .null,
            "quarantine": quarantine.json,
        ]
    }

    /// Nil where it makes no sense.
    package init?(json: JSON) {
        guard let template = json["template"]?.stringValue, let good = json["good"]?.stringValue, let run = json["run"]?.stringValue,
            let reason = json["reason"]?.stringValue, let at = json["at"]?.stringValue.flatMap(Instant.init(rfc3339:)),
            let owner = json["owner"].flatMap(WorkloadOwner.init(json:)),
            let quarantine = json["quarantine"].flatMap(RollbackChoice.Quarantine.init(json:))
        else { return nil }
        self.init(
            template: template, good: good, run: run, reason: reason, at: at, owner: owner, revision: json["revision"]?.stringValue,
            quarantine: quarantine)
    }
}

extension RollbackChoice.Quarantine {
    package var json: JSON {
        switch self {
        case .annotate(let key, let value): ["kind": "Annotate", "key": .string(key), "value": .string(value)]
        case .stayPaused: ["kind": "StayPaused"]
        case .starveOnReturn: ["kind": "StarveOnReturn"]
        case .holdPartition: ["kind": "HoldPartition"]
        case .restoreOnce: ["kind": "RestoreOnce"]
        }
    }

    /// Nil where it makes no sense.
    package init?(json: JSON) {
        switch json["kind"]?.stringValue {
        case "Annotate":
            guard let key = json["key"]?.stringValue, let value = json["value"]?.stringValue else { return nil }
            self = .annotate(key: key, value: value)
        case "StayPaused": self = .stayPaused
        case "StarveOnReturn": self = .starveOnReturn
        case "HoldPartition": self = .holdPartition
        case "RestoreOnce": self = .restoreOnce
        default: return nil
        }
    }
}
