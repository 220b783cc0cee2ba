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
}
