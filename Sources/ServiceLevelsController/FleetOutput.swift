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
            let isChanged = try await own.write(rules, for: slo)
            shared.removed(slo.metadata.key)
            return isChanged
        }
        if !shared.holds(member), await own.carriesAll(slo.metadata.key) {
            shared.wrote(member)
            throw SharedFirst()
        }
        let isChanged = try await own.write(rules, for: slo)
        shared.wrote(member)
        return isChanged
    }

    func isComplete(_ rules: GeneratedRules, for slo: SLO) -> Bool { rules.member(slo).map(shared.holds) ?? true }

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
    var description: String { "the rules that it is to share with others are written first; until then its own stay as they are" }
}
