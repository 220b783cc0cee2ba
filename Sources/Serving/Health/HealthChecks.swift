import Synchronization

/// Named checks behind `/healthz` (is the process worth keeping?) and `/readyz` (may it be sent work?).
///
/// A check runs when a probe asks, on the serving thread: it reads state that somebody else keeps and never waits.
package final class HealthChecks: Sendable {
    package enum Probe: String, Sendable, CaseIterable {
        case live = "healthz"
        case ready = "readyz"
    }

    package enum Verdict: Sendable, Hashable {
        case passing
        /// `reason` in words that tell what to look at; it is shown to whoever asks, so no secrets.
        case failing(reason: String)
    }

    private struct Check {
        let name: String
        let probes: Set<Probe>
        let run: @Sendable () -> Verdict
    }
    private struct State {
        var checks: [Check] = []
        var stopping = false
    }
    private let state = Mutex(State())

    package init() {}

    /// Adds a check; one of the same name is replaced.
    package func register(_ name: String, _ probes: Set<Probe> = [.ready], check: @escaping @Sendable () -> Verdict) {
        state.withLock { state in
            state.checks.removeAll { $0.name == name }
            state.checks.append(.init(name: name, probes: probes, run: check))
        }
    }

    package func remove(_ name: String) { state.withLock { state in state.checks.removeAll { $0.name == name } } }

    /// From now on `/readyz` fails, whatever the checks say: the first step of a stop. `/healthz` goes on as before.
    package func beginShutdown() { state.withLock { $0.stopping = true } }

    package func report(_ probe: Probe) -> HealthReport {
        let (checks, stopping) = state.withLock { ($0.checks, $0.stopping) }
        var results: [HealthReport.Result] = []
        if probe == .ready, stopping { results.append(.init(name: "shutdown", verdict: .failing(reason: "the daemon is stopping"))) }
        for check in checks.filter({ $0.probes.contains(probe) }).sorted(by: { $0.name < $1.name }) {
            results.append(.init(name: check.name, verdict: check.run()))
        }
        return .init(probe: probe, results: results)
    }
}

/// What all checks of a probe said at one moment.
package struct HealthReport: Sendable, Hashable {
    package struct Result: Sendable, Hashable {
        package var name: String
        package var verdict: HealthChecks.Verdict
    }

    package var probe: HealthChecks.Probe
    /// By name.
    package var results: [Result]

    package var isPassing: Bool { results.allSatisfy { $0.verdict == .passing } }

    /// The API server's shape: a line a check, `[+]name ok` or `[-]name: reason`, then the sum. Without `verbose` only the failing ones, or
    /// `ok`.
    package func text(verbose: Bool) -> String {
        if isPassing, !verbose { return "ok\n" }
        var text = ""
        for result in results {
            switch result.verdict {
            case .passing: if verbose { text += "[+]\(result.name) ok\n" }
            case .failing(let reason):
                let line = reason.split(whereSeparator: \.isNewline).joined(separator: " ")
                text += "[-]\(result.name): \(line)\n"
            }
        }
        return text + "\(probe.rawValue) check \(isPassing ? "passed" : "failed")\n"
    }
}
