import TestSupport
import Values

/// The leader killed, ended, stopped and cut off again and again while objects are edited; the audit log tells whether an old leader wrote once more.
struct Leader {
    let runs: Int
    let spans: Replicas.Spans
    /// How long a stopped leader stands still.
    let pause: Swift.Duration

    func run() async throws {
        guard let kubeconfig = TestEnvironment.kubeconfig else { throw Missing("the real cluster: run by Deploy/soak.sh") }
        try await TCPRelay.with(kubeconfig) { relay, throughIt in
            try await World.with("leader") { world in
                let replicas = Replicas(world, spans: spans)
                // Only who is to be cut off goes through the relay: it would add to what the others' blows do.
                func start(_ run: Int) async throws -> Daemon {
                    try await replicas.start("\(run)", kubeconfig: blow(run) == .partition ? throughIt : nil)
                }
                var leader = try await start(1)
                try await replicas.waitUntilLeads(leader)
                let editor = Editor(world)
                var all: [Failover] = []
                for run in 1...max(1, runs) {
                    let standby = try await start(run + 1)
                    let old = leader
                    let failover = try await editor.during {
                        try await replicas.failover(
                            blow(run), of: old, to: standby, relay: blow(run) == .partition ? relay : nil, pause: pause)
                    }
                    // Nobody edits any more: what was lost in the hand-over is not made up for by the next edit.
                    try await replicas.converge()
                    tell(run, failover)
                    all.append(failover)
                    leader = standby
                }
                try await leader.stop()
                try table(all)
            }
        }
    }

    /// What hits the leader in a run.
    private func blow(_ run: Int) -> Blow { Blow.allCases[run % Blow.allCases.count] }

    private func tell(_ run: Int, _ failover: Failover) {
        say(
            "LEADER run=\(run) blow=\(failover.blow) failover=\(seconds(failover.took)) exit=\(failover.exit) writes=\(failover.writes) late-writes=\(failover.late.count) \(isFine(failover) ? "ok" : "FAILED")"
        )
        for write in failover.late { say("late: \(write)") }
    }

    private func isFine(_ failover: Failover) -> Bool { failover.late.isEmpty && !isOdd(failover) }

    /// A leader that wrote nothing before the blow shows nothing.
    private func isOdd(_ failover: Failover) -> Bool { failover.writes == 0 || failover.transitions != 1 || !exitIsFine(failover) }

    private func exitIsFine(_ failover: Failover) -> Bool {
        switch failover.blow {
        case .kill: failover.exit == .signal(9)
        case .term: failover.exit == .code(0)
        case .stop, .partition: failover.exit == .code(3)
        }
    }

    private func table(_ all: [Failover]) throws {
        for blow in Blow.allCases {
            let some = all.filter { $0.blow == blow }
            let times = some.map(\.took).sorted()
            guard let most = times.last else { continue }
            let late = some.map(\.late.count).reduce(0, +)
            let odd = some.count(where: isOdd)
            say(
                "LEADER-TOTAL blow=\(blow) runs=\(some.count) failover-median=\(seconds(times[times.count / 2])) failover-most=\(seconds(most)) writes=\(some.map(\.writes).reduce(0, +)) late-writes=\(late) odd-ends=\(odd) \(late + odd == 0 ? "ok" : "FAILED")"
            )
        }
        if !all.allSatisfy(isFine) { throw Missing("a clean hand-over in every run") }
    }

    private func seconds(_ time: Swift.Duration) -> String {
        let milliseconds = time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000
        return "\(Double(milliseconds) / 1000)s"
    }
}
