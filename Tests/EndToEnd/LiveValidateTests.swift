import Glibc
import KubeClient
import KubeModel
import TestSupport
import Testing
import Values

/// `validate` and `backtest` against what runs: a real API server, and a server of our own that stands for a Prometheus that wants a token.
@Suite(.enabled(if: TestEnvironment.binary != nil && TestEnvironment.kubeconfig != nil, "needs the cluster and binary of Deploy/test.sh"))
struct LiveValidateTests {
    private func run(_ arguments: [String]) async throws -> (exit: ChildProcess.Exit, output: String) {
        let scratch = try ScratchDirectory()
        let process = try ChildProcess(try #require(TestEnvironment.binary), arguments, environment: [:], output: scratch.file("out"))
        let exit = try #require(await process.wait(timeout: .seconds(60)))
        return (exit, process.output)
    }

    private func slo(_ name: String, in namespace: String, _ indicator: String = "{ratio: {errors: e, total: t}}", _ more: String = "") -> String {
        """
        apiVersion: plimsoll.dev/v1alpha1
        kind: SLO
        metadata: {name: \(name), namespace: \(namespace)}
        spec:
          service: a
          objective: 99%
          window: {rolling: 1d}
          indicator: \(indicator)
          \(more)

        """
    }

    @Test func filesAreHeldAgainstTheCluster() async throws {
        try await World.with("live") { world in
            let (file, here) = (world.scratch.file("slo.yaml"), world.namespace)
            let composite = "{composite: {method: Worst, members: [{name: there}, {name: nowhere}]}}"
            try writeFile(file, slo("all", in: here, composite))
            let admin = try #require(TestEnvironment.kubeconfig)
            let context = try #require(
                try readFile(admin).split(separator: "\n").first { $0.hasPrefix("current-context:") }?.split(separator: " ").last.map(String.init))
            func check() async throws -> (exit: ChildProcess.Exit, output: String) {
                try await run(["validate", file, "--kubeconfig", admin, "--context", context])
            }
            try await world.apply("there", world.spec())
            let missing = try await check()
            #expect(missing.exit == .code(1))
            #expect(missing.output.contains("\(file):8: spec.indicator.composite.members[1]: there is no such SLO in these files or in the cluster"))
            #expect(!missing.output.contains("members[0]"), "\(missing.output)")

            // The cluster's own composite would lose a member that goes to another Prometheus.
            try await world.apply(
                "all",
                [
                    "service": "a", "objective": "99%", "window": ["rolling": "1d"],
                    "indicator": ["composite": ["method": "Worst", "members": [["name": "there"]]]],
                ])
            try writeFile(file, slo("there", in: here, "{ratio: {errors: e, total: t}}", "source: west"))
            let moved = try await check()
            #expect(moved.exit == .code(0), "\(moved.output)")
            #expect(
                moved.output.contains("warning: \(file):9: spec.source: the composite \(here)/all of the cluster would lose this member"),
                "\(moved.output)")
            #expect(try await world.get("there")["spec"]?["source"]?.stringValue != "west", "nothing was changed")

            // A namespace that is still to come is no fault of the file's.
            try writeFile(file, slo("new", in: "not-there-yet"))
            let early = try await check()
            #expect(early.exit == .code(0) && early.output.contains("warning: \(file):3: metadata.namespace: "), "\(early.output)")

            // What only the API server knows: a label that it does not take.
            try writeFile(file, slo("new", in: here).replacing("name: new,", with: "name: new, labels: {a: 'not a value'},"))
            let refused = try await check()
            #expect(refused.exit == .code(1))
            #expect(refused.output.contains("\(file):3: metadata.labels: the API server refuses it: "), "\(refused.output)")

            // An account that sees only its namespace.
            let account = try await Account(world, "checker", isAdmin: true)
            let kubeconfig = try account.kubeconfig("checker.kubeconfig", user: "{token: \(account.token)}")
            try writeFile(file, slo("some", in: here, composite.replacing("{name: nowhere}", with: "{name: a, namespace: elsewhere}")))
            let narrow = try await run(["validate", file, "--kubeconfig", kubeconfig, "--context", "x"])
            #expect(narrow.exit == .code(0), "\(narrow.output)")
            #expect(
                narrow.output.contains("note: \(file):8: spec.indicator.composite.members[1]: elsewhere/a is not in these files"), "\(narrow.output)")
            let nobody = try await run(["validate", file, "--kubeconfig", kubeconfig, "--context", "y"])
            #expect(nobody.exit == .code(3) && nobody.output.contains("--context: "), "\(nobody.output)")
        }
    }

    @Test func aPrometheusThatWantsATokenIsAskedAsConfigured() async throws {
        let server = try ScriptedServer { request, _ in
            guard request.headers["authorization"] == "Bearer t0ken" else { return .respond(401, pieces: ["who are you?"]) }
            return .json(
                #"{"status":"success","data":{"resultType":"\#(request.target.contains("query_range") ? "matrix" : "vector")","result":[]}}"#)
        }
        defer { server.stop() }
        let scratch = try ScratchDirectory()
        let (file, config) = (scratch.file("slo.yaml"), scratch.file("config.yaml"))
        try writeFile(file, slo("a", in: "shop"))
        try writeFile(scratch.file("token"), "t0ken\n")
        try writeFile(config, "prometheus:\n  - {name: default, url: \"\(server.url)/\", auth: {bearerTokenFile: \(scratch.file("token"))}}\n")
        let stranger = try await run(["validate", file, "--against", server.url])
        #expect(stranger.exit == .code(3) && stranger.output.contains("it wants other credentials"), "\(stranger.output)")
        for place in [server.url, "default"] {
            let known = try await run(["validate", file, "--against", place, "--config", config])
            #expect(known.exit == .code(1) && known.output.contains("selects no series now"), "\(place): \(known.output)")
            let replayed = try await run(["backtest", file, "--prometheus", place, "--days", "1", "--config", config])
            #expect(replayed.exit == .code(0), "\(place): \(replayed.output)")
        }
        // What is wrong by itself is told though the server can't be asked.
        try writeFile(file, slo("a", in: "shop") + "---\n" + slo("b", in: "shop").replacing("99%", with: "100%"))
        let both = try await run(["validate", file, "--against", server.url])
        #expect(both.exit == .code(3) && both.output.contains("spec.objective: "), "\(both.output)")
        #expect(both.output.contains("note: that Prometheus was not asked about shop/a"), "\(both.output)")
        let unknown = try await run(["validate", file, "--against", "west", "--config", config])
        #expect(unknown.exit == .code(2))
        #expect(unknown.output.contains("--against: west is neither a URL nor a Prometheus of the configuration (there are: default)"))
    }

    @Test func whatAnotherSourceEvaluatesIsNotAskedAbout() async throws {
        let server = try ScriptedServer { request, _ in
            .json(
                #"{"status":"success","data":{"resultType":"\#(request.target.contains("query_range") ? "matrix" : "vector")","result":[]}}"#)
        }
        defer { server.stop() }
        let scratch = try ScratchDirectory()
        let (file, config) = (scratch.file("slo.yaml"), scratch.file("config.yaml"))
        try writeFile(file, slo("a", in: "shop", "{ratio: {errors: e, total: t}}", "source: west"))
        try writeFile(config, "prometheus:\n  - {name: default, url: \"\(server.url)\"}\n  - {name: west, url: \"http://127.0.0.1:1\"}\n")
        let checked = try await run(["validate", file, "--against", "default", "--config", config])
        #expect(checked.exit == .code(0), "\(checked.output)")
        #expect(checked.output.contains("note: shop/a is evaluated by the source west, and was not asked about"), "\(checked.output)")
        let replayed = try await run(["backtest", file, "--prometheus", "default", "--days", "1", "--config", config])
        #expect(replayed.exit == .code(0) && replayed.output.contains("and was not replayed"), "\(replayed.output)")
        // A URL that the configuration does not know may be meant for any.
        let other = try ScriptedServer { _, _ in .json(#"{"status":"success","data":{"resultType":"vector","result":[]}}"#) }
        defer { other.stop() }
        let asked = try await run(["validate", file, "--against", other.url, "--config", config])
        #expect(asked.exit == .code(1) && asked.output.contains("selects no series now"), "\(asked.output)")
    }

    @Test func notifiersOfAPolicyAreCheckedAgainstTheConfiguration() async throws {
        let scratch = try ScratchDirectory()
        let (file, config) = (scratch.file("slo.yaml"), scratch.file("config.yaml"))
        try writeFile(
            config,
            """
            prometheus: [{name: default, url: "http://127.0.0.1:1"}]
            notifiers:
              - {name: am, alertmanager: {url: "http://127.0.0.1:2"}, allowedNamespaces: [shop]}
              - {name: theirs, alertmanager: {url: "http://127.0.0.1:2"}, allowedNamespaces: [ai]}

            """)
        func policy(_ notifiers: String) -> String { "policy: [{name: warn, remainingBelow: 5%, actions: [Notify]\(notifiers)}]" }
        let ratio = "{ratio: {errors: e, total: t}}"
        try writeFile(file, slo("a", in: "shop", ratio, policy(", notifiers: [am, nope, theirs]")))
        let bad = try await run(["validate", file, "--config", config])
        #expect(bad.exit == .code(1))
        for problem in [
            #"\#(file):9: spec.policy[0].notifiers[1]: is no configured notifier; open to the namespace shop: am (got "nope")"#,
            #"\#(file):9: spec.policy[0].notifiers[2]: is not open to the namespace shop; open to the namespace shop: am (got "theirs")"#,
        ] { #expect(bad.output.contains(problem), "\(bad.output)") }
        try writeFile(file, slo("a", in: "web", ratio, policy("")))
        let nobody = try await run(["validate", file, "--config", config])
        #expect(nobody.exit == .code(1) && nobody.output.contains("spec.policy[0].actions: Notify tells nobody"), "\(nobody.output)")
        try writeFile(file, slo("a", in: "shop", ratio, policy("")))
        #expect(try await run(["validate", file, "--config", config]).exit == .code(0))
    }

    /// Byte for byte, with the line by which the daemon knows a file's SLO again.
    @Test func renderWritesWhatTheDaemonWrites() async throws {
        try await World.with("render") { world in
            let config = world.scratch.file("fleet.yaml")
            let text = """
                instance: \(world.namespace)
                namespaces: {include: [\(world.namespace)]}
                serving: {address: "127.0.0.1:0"}
                prometheus:
                  - name: default
                    url: \(world.prometheusURL)
                    scrapeInterval: 5s
                    pollInterval: 2s
                    rules:
                      output: Directory
                      directory: {path: \(world.rulesDirectory), reloadURL: "\(world.prometheusURL)/-/reload"}
                      layout: Fleet
                      fleet: {places: 1}
                      interval: 5s

                """
            try writeFile(config, text)
            let daemon = try Daemon(world, config: config)
            try await daemon.ready(world)
            let manifest = slo("a", in: world.namespace)
            try writeFile(world.scratch.file("a.yaml"), manifest)
            let spec = try #require(try YAML.parse(manifest).first?.json["spec"])
            try await world.apply("a", spec)
            let name = "plimsoll_\(world.namespace)_\(world.namespace)_a.yaml"
            #expect(
                await eventually(within: .seconds(60)) {
                    (try? readFile("\(world.rulesDirectory)/\(name)"))?.hasPrefix("# plimsoll.dev/member: ") == true
                })
            let out = world.scratch.file("out")
            #expect(try await run(["render", world.scratch.file("a.yaml"), "--config", config, "-o", out]).exit == .code(0))
            #expect(try readFile("\(out)/\(name)") == readFile("\(world.rulesDirectory)/\(name)"))
            try await world.delete("a")
            try await world.waitForGroups("a") { $0 == 0 }
            #expect(try await daemon.stop() == .code(0))
        }
    }

    /// Nobody should learn by an incident that a Secret isn't there.
    @Test func aNotifierWithoutItsSecretIsToldUntilItIsThere() async throws {
        try await World.with("secret") { world in
            let secret = world.scratch.file("routing-key")
            let daemon = try Daemon(
                world, settings: "notifiers: [{name: oncall, webhook: {template: PagerDuty, url: \"http://127.0.0.1:1\", secretFile: \(secret)}}]")
            try await daemon.ready(world)
            var spec = world.spec()
            spec["policy"] = [["name": "warn", "remainingBelow": "0%", "actions": ["Notify"]]]
            try await world.apply("calm", spec)
            try await world.wait("calm", "Notified", .false)
            let told = try #require(try await world.condition("calm", "Notified"))
            #expect(told.reason == "NotifierUnreadable")
            #expect(
                told.message == "spec.policy[0]: notifier oncall can tell nobody: cannot read the secret file \(secret): No such file or directory")
            #expect(daemon.process.output.contains("the notifier can tell nobody until this is mended"))
            try writeFile(secret, "key\n")
            try await world.wait("calm", "Notified", .true)
            #expect(try await daemon.stop() == .code(0))
        }
    }
}
