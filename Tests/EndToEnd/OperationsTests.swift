import Glibc
import KubeClient
import KubeModel
import TestSupport
import Testing
import Values

@Suite(.enabled(if: TestEnvironment.binary != nil && TestEnvironment.kubeconfig != nil, "needs the cluster and binary of Deploy/test.sh"))
struct OperationsTests {
    // MARK: Health

    @Test func healthTellsOfEachPart() async throws {
        try await World.with("health") { world in
            let daemon = try Daemon(world)
            try await daemon.ready(world)
            func health() async throws -> JSON { try JSON(parsing: try await world.fetch("\(daemon.metricsURL)/health").text) }
            #expect(
                try await eventually {
                    let health = try await health()
                    return health["status"]?.stringValue == "ok" && health["prometheus"]?[0]?["lastSuccess"]?.stringValue != nil
                })
            let health = try await health()
            #expect(health["phase"]?.stringValue == "running")
            #expect(health["instance"]?.stringValue == world.namespace)
            #expect(health["apiServer"]?["latencySeconds"] != .null && health["apiServer"]?["lastError"] == .null)
            let cache = try #require(health["caches"]?.arrayValue?.first { $0["name"]?.stringValue?.contains("slos") ?? false })
            #expect(cache["synced"] == true && cache["lastError"] == .null && cache["secondsSinceLastByte"] != .null)
            #expect(health["prometheus"]?.arrayValue?.compactMap { $0["question"]?.stringValue } == ["figures", "rules"])
            #expect(health["controllers"]?[0]?["queue"]?["processing"]?.intValue != nil)
            for probe in ["livez", "healthz", "readyz"] {
                let page = try await world.fetch("\(daemon.metricsURL)/\(probe)?verbose")
                #expect(page.status == 200 && page.text.hasSuffix("\(probe) check passed\n"), "\(page)")
            }
            #expect(try await daemon.stop() == .code(0))
        }
    }

    /// A Prometheus that isn't there leaves the daemon ready, and is told.
    @Test func whatIsWrongWithTheWorldIsTold() async throws {
        try await World.with("degraded") { world in
            let daemon = try Daemon(world, prometheusURL: "http://127.0.0.1:\(try freePort())")
            try await daemon.ready(world)
            #expect(
                try await eventually {
                    let health = try JSON(parsing: try await world.fetch("\(daemon.metricsURL)/health").text)
                    return health["status"]?.stringValue == "degraded" && health["prometheus"]?[0]?["lastError"]?.stringValue != nil
                })
            let metrics = try await world.fetch("\(daemon.metricsURL)/metrics").text
            #expect(metrics.contains(#"plimsoll_source_up{question="figures",source="default"} 0"#))
            #expect(metrics.contains("plimsoll_ready 1\n"))
            #expect(try await daemon.stop() == .code(0))
        }
    }

    /// It grows from scrape to scrape though nothing happens in the daemon, and begins anew with a bookmark.
    @Test func theSilenceOfAWatchIsTrueAtEachScrape() async throws {
        try await World.with("silence") { world in
            let daemon = try Daemon(world)
            try await daemon.ready(world)
            func silence() async throws -> Double? {
                let text = try await world.fetch("\(daemon.metricsURL)/metrics").text
                let line = text.split(separator: "\n").first { $0.hasPrefix("plimsoll_reflector_last_byte_age_seconds{") && $0.contains("slos") }
                return line?.split(separator: " ").last.flatMap { Double($0) }
            }
            #expect(try await eventually { try await silence() != nil })
            var last = try #require(try await silence())
            var grew = 0
            for _ in 0..<5 {
                try await Task.sleep(for: .milliseconds(200))
                let now = try #require(try await silence())
                if now > last { grew += 1 }
                last = now
            }
            #expect(grew >= 4, "a bookmark may have come once")
            #expect(try await daemon.stop() == .code(0))
        }
    }

    // MARK: Logs

    @Test func logsAreJSONAndDebugGoesOnAndOff() async throws {
        try await World.with("logs") { world in
            let daemon = try Daemon(world, arguments: ["--log-format", "json"])
            try await daemon.ready(world)
            // While it runs a line may be half written; in the end each must be whole.
            func lines() -> [JSON] { daemon.process.output.split(separator: "\n").compactMap { try? JSON(parsing: String($0)) } }
            #expect(!lines().contains { $0["level"]?.stringValue == "debug" })
            daemon.process.signal(SIGUSR1)
            #expect(await eventually { lines().contains { $0["msg"]?.stringValue == "SIGUSR1: debug messages are on" } })
            try await world.apply("availability", world.spec())
            #expect(await eventually { lines().contains { $0["level"]?.stringValue == "debug" } })
            let toggle = try ChildProcess(
                try #require(TestEnvironment.binary), ["toggle-debug", "\(daemon.process.pid)"], output: world.scratch.file("toggle.log"))
            #expect(await toggle.wait(timeout: .seconds(10)) == .code(0), "\(toggle.output)")
            #expect(await eventually { lines().contains { $0["msg"]?.stringValue == "SIGUSR1: debug messages are off" } })
            #expect(try await daemon.stop() == .code(0))
            for line in daemon.process.output.split(separator: "\n") {
                let json = try? JSON(parsing: String(line))
                #expect(json?["ts"] != nil && json?["logger"] != nil && json?["msg"] != nil, "\(line.prefix(300))")
            }
        }
    }

    // MARK: The start

    /// A plug-in that fails at first, then gives a bad token, then a good one, is waited for.
    @Test func credentialsThatComeLateAreWaitedFor() async throws {
        try await World.with("late") { world in
            let account = try await Account(world, "late", isAdmin: true)
            let (plugin, count, good) = (world.scratch.file("plugin"), world.scratch.file("count"), world.scratch.file("good"))
            try writeFile(good, account.token)
            try writeFile(
                plugin,
                """
                #!/bin/sh
                echo x >>\(count)
                case $(wc -l <\(count)) in
                    1 | 2) echo "not yet" >&2; exit 1 ;;
                    3) token=bad ;;
                    *) token=$(cat \(good)) ;;
                esac
                printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$token"

                """)
            chmod(plugin, 0o700)
            let kubeconfig = try account.kubeconfig(
                "late.yaml",
                user: "{exec: {apiVersion: client.authentication.k8s.io/v1, command: \"\(plugin)\", interactiveMode: Never}}")
            let daemon = try Daemon(world, kubeconfig: kubeconfig)
            try await daemon.ready(world)
            let metrics = try await world.fetch("\(daemon.metricsURL)/metrics").text
            #expect(metrics.contains(#"rest_client_exec_plugin_call_total{call_status="no_error",code="0"}"#))
            // The token says itself when it ends.
            #expect(metrics.contains(#"plimsoll_kube_credential_expiry_timestamp_seconds{credential="exec_token"} 1"#))
            #expect(metrics.contains(#"plimsoll_kube_credential_expiry_timestamp_seconds{credential="certificate_authority"} "#))
            #expect(try await daemon.stop() == .code(0))
        }
    }

    @Test func allMissingRightsAreNamedAtOnce() async throws {
        try await World.with("rights") { world in
            let account = try await Account(world, "nobody", isAdmin: false)
            let daemon = try Daemon(world, kubeconfig: try account.kubeconfig("nobody.yaml", user: "{token: \"\(account.token)\"}"))
            #expect(await daemon.process.wait(timeout: .seconds(60)) == .code(3))
            for right in [
                "list slos.plimsoll.dev", "watch slos.plimsoll.dev", "patch slos/status.plimsoll.dev", "create events.events.k8s.io",
                "patch events.events.k8s.io",
            ] {
                #expect(daemon.process.output.contains("\(right) in namespace \(world.namespace)"), "\(right) in \(daemon.process.output)")
            }
        }
    }
}
