import TestSupport
import Values

/// The leader killed, ended and stopped again and again while objects are edited; the audit log tells whether an old leader wrote once more.
struct Leader {
    let runs: Int
    let spans: Replicas.Spans
    /// How long a stopped leader stands still.
    let pause: Swift.Duration

    func run() async throws {
        try await World.with("leader") { world in
            let replicas = Replicas(world, spans: spans)
            var leader = try await replicas.start("0")
            try await replicas.waitUntilLeads(leader)
            var all: [Failover] = []
            try await Editor(world).during { [self] in
                for run in 1...max(1, runs) {
                    let blow = Blow.allCases[run % Blow.allCases.count]
                    let standby = try await replicas.start("\(run)")
                    let failover = try await replicas.failover(blow, of: leader, to: standby, pause: pause)
                    let isFine = failover.late.isEmpty && failover.transitions == 1 && exitIsFine(failover)
                    say(
                        "LEADER run=\(run) blow=\(blow) failover=\(seconds(failover.took)) exit=\(failover.exit) writes=\(failover.writes) late-writes=\(failover.late.count) \(isFine ? "ok" : "FAILED")"
                    )
                    for write in failover.late { say("late: \(write)") }
                    all.append(failover)
                    leader = standby
                }
            }
            try await replicas.converge()
            try await leader.stop()
            try table(all)
        }
    }

    private func exitIsFine(_ failover: Failover) -> Bool {
        switch failover.blow {
        case .kill: failover.exit == .signal(9)
        case .term: failover.exit == .code(0)
        case .stop: failover.exit == .code(3)
        }
    }

    private func table(_ all: [Failover]) throws {
        var failed = 0
        for blow in Blow.allCases {
            let some = all.filter { $0.blow == blow }
            let times = some.map(\.took).sorted()
            guard let most = times.last else { continue }
            let late = some.map(\.late.count).reduce(0, +)
            let odd = some.count { !exitIsFine($0) || $0.transitions != 1 }
            failed += late + odd
            say(
                "LEADER-TOTAL blow=\(blow) runs=\(some.count) failover-median=\(seconds(times[times.count / 2])) failover-most=\(seconds(most)) writes=\(some.map(\.writes).reduce(0, +)) late-writes=\(late) odd-ends=\(odd) \(late + odd == 0 ? "ok" : "FAILED")"
            )
        }
        if failed > 0 { throw Missing("a clean hand-over in every run") }
    }

    private func seconds(_ time: Swift.Duration) -> String {
        let milliseconds = time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000
        return "\(Double(milliseconds) / 1000)s"
    }
}
