import Glibc
import TestSupport
import Testing

@Suite(.enabled(if: TestEnvironment.binary != nil && TestEnvironment.kubeconfig != nil, "needs the cluster and binary of Deploy/test.sh"))
struct CommandLineTests {
    /// Runs the release binary to its end.
    private func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> (exit: ChildProcess.Exit, output: String) {
        let scratch = try ScratchDirectory()
        let process = try ChildProcess(try #require(TestEnvironment.binary), arguments, environment: environment, output: scratch.file("out"))
        let exit = try #require(await process.wait(timeout: .seconds(60)))
        return (exit, process.output)
    }

    @Test func exitCodesAndMessages() async throws {
        let scratch = try ScratchDirectory()
        let bad = scratch.file("bad.yaml")
        try writeFile(
            bad, "apiVersion: plimsoll.dev/v1alpha1\nkind: SLO\nmetadata: {name: a}\nspec:\n  service: a\n  objective: 100%\n  windw: 30d\n")
        let malformed = scratch.file("malformed.yaml")
        try writeFile(malformed, "apiVersion: plimsoll.dev/v1alpha1\nkind: [SLO\n")

        #expect(try await run(["--help"]).exit == .code(0))
        #expect(try await run(["version"]).exit == .code(0))
        #expect(try await run(["nonsense"]).exit == .code(2))
        #expect(try await run(["validate"]).exit == .code(2))

        let invalid = try await run(["validate", bad])
        #expect(invalid.exit == .code(1))
        #expect(invalid.output.contains("\(bad):6: spec.objective:"), "\(invalid.output)")
        #expect(invalid.output.contains("\(bad):7: spec.windw:"), "\(invalid.output)")
        #expect(invalid.output.contains("did you mean \"window\""), "\(invalid.output)")

        let broken = try await run(["validate", malformed])
        #expect(broken.exit == .code(1))
        #expect(broken.output.contains("\(malformed):"), "\(broken.output)")

        let config = scratch.file("config.yaml")
        try writeFile(config, "instance: main\nprometheus:\n  - {name: default, url: \"ftp://x\"}\n")
        let configuration = try await run(["run", "--config", config])
        #expect(configuration.exit == .code(1))
        #expect(configuration.output.contains("\(config):3: prometheus[0].url:"), "\(configuration.output)")
    }

    /// A notifier's problems with their lines.
    @Test func notifiersOfAConfigurationAreChecked() async throws {
        let scratch = try ScratchDirectory()
        let config = scratch.file("config.yaml")
        try writeFile(
            config,
            """
            notifiers:
              - {name: oncall, webhook: {template: PagerDuty, secretFile: /nope/pagerduty}, allowedNamespaces: [shop]}
              - {name: chat, webhook: {template: Slack, secretFile: /etc/plimsoll/slack}}
              - {name: tickets, webhook: {template: Jira, url: "https://x.atlassian.net", secretFile: /s, jira: {project: OPS, user: me@x}}}
              - {name: page, webhook: {template: Statuspage, secretFile: /s, statuspage: {pageID: kctbh9vrtdwd}}}
              - {name: own, webhook: {template: Custom, url: "https://example.com/hook", body: '{"text": "${title}"}'}}
              - {name: am, alertmanager: {url: "http://alertmanager:9093", resendInterval: 30s}}

            """)
        let good = try await run(["validate", "--config", config])
        // A file may be there in the cluster only.
        #expect(good.exit == .code(0))
        #expect(
            good.output.contains(
                "warning: \(config):2: notifiers[0].webhook.secretFile: cannot read the secret file /nope/pagerduty: No such file or directory"))
        #expect(good.output.contains("4 warnings"), "\(good.output)")
        #expect(!good.output.split(separator: "\n").contains { $0.contains("notifiers") && !$0.hasPrefix("warning: ") }, "\(good.output)")
        try writeFile(
            config,
            """
            notifiers:
              - {name: a, webhook: {template: Slack, url: "https://hooks.slack.com/services/T/B/x"}}
              - {name: a, webhook: {template: Custom, url: "https://example.com", body: '{"text": ${titel}}'}}
              - {name: b}
              - {name: c, webhook: {template: PagerDuty, secretFile: /s, jira: {project: ops}}}
              - {name: d, alertmanager: {url: "alertmanager:9093"}}

            """)
        let bad = try await run(["run", "--config", config])
        #expect(bad.exit == .code(1))
        for problem in [
            ":2: notifiers[0].webhook.secretFile: this template needs its secret's file", ":2: notifiers[0].webhook.url: Slack's URL is its secret",
            #":3: notifiers[1].webhook.body: has the unknown placeholder "${titel}""#,
            ":4: notifiers[2].webhook: give exactly one of webhook and alertmanager",
            ":5: notifiers[3].webhook.jira.project: expected the key of a Jira project", ":6: notifiers[4].alertmanager.url: expected an http://",
        ] {
            #expect(bad.output.contains(problem), "no \(problem) in\n\(bad.output)")
        }
    }

    @Test func aRefusedTokenAndAMissingServerAreTheWorldsFault() async throws {
        let scratch = try ScratchDirectory()
        let admin = try readFile(try #require(TestEnvironment.kubeconfig))
        let config = scratch.file("config.yaml")
        try writeFile(config, "serving: {address: \"127.0.0.1:0\"}\n")

        // The same server and CA with a token that is no token.
        let certificate = try #require(admin.split(separator: "\n").first { $0.contains("certificate-authority-data") })
        let server = try #require(admin.split(separator: "\n").first { $0.contains("server:") })
        func trimmed(_ line: Substring) -> String { String(line.drop { $0 == " " || $0 == "-" }) }
        let expired = scratch.file("expired.kubeconfig")
        try writeFile(
            expired,
            """
            apiVersion: v1
            kind: Config
            current-context: x
            contexts: [{name: x, context: {cluster: x, user: x}}]
            users: [{name: x, user: {token: expired}}]
            clusters:
            - name: x
              cluster:
                \(trimmed(server))
                \(trimmed(certificate))

            """)
        let refused = try await run(["run", "--config", config, "--kubeconfig", expired])
        #expect(refused.exit == .code(3), "\(refused.output)")
        #expect(refused.output.contains("401") || refused.output.lowercased().contains("unauthorized"), "\(refused.output)")

        let nobody = try await run(["run", "--config", config, "--kubeconfig", scratch.file("missing")])
        #expect(nobody.exit == .code(3) || nobody.exit == .code(1), "\(nobody.output)")
        #expect(nobody.output.contains("missing"), "\(nobody.output)")
    }

    @Test func renderIsStable() async throws {
        let root = try #require(TestEnvironment.value("PLIMSOLL_TEST_ROOT"))
        let first = try await run(["render", "\(root)/Manifests/samples"])
        let second = try await run(["render", "\(root)/Manifests/samples"])
        #expect(first.exit == .code(0), "\(first.output)")
        #expect(first.output == second.output)
        #expect(first.output.contains("plimsoll:"))
    }

    /// A good SLO with the fields given to it.
    private func manifest(apiVersion: String = "apiVersion: plimsoll.dev/v1alpha1", metadata: String) -> String {
        """
        \(apiVersion)
        kind: SLO
        metadata: \(metadata)
        spec:
          service: a
          objective: 99%
          window: {rolling: 1d}
          indicator: {ratio: {errors: 'e{job="a"}', total: 't{job="a"}'}}

        """
    }

    @Test(arguments: [
        (metadata: "{name: a, namespace: /../../../escaped}", path: "metadata.namespace"), (metadata: "{name: ../../escaped}", path: "metadata.name"),
        (metadata: "{name: A}", path: "metadata.name"), (metadata: "{name: a, namespace: a.b}", path: "metadata.namespace"),
        (metadata: "{name: 5}", path: "metadata.name"), (metadata: "{namespace: a}", path: "metadata.name"),
    ])
    func namesThatNoServerTakesAreRefusedAndLeadNowhere(metadata: String, path: String) async throws {
        let scratch = try ScratchDirectory()
        let file = scratch.file("slo.yaml")
        try writeFile(file, manifest(metadata: metadata))
        let rendered = try await run(["render", file, "-o", scratch.file("a/b/c/out")])
        #expect(rendered.exit == .code(1))
        #expect(rendered.output.contains("\(file):3: \(path): "), "\(rendered.output)")
        #expect(access(scratch.file("a"), F_OK) != 0, "something was written")
    }

    @Test func aFullDeviceIsTheWorldsFaultAndAClosedPipeIsQuiet() async throws {
        let scratch = try ScratchDirectory()
        let bad = scratch.file("bad.yaml")
        try writeFile(bad, manifest(metadata: "{name: A}"))
        let binary = try #require(TestEnvironment.binary)
        // Bash, for the status of a pipe's first command.
        func shell(_ script: String) async throws -> (exit: ChildProcess.Exit, output: String) {
            let process = try ChildProcess(
                "/bin/bash", ["-c", script, "bash", binary, bad], environment: [:], output: scratch.file("shell-\(UInt32.random(in: 0 ... .max))"))
            return (try #require(await process.wait(timeout: .seconds(60))), process.output)
        }
        for command in ["crds", "--help", "version"] {
            let full = try await shell("\"$1\" \(command) >/dev/full")
            #expect(full.exit == .code(3), "\(command): \(full.output)")
            #expect(full.output.contains("cannot write to standard output"), "\(full.output)")
        }
        let piped = try await shell("{ sleep 0.5; \"$1\" crds; exit $?; } | true; exit ${PIPESTATUS[0]}")
        #expect(piped.exit == .code(0), "\(piped.output)")
        #expect(piped.output.isEmpty, "\(piped.output)")
        let failing = try await shell("{ sleep 0.5; \"$1\" validate \"$2\"; exit $?; } | true; exit ${PIPESTATUS[0]}")
        #expect(failing.exit == .code(1), "\(failing.output)")
    }

    @Test(arguments: [
        (text: "kind: SLO\nmetadata: {name: a}\n", problem: "1: apiVersion: expected \"plimsoll.dev/v1alpha1\""),
        (text: "apiVersion: plimsol.dev/v1alpha1\nkind: SLO\n", problem: "1: apiVersion: expected \"plimsoll.dev/v1alpha1\""),
        (text: "- a\n", problem: "1: .: expected an object"), (text: "apiVersion: v1\n", problem: "1: kind: is required"),
        (text: "apiVersion: v1\nkind: List\nitems: {a: b}\n", problem: "3: items: expected a list"),
        (text: "apiVersion: v1\nkind: List\nitems:\n- text\n", problem: "4: .: expected an object"),
        (text: "apiVersion: v1\nkind: {{ .Values.kind }}\n", problem: "2:8: a key must be a string; this looks like a template"),
    ])
    func whatIsNoObjectIsNotPassedOver(text: String, problem: String) async throws {
        let scratch = try ScratchDirectory()
        let file = scratch.file("a.yaml")
        try writeFile(file, text)
        let checked = try await run(["validate", file])
        #expect(checked.exit == .code(1))
        #expect(checked.output.contains("\(file):\(problem)"), "\(checked.output)")
    }

    @Test func otherKindsAreNotedAndPassedOver() async throws {
        let scratch = try ScratchDirectory()
        let file = scratch.file("a.yaml")
        try writeFile(file, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
        let checked = try await run(["validate", file])
        #expect(checked.exit == .code(0))
        #expect(checked.output.contains("note: \(file) holds no object of Plimsoll's"), "\(checked.output)")
    }

    @Test func everyProblemOfADirectoryIsToldInOneRun() async throws {
        let scratch = try ScratchDirectory()
        let folder = scratch.file("manifests")
        try #require(mkdir(folder, 0o755) == 0 && mkdir("\(folder)/folder.yaml", 0o755) == 0 && mkfifo("\(folder)/pipe.yaml", 0o644) == 0)
        try #require(symlink("nowhere", "\(folder)/dangling.yaml") == 0)
        try writeFile("\(folder)/big.yaml", "")
        try #require(truncate("\(folder)/big.yaml", 65 << 20) == 0)
        try writeFile("\(folder)/bad.yaml", manifest(metadata: "{name: A}"))
        try writeFile("\(folder)/good.yaml", manifest(metadata: "{name: good}"))
        try writeFile("\(folder)/malformed.json", "{\"a\": 1,\n \"b\": tru}")
        let checked = try await run(["validate", folder, "\(folder)/good.yaml"])
        #expect(checked.exit == .code(1))
        for problem in ["big.yaml: is larger", "dangling.yaml: cannot be read: No such file", "bad.yaml:3: metadata.name:", "malformed.json:2:"] {
            #expect(checked.output.contains("\(folder)/\(problem)"), "\(problem) in \(checked.output)")
        }
        #expect(checked.output.contains("1 SLO is good, 4 problems"), "\(checked.output)")

        let rest = try await run(["validate", folder, "--exclude", "b*.yaml", "--exclude", "malformed.json", "--exclude", "dangling.yaml"])
        #expect(rest.exit == .code(0), "\(rest.output)")
        #expect(rest.output.contains("1 SLO is good, 0 problems"), "\(rest.output)")
    }
}
