import KubeModel
import KubeRuntime
import PlimsollAPI
import ServiceLevels

/// An output with rules besides that SLOs share.
struct FleetOutput: RuleOutput {
    let own: any RuleOutput
    let shared: FleetWriter

    /// Its own first, as what is shared reads what these record; but alerts of its own go only once there are shared ones.
    func write(_ rules: GeneratedRules, for slo: SLO) async throws -> Bool {
        guard let member = rules.member(slo) else {
            return try await own.write(rules, for: slo)
        }
        if !shared.hasServed(member), await own.carriesAll(slo.metadata.key) {
            shared.wrote(member)
            throw SharedFirst()
        }
        let isChanged = try await own.write(rules, for: slo)
        shared.wrote(member)
        return isChanged
    }

    func isComplete(_ rules: GeneratedRules, for slo: SLO) -> Bool { rules.member(slo).map(shared.hasServed) ?? true }

    func observed(_ rules: GeneratedRules, of key: ObjectKey, _ observation: SLOObservation, isLoaded: Bool) {
        if rules.place == nil {
            // All rules are its own by now.
            if isLoaded { shared.removed(key) }
        } else if observation.sharedDigests.contains(rules.digest), rules.alertClass.map(observation.sharedDigests.contains) ?? true {
            shared.serves(key, digest: rules.digest)
        }
    }

    func carriesAll(_ key: ObjectKey) async -> Bool { await own.carriesAll(key) }

    func version(of key: ObjectKey) -> String { own.version(of: key) }

    func remove(_ key: ObjectKey) async throws {
        try await own.remove(key)
        shared.removed(key)
    }

    func disown(_ key: ObjectKey) { shared.removed(key) }

    func sweep(keeping kept: @escaping @Sendable () -> Set<ObjectKey>) async throws {
        try await own.sweep(keeping: kept)
        shared.keep(kept)
    }

    func trouble(of key: ObjectKey) -> String? { own.trouble(of: key) ?? shared.trouble(of: key) }

    func onLoad(_ handler: @escaping @Sendable (Set<ObjectKey>) -> Void) { own.onLoad(handler) }

    var parts: [ManagedPart] { own.parts + [shared.part] }
}

/// The rules that an SLO will share are not there yet.
struct SharedFirst: Error, CustomStringConvertible {
    var description: String { "Prometheus must have the rules first that it is to share with others; until then its own stay as they are" }
}
