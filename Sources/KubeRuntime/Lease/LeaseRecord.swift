import KubeModel
package import Values

/// What a Lease says, read leniently: whatever anybody wrote there must neither stop nor hurry the election.
package struct LeaseRecord: Sendable, Hashable {
    /// Empty: nobody.
    package var holder: String
    /// As written; nil where it is missing or no number.
    package var durationSeconds: Int64?
    package var transitions: Int64
    /// As written; empty where it is missing or no text.
    package var renewTime: String
    /// Whether it was ever held: somebody's times are in it.
    package var wasHeld: Bool
    /// Whether it was acquired and renewed at the same moment: only who lets go writes that.
    private var hasOneTime: Bool
    /// The fields that a holder writes, as they stand there. Two records with the same stamp show no sign of life between them.
    package var stamp: JSON

    private static let fields = ["holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime", "leaseTransitions"]

    package init(_ lease: JSON) {
        let spec = lease["spec"] ?? .null
        switch spec["holderIdentity"] {
        case .string(let text)?: holder = text
        case .null?, nil: holder = ""
        // Nonsense, but somebody's.
        case let other?: holder = other.text()
        }
        durationSeconds = spec["leaseDurationSeconds"]?.intValue
        transitions = min(max(spec["leaseTransitions"]?.intValue ?? 0, 0), Int64(Int32.max))
        renewTime = spec["renewTime"]?.stringValue ?? ""
        hasOneTime = !renewTime.isEmpty && spec["acquireTime"]?.stringValue == renewTime
        wasHeld = ["acquireTime", "renewTime"].contains { !(spec[$0]?.isNull ?? true) }
        stamp = .object(JSONObject(Self.fields.map { (key: $0, value: spec[$0] ?? .null) }))
    }

    /// A holder that let go says so by a duration of one second and one time for all; a name that was blanked by somebody else may still be at work.
    var isReleased: Bool { holder.isEmpty && (!wasHeld || (durationSeconds == 1 && hasOneTime)) }

    /// How long its holder's silence is waited for: what it asks for, but not less than our own duration, and bounded.
    func patience(own: Swift.Duration) -> Swift.Duration {
        let asked = Swift.Duration.seconds(min(max(durationSeconds ?? 0, 0), 1 << 32))
        return min(max(asked, own), max(own, LeaseSettings.longest))
    }
}

/// Writes Leases.
enum LeaseBody {
    /// A Lease that is not there yet.
    static func new(_ settings: LeaseSettings, holder: String, acquired: Instant, renewed: Instant, transitions: Int64) -> JSON {
        var metadata: JSON = ["name": .string(settings.key.name), "namespace": .string(settings.key.namespace)]
        if !settings.labels.isEmpty {
            metadata["labels"] = .object(JSONObject(settings.labels.map { (key: $0.key, value: .string($0.value)) }))
        }
        let bare: JSON = [
            "apiVersion": .string(ResourceKind.leases.apiVersion), "kind": .string(ResourceKind.leases.kind), "metadata": metadata,
        ]
        return changed(
            bare, holder: holder, durationSeconds: settings.leaseDuration.components.seconds, acquired: acquired, renewed: renewed,
            transitions: transitions)
    }

    /// The Lease as it was read, with our fields in it; what others keep there stays. Its resourceVersion makes the write conditional.
    static func changed(_ lease: JSON, holder: String, durationSeconds: Int64, acquired: Instant, renewed: Instant, transitions: Int64) -> JSON {
        var lease = lease
        if lease["spec"]?.objectValue == nil { lease["spec"] = .object(JSONObject()) }
        lease["metadata"]?["managedFields"] = nil
        lease["spec"]?["holderIdentity"] = .string(holder)
        lease["spec"]?["leaseDurationSeconds"] = .int(durationSeconds)
        lease["spec"]?["acquireTime"] = .string(acquired.microsecondsText)
        lease["spec"]?["renewTime"] = .string(renewed.microsecondsText)
        lease["spec"]?["leaseTransitions"] = .int(transitions)
        return lease
    }
}
