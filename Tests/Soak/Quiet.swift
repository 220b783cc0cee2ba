import KubeClient
import KubeModel
import PlimsollAPI
import TestSupport
import Values

/// With constant traffic no resource version moves; with live traffic an object is written at most twice in ten minutes.
struct Quiet {
    let seconds: Int

    func run() async throws {
        try await World.with("quiet") { world in
            let daemon = try Daemon(world)
            try await daemon.ready(world)
            // Constant: no request of Prometheus fails, so the ratio is 0. Live: the share of one handler in all requests moves all the time.
            for index in 0..<5 { try await world.apply("constant-\(index)", world.spec()) }
            var live = world.spec(objective: "50%")
            live["indicator"] = [
                "ratio": [
                    "errors": #"apiserver_request_total{job="apiserver",verb="WATCH"}"#, "total": #"apiserver_request_total{job="apiserver"}"#,
                ]
            ]
            for index in 0..<5 { try await world.apply("live-\(index)", live) }
            for index in 0..<5 {
                try await world.wait("constant-\(index)", "Ready", .true)
                try await world.wait("live-\(index)", "Ready", .true)
            }
            // A young SLO's windows come one by one: the slow group is evaluated after up to five minutes, and figures wait for their turn after that.
            say("QUIET settling")
            try await Task.sleep(for: .seconds(720))
            var last = try await versions(world)
            var moves: [String: Int] = [:]
            let start = ContinuousClock.now
            while ContinuousClock.now - start < .seconds(seconds) {
                try await Task.sleep(for: .seconds(1))
                let now = try await versions(world)
                for (name, version) in now where last[name] != version { moves[name, default: 0] += 1 }
                last = now
            }
            let constant = moves.filter { $0.key.hasPrefix("constant") }.values.max() ?? 0
            let moved = moves.filter { $0.key.hasPrefix("live") }.values.max() ?? 0
            let allowed = 2 * max(1, seconds / 600)
            say(
                "QUIET seconds=\(seconds) constant-writes-max=\(constant) live-writes-max=\(moved) allowed=\(allowed) \(constant == 0 && moved <= allowed ? "ok" : "FAILED")"
            )
            if constant > 0 || moved > allowed { throw Missing("a quiet status: \(moves)") }
            try await daemon.stop()
        }
    }

    private func versions(_ world: World) async throws -> [String: String] {
        let items = try await world.client.listAll(SLO.resource, namespace: world.namespace, as: SLO.self).items
        return Dictionary(items.map { ($0.metadata.name, $0.metadata.resourceVersion) }) { $1 }
    }
}
