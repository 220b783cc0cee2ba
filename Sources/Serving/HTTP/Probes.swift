/// What all checks behind a probe say at one moment.
package struct ProbeReport: Sendable, Hashable {
    package struct Check: Sendable, Hashable {
        package var name: String
        /// Why it fails, in words that tell what to look at; nil when all is well. Shown to whoever asks, so no secrets.
        package var problem: String?

        package init(_ name: String, problem: String? = nil) {
            self.name = name
            self.problem = problem
        }
    }

    package var checks: [Check]

    package init(_ checks: [Check] = []) { self.checks = checks }

    package var isGood: Bool { checks.allSatisfy { $0.problem == nil } }

    /// The API server's shape: a line a check, `[+]name ok` or `[-]name: problem`, then the sum. Without `verbose` only the failing ones, or
    /// `ok`.
    package func text(_ probe: String, verbose: Bool) -> String {
        if isGood, !verbose { return "ok\n" }
        var text = ""
        for check in checks {
            if let problem = check.problem {
                text += "[-]\(check.name): \(problem.split(whereSeparator: \.isNewline).joined(separator: " "))\n"
            } else if verbose {
                text += "[+]\(check.name) ok\n"
            }
        }
        return text + "\(probe) check \(isGood ? "passed" : "failed")\n"
    }
}

/// What stands behind `/livez` and `/healthz` (is the process worth keeping?) and `/readyz` (may it be sent work?).
///
/// They are asked on the serving thread, for each request: they read state that somebody else keeps and never wait.
package struct Probes: Sendable {
    package var live: @Sendable () -> ProbeReport
    package var ready: @Sendable () -> ProbeReport

    package init(live: @escaping @Sendable () -> ProbeReport = { .init() }, ready: @escaping @Sendable () -> ProbeReport = { .init() }) {
        self.live = live
        self.ready = ready
    }
}
