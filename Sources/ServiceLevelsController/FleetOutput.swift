import KubeModel
import KubeRuntime
import PlimsollAPI
import ServiceLevels

/// An output with rules besides that SLOs share.
struct FleetOutput: RuleOutput {
    let own: any RuleOutput
    let shared: FleetWriter

    /// Its own first: what is shared reads what these record.
    func write(_ rules: GeneratedRules, for slo: SLO) async throws -> Bool {
        let isChanged = try await own.write(rules, for: slo)
        if let member = rules.member(slo) { shared.wrote(member) }
        return isChanged
    }

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
