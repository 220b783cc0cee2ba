import Glibc
import KubeClient
import KubeModel
import TestSupport
import Testing
import Values

@Suite(.enabled(if: TestEnvironment.binary != nil && TestEnvironment.kubeconfig != nil, "needs the cluster and binary of Deploy/test.sh"))
struct SupportBundleTests {
    /// Planted wherever a secret may lie; none of it may come out.
    private static let planted = "pl4nt3d-S3cr3t"

    private struct Unpacked {
        let manifest: JSON
        let folder: String

        var files: [String] { (manifest["files"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue } }
        var missing: [String: String] {
            Dictionary((manifest["missing"]?.arrayValue ?? []).map { ($0["name"]?.stringValue ?? "", $0["why"]?.stringValue ?? "") }) { a, _ in a }
        }
        func text(_ name: String) throws -> String { try readFile("\(folder)/\(name)") }
        func json(_ name: String) throws -> JSON { try JSON(parsing: try text(name)) }
    }

    private func run(_ world: World, _ executable: String, _ arguments: [String]) async throws -> (exit: ChildProcess.Exit?, output: String) {
        let process = try ChildProcess(executable, arguments, output: world.scratch.file("run-\(UInt32.random(in: 0 ... .max)).log"))
        return (await process.wait(timeout: .seconds(90)), process.output)
    }

    private func bundle(_ world: World, _ arguments: [String]) async throws -> Unpacked {
        let archive = world.scratch.file("bundle-\(UInt32.random(in: 0 ... .max)).tar")
        let made = try await run(world, try #require(TestEnvironment.binary), ["support-bundle", "-o", archive] + arguments)
        #expect(made.exit == .code(0), "\(made.output)")
        let listed = try await run(world, try #require(TestEnvironment.executable("tar")), ["-xvf", archive, "-C", world.scratch.path])
        #expect(listed.exit == .code(0), "\(listed.output)")
        let first = try #require(listed.output.split(separator: "\n").first)
        let folder = world.scratch.file(String(first.prefix { $0 != "/" }))
        let grep = try await run(world, "/bin/grep", ["-rF", Self.planted, folder])
        #expect(grep.exit == .code(1), "a secret is in the bundle: \(grep.output)")
        let unpacked = Unpacked(manifest: try JSON(parsing: try readFile("\(folder)/manifest.json")), folder: folder)
        #expect(
            Set(listed.output.split(separator: "\n").map { String($0.drop { $0 != "/" }.dropFirst()) }) == Set(unpacked.files + ["manifest.json"]))
        return unpacked
    }

    /// Objects of a user's with secrets in places where they should not be, and some where they should.
    private func plant(_ world: World) async throws {
        let labels: JSON = ["app.kubernetes.io/name": "plimsoll"]
        try await world.client.create(
            .secrets, namespace: world.namespace,
            body: ["metadata": ["name": "plimsoll", "labels": labels], "stringData": ["token": .string(Self.planted)]])
        try await world.client.create(
            .configMaps, namespace: world.namespace,
            body: [
                "metadata": ["name": "plimsoll", "labels": labels],
                "data": [
                    "plimsoll.yaml": .string(
                        "prometheus:\n  - name: a\n    url: http://u:\(Self.planted)@h/\n    password: |\n      \(Self.planted)\n"),
                    // No YAML: secrets are known by their fields' names all the same, to the end of the line and in the lines below.
                    "broken.yaml": .string(
                        "prometheus: [\n  - password: \"two \(Self.planted)\"\n    token: |\n      \(Self.planted)\n      and \(Self.planted)\n    url: }\n"
                    ),
                    "note": .string("Authorization: Bearer \(Self.planted)"),
                ],
            ])
        #expect(
            await eventually {
                (try? await world.client.get(.serviceAccounts, ObjectKey(namespace: world.namespace, name: "default"), as: JSON.self)) != nil
            })
        try await world.client.create(
            .pods, namespace: world.namespace,
            body: [
                "metadata": ["name": "plimsoll-0", "labels": labels],
                "spec": [
                    // The account's token may not be there yet, and this pod runs nowhere.
                    "automountServiceAccountToken": false,
                    "containers": [
                        [
                            "name": "plimsoll", "image": "example.invalid/plimsoll", "args": [.string("--token=\(Self.planted)")],
                            "env": [["name": "ANYTHING", "value": .string(Self.planted)]],
                        ]
                    ],
                ],
            ])
        var spec = world.spec()
        spec["alerting"] = ["page": ["annotations": ["runbook_url": .string("https://u:\(Self.planted)@runbooks.example.com/")]]]
        try await world.apply("availability", spec)
    }

    @Test func everythingIsInsideButSecrets() async throws {
        try await World.with("bundle") { world in
            try await plant(world)
            let account = try await Account(world, "asker", isAdmin: true)
            let daemon = try Daemon(world)
            try await daemon.ready(world)
            try await world.wait("availability", "Ready", .true)
            let common = ["--namespace", world.namespace, "--config", daemon.config, "--daemon", daemon.metricsURL]

            let whole = try await bundle(world, ["--kubeconfig", try #require(TestEnvironment.kubeconfig)] + common)
            for file in [
                "version.txt", "configuration.json", "configuration-problems.txt", "cluster/server.txt", "cluster/version.json", "cluster/crds.json",
                "cluster/slos.json", "cluster/events.json", "cluster/leases.json", "cluster/access.json", "daemon/configmaps.json",
                "daemon/pods.json",
                "daemon/health.json", "daemon/metrics.txt", "daemon/readyz.txt", "daemon/livez.txt",
            ] {
                #expect(whole.files.contains(file), "no \(file) in \(whole.files), missing \(whole.missing)")
            }
            // The pod runs nowhere here, so what it would serve is missing, with the reason, and nothing else is.
            #expect(whole.missing.keys.allSatisfy { $0.hasPrefix("daemon/plimsoll-0/") } && !whole.missing.isEmpty, "\(whole.missing)")
            #expect(whole.missing.values.allSatisfy { !$0.isEmpty })
            let slo = try #require(
                try whole.json("cluster/slos.json").arrayValue?.first { $0["metadata"]?["namespace"]?.stringValue == world.namespace })
            #expect(slo["status"]?["conditions"] != nil && slo["metadata"]?["managedFields"] == nil)
            #expect(try whole.json("daemon/health.json")["status"] != nil)
            #expect(try whole.text("daemon/metrics.txt").contains("plimsoll_build_info"))
            #expect(try whole.json("cluster/access.json").arrayValue?.allSatisfy { $0["allowed"] == true } ?? false)
            #expect(try whole.json("cluster/crds.json")[0]?["versions"]?[0]?["name"]?.stringValue == "v1alpha1")
            #expect(try whole.json("configuration.json")["instance"]?.stringValue == world.namespace)
            #expect(
                try whole.json("daemon/configmaps.json")[0]?["data"]?["plimsoll.yaml"]?["prometheus"]?[0]?["url"]?.stringValue
                    == "http://<redacted>@h/")
            #expect(try whole.json("daemon/pods.json")[0]?["spec"]?["containers"]?[0]?["env"]?[0]?["name"]?.stringValue == "ANYTHING")

            // An account with fewer rights gets what it may see, and is told the rest; its own token is nowhere.
            let kubeconfig = try account.kubeconfig("asker.yaml", user: "{token: \"\(account.token)\"}")
            let part = try await bundle(world, ["--kubeconfig", kubeconfig] + common)
            #expect(part.missing["cluster/slos.json"]?.contains("forbidden") ?? false, "\(part.missing)")
            #expect(part.files.contains("daemon/pods.json") && part.files.contains("daemon/metrics.txt"))
            #expect(try part.json("cluster/access.json").arrayValue?.contains { $0["allowed"] == false } ?? false)
            let leak = try await run(world, "/bin/grep", ["-rF", account.token, part.folder])
            #expect(leak.exit == .code(1))
            #expect(try await daemon.stop() == .code(0))
        }
    }

    /// Nothing can be reached, and the kubeconfig is not there: there is a bundle all the same.
    @Test func withoutACluster() async throws {
        try await World.with("bundle-alone") { world in
            let config = world.scratch.file("broken.yaml")
            try writeFile(config, "prometheus:\n  - {name: a, url: \"http://u:\(Self.planted)@h\"}\n")
            let dead = "http://127.0.0.1:\(try freePort())"
            let none = try await bundle(world, ["--config", config, "--daemon", dead, "--kubeconfig", world.scratch.file("nowhere")])
            #expect(Set(none.missing.keys) == ["cluster", "daemon/health.json", "daemon/readyz.txt", "daemon/livez.txt", "daemon/metrics.txt"])
            #expect(try none.text("configuration-problems.txt").contains("prometheus[0].url"))
            // To standard output, as from a pod.
            let piped = try await run(
                world, "/bin/sh",
                [
                    "-c", #""$0" support-bundle -o - --kubeconfig /nowhere 2>"$1" | tar -t"#, try #require(TestEnvironment.binary),
                    world.scratch.file("stderr"),
                ])
            #expect(piped.exit == .code(0) && piped.output.contains("/manifest.json"), "\(piped.output)")
            let refused = try await run(
                world, try #require(TestEnvironment.binary), ["support-bundle", "-o", "/nowhere/x.tar", "--kubeconfig", "/nowhere"])
            #expect(refused.exit == .code(3) && refused.output.contains("/nowhere/x.tar"), "\(refused.output)")
        }
    }
}
