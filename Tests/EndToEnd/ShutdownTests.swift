import Glibc
import TestSupport
import Testing

@Suite(.enabled(if: TestEnvironment.binary != nil && TestEnvironment.kubeconfig != nil, "needs the cluster and binary of Deploy/test.sh"))
struct ShutdownTests {
    @Test func anIdleDaemonEndsAtOnce() async throws {
        try await World.with("idle") { world in
            let daemon = try Daemon(world)
            try await daemon.ready(world)
            #expect(try await daemon.stop(within: .seconds(5)) == .code(0))
        }
    }

    @Test func aStuckPrometheusDoesNotHoldTheEndUp() async throws {
        try await World.with("stuck") { world in
            // A server that accepts and never answers: SIGSTOP leaves its kernel acknowledging.
            let port = try freePort()
            let python = try #require(TestEnvironment.executable("python3"))
            let stuck = try ChildProcess(
                python, ["-m", "http.server", "\(port)", "--bind", "127.0.0.1", "--directory", world.scratch.path],
                output: world.scratch.file("stuck.log"))
            #expect(await eventually(within: .seconds(10)) { (try? await world.fetch("http://127.0.0.1:\(port)/"))?.status == 200 })
            stuck.signal(SIGSTOP)
            let daemon = try Daemon(world, prometheusURL: "http://127.0.0.1:\(port)")
            try await daemon.ready(world)
            try await world.apply("waiting", world.spec())
            try await Task.sleep(for: .seconds(2))
            #expect(try await daemon.stop(within: .seconds(35)) == .code(0))
            stuck.signal(SIGKILL)
        }
    }
}
