import KubeModel
import KubeRuntime
import PlimsollAPI
import PrometheusModel
import ServiceLevels

/// Rules as files that a Prometheus loads from a directory, with a reload after changes.
struct DirectoryOutput: RuleOutput {
    let directory: RuleDirectory
    let reloads: ReloadCoalescer

    func write(_ rules: GeneratedRules, for slo: SLO) async throws -> Bool {
        let isChanged = try await directory.write(RuleObjects.fileText(rules, for: slo), for: slo.metadata.key)
        if isChanged { reloads.changed(slo.metadata.key) }
        return isChanged
    }

    /// Nobody tells of changed files: they are looked at from time to time.
    func version(of key: ObjectKey) -> String { "" }

    func carriesAll(_ key: ObjectKey) async -> Bool {
        await directory.text(of: key).map { RuleObjects.member(inFile: $0) == nil } ?? false
    }

    func remove(_ key: ObjectKey) async throws {
        if try await directory.remove(key) { reloads.changed(nil) }
    }

    func sweep(keeping kept: @escaping @Sendable () -> Set<ObjectKey>) async throws {
        if try await directory.sweep(keeping: kept) { reloads.changed(nil) }
    }

    func trouble(of key: ObjectKey) -> String? { reloads.trouble(of: key) }

    func onLoad(_ handler: @escaping @Sendable (Set<ObjectKey>) -> Void) { reloads.onReload(handler) }

    var parts: [ManagedPart] {
        [ManagedPart("reloads of \(directory.path)") { [reloads] in await reloads.run() }]
    }
}
