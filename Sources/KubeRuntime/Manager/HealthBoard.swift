import Synchronization

/// What the health pages say, line by line.
package struct HealthReport: Sendable, Hashable, CustomStringConvertible {
    package struct Line: Sendable, Hashable {
        package var name: String
        /// Nil when all is well.
        package var problem: String?
    }
    package var isGood: Bool
    package var lines: [Line]

    /// In the manner of the API server's `?verbose`: `[+]slos ok`, `[-]leases: the server has no such kind`.
    package var description: String {
        lines.map { line in line.problem.map { "[-]\(line.name): \($0)" } ?? "[+]\(line.name) ok" }.joined(separator: "\n")
    }
}

/// Whether the daemon lives and is ready, and what stands in the way. Whoever serves it reads it through `readiness` and `liveness`.
package final class HealthBoard: Sendable {
    package enum Phase: String, Sendable {
        case starting, running, stopping
    }
    /// Nil: all is well.
    package typealias Check = @Sendable () -> String?

    private struct State: Sendable {
        var phase = Phase.starting
        var readiness: [(name: String, check: Check)] = []
        var liveness: [(name: String, check: Check)] = []
    }
    private let state = Mutex(State())

    package init() {}

    package var phase: Phase {
        get { state.withLock(\.phase) }
        set { state.withLock { $0.phase = newValue } }
    }

    /// Adds what must be well for the daemon to be ready.
    package func addReadiness(_ name: String, _ check: @escaping Check) { state.withLock { $0.readiness.append((name, check)) } }

    /// Adds what must be well for the daemon not to be killed. Nothing outside the process belongs here.
    package func addLiveness(_ name: String, _ check: @escaping Check) { state.withLock { $0.liveness.append((name, check)) } }

    /// A cache must have synced once; what troubles it later leaves the daemon ready, as no other replica would fare better.
    package func add(_ cache: any CacheService) {
        addReadiness(cache.name) { cache.hasSynced ? nil : cache.trouble ?? "not listed yet" }
    }

    package var isReady: Bool { readiness().isGood }

    package func readiness() -> HealthReport {
        let (phase, checks) = state.withLock { ($0.phase, $0.readiness) }
        let lines =
            [HealthReport.Line(name: "daemon", problem: phase == .running ? nil : phase.rawValue)]
            + checks.map { HealthReport.Line(name: $0.name, problem: $0.check()) }
        return HealthReport(isGood: lines.allSatisfy { $0.problem == nil }, lines: lines)
    }

    package func liveness() -> HealthReport {
        let lines = state.withLock(\.liveness).map { HealthReport.Line(name: $0.name, problem: $0.check()) }
        return HealthReport(isGood: lines.allSatisfy { $0.problem == nil }, lines: lines)
    }
}
