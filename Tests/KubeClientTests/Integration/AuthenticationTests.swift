import Glibc
import HTTPTransport
import KubeClient
import KubeModel
import TestSupport
import Testing
import Values

@Suite("IntegrationKubeClientAuthentication", .enabled(if: Cluster.isThere, "needs the real API server (PLIMSOLL_TEST_KUBECONFIG)"))
struct IntegrationAuthenticationTests {
    static func write(_ text: String, to path: String, mode: mode_t = 0o600) throws {
        // A new file under the old name, as kubelet rotates.
        let file = fopen("\(path).new", "w")
        defer { file.map { _ = fclose($0) } }
        guard let file, fputs(text, file) >= 0, fflush(file) == 0, chmod("\(path).new", mode) == 0, rename("\(path).new", path) == 0 else {
            throw Cluster.Missing(description: "can't write \(path)")
        }
    }

    /// The cluster's address and CA without the admin's credentials.
    static func bare() throws -> KubeConfiguration {
        var configuration = try Cluster.configuration()
        configuration.clientCertificate = nil
        configuration.clientKey = nil
        configuration.credential = .none
        return configuration
    }

    static func pem(_ source: PEMSource?) throws -> String {
        guard case .data(let bytes) = source else { throw Cluster.Missing(description: "the admin's kubeconfig has no data") }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func impersonation() async throws {
        try await Cluster.withNamespace { admin, namespace in
            let jane = admin.impersonating(user: "jane", groups: ["readers"])
            let list = { (client: KubeClient) in _ = try await client.list(.configMaps, namespace: namespace, as: ConfigMap.self) }
            let denied = await Cluster.error { try await list(jane) }
            #expect(denied?.isForbidden == true && denied?.isRetriable == false)
            #expect(denied?.status?.message.contains("jane") == true)
            try await Cluster.allow(
                admin, namespace, name: "readers", subject: ["kind": "Group", "name": "readers", "apiGroup": "rbac.authorization.k8s.io"])
            #expect(await eventually { await Cluster.error { try await list(jane) } == nil })
            #expect(await Cluster.error { try await list(admin.impersonating(user: "jane")) }?.isForbidden == true)

            _ = try await Cluster.reader(admin, namespace)
            let account = admin.impersonating(serviceAccount: ObjectKey(namespace: namespace, name: "reader"))
            #expect(await eventually { await Cluster.error { try await list(account) } == nil })
            #expect(
                await Cluster.error { try await account.create(.configMaps, namespace: namespace, body: Cluster.configMap("x")) }?.isForbidden == true
            )

            // One who may not impersonate is refused.
            let token = try await Cluster.reader(admin, namespace, name: "other")
            var configuration = try Self.bare()
            configuration.credential = .token(Secret(token))
            configuration.impersonation = Impersonation(user: "jane")
            try await Cluster.withClient(configuration) { other in
                let error = await Cluster.error { try await list(other) }
                #expect(error?.isForbidden == true)
                #expect(error?.status?.message.contains("impersonate") == true)
            }
        }
    }

    @Test func tokens() async throws {
        try await Cluster.withNamespace { admin, namespace in
            var configuration = try Self.bare()
            configuration.credential = .token(Secret(try await Cluster.reader(admin, namespace)))
            try await Cluster.withClient(configuration) { reader in
                #expect(
                    await eventually {
                        await Cluster.error { _ = try await reader.list(.configMaps, namespace: namespace, as: ConfigMap.self) } == nil
                    })
                #expect(await Cluster.error { _ = try await reader.list(.secrets, namespace: namespace, as: JSON.self) }?.isForbidden == true)
            }
            configuration.credential = .token(Secret("wrong"))
            try await Cluster.withClient(configuration) { wrong in
                let error = await Cluster.error { _ = try await wrong.list(.configMaps, namespace: namespace, as: ConfigMap.self) }
                #expect(error?.isUnauthorized == true)
                let watch = await Cluster.error { _ = try await wrong.watch(.configMaps, as: ConfigMap.self, timeoutSeconds: 5) }
                #expect(watch?.isUnauthorized == true)
            }
            try await Cluster.withClient(try Self.bare()) { anonymous in
                let error = await Cluster.error { _ = try await anonymous.list(.configMaps, namespace: namespace, as: ConfigMap.self) }
                #expect(error?.isForbidden == true || error?.isUnauthorized == true)
            }
        }
    }

    @Test func aRotatedTokenFileIsReadAfterA401() async throws {
        try await Cluster.withNamespace { admin, namespace in
            let token = try await Cluster.reader(admin, namespace)
            let scratch = try ScratchDirectory()
            let path = scratch.file("token")
            var configuration = try Self.bare()
            configuration.credential = .tokenFile(path: path, initial: nil)
            try await Cluster.withClient(configuration) { client in
                let list = { @Sendable () async -> KubeError? in
                    await Cluster.error { _ = try await client.list(.configMaps, namespace: namespace, as: ConfigMap.self) }
                }
                guard case .authentication(let message) = await list() else {
                    Issue.record("a missing token file")
                    return
                }
                #expect(message == "\(path): no such file (the token)")
                try Self.write("stale\n", to: path)
                #expect(await list()?.isUnauthorized == true)
                try Self.write(token + "\n", to: path)
                #expect(await eventually { await list() == nil })
                unlink(path)
                #expect(await list() == nil)  // the old one stays
            }
        }
    }

    @Test func inClusterConfiguration() async throws {
        try await Cluster.withNamespace { admin, namespace in
            let scratch = try ScratchDirectory()
            try Self.write(try await Cluster.reader(admin, namespace), to: scratch.file("token"))
            try Self.write(try Self.pem(admin.configuration.certificateAuthority), to: scratch.file("ca.crt"))
            try Self.write(namespace, to: scratch.file("namespace"))
            let address = admin.configuration.server.dropFirst("https://".count).split(separator: ":").map(String.init)
            let sources = ConfigurationSources(
                environment: ["KUBERNETES_SERVICE_HOST": address[0], "KUBERNETES_SERVICE_PORT": address[1]], serviceAccountDirectory: scratch.path)
            let configuration = try KubeConfiguration.load(explicitPath: nil, context: nil, sources: sources)
            #expect(configuration.namespace == namespace)
            try await Cluster.withClient(configuration) { client in
                #expect(
                    await eventually {
                        await Cluster.error { _ = try await client.list(.configMaps, namespace: namespace, as: ConfigMap.self) } == nil
                    })
            }
        }
    }

    @Test func clientCertificatesFromFilesAndTheirRotation() async throws {
        let admin = try Cluster.configuration()
        let scratch = try ScratchDirectory()
        try Self.write(try Self.pem(admin.clientCertificate), to: scratch.file("cert"))
        try Self.write(try Self.pem(admin.clientKey), to: scratch.file("key"))
        try Self.write("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", to: scratch.file("ca"))
        var configuration = admin
        configuration.clientCertificate = .file(scratch.file("cert"))
        configuration.clientKey = .file(scratch.file("key"))
        try await Cluster.withClient(configuration) { client in _ = try await client.list(.secrets, as: JSON.self, limit: 1) }
        // A CA bundle that becomes usable while the client runs.
        configuration.certificateAuthority = .file(scratch.file("ca"))
        try await Cluster.withClient(configuration, options: KubeClientOptions(certificatePeriod: .milliseconds(50))) { client in
            let early = await Cluster.error { _ = try await client.serverVersion() }
            guard case .transport(let error) = early, case .tls = error.kind else {
                Issue.record("\(String(describing: early))")
                return
            }
            try Self.write(try Self.pem(admin.certificateAuthority), to: scratch.file("ca"))
            #expect(await eventually { await Cluster.error { _ = try await client.serverVersion() } == nil })
        }
    }

    /// The certificate has run out on disk, is refused by the real server, and is renewed in its place.
    @Test(.enabled(if: TestEnvironment.value("CLUSTER_DIR") != nil, "needs the cluster's authority (CLUSTER_DIR)"))
    func anExpiredClientCertificateIsToldAndARenewedOneHeals() async throws {
        let pki = "\(TestEnvironment.value("CLUSTER_DIR") ?? "")/pki"
        let scratch = try ScratchDirectory()
        func openssl(_ arguments: String) async throws {
            let run = try ChildProcess("/usr/bin/openssl", arguments.split(separator: " ").map(String.init), output: scratch.file("openssl.log"))
            guard await run.wait(timeout: .seconds(20)) == .code(0) else { throw Cluster.Missing(description: "a certificate: \(run.output)") }
        }
        func issue(days: Int, _ file: String) async throws {
            try await openssl(
                "x509 -req -in \(scratch.file("csr")) -CA \(pki)/ca.crt -CAkey \(pki)/ca.key -set_serial 7 -days \(days) -out \(scratch.file(file))")
        }
        try await openssl(
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /O=system:masters/CN=brief -keyout \(scratch.file("key")) -out \(scratch.file("csr"))"
        )
        try await issue(days: -1, "expired")
        try await issue(days: 1, "valid")
        var configuration = try Cluster.configuration()
        try Self.write(try readFile(scratch.file("expired")), to: scratch.file("cert"))
        configuration.clientCertificate = .file(scratch.file("cert"))
        configuration.clientKey = .file(scratch.file("key"))
        try await Cluster.withClient(configuration, options: KubeClientOptions(certificatePeriod: .milliseconds(50))) { client in
            let refused = await Cluster.error { _ = try await client.list(.secrets, as: JSON.self, limit: 1) }
            #expect(refused?.isUnauthorized == true, "\(String(describing: refused))")
            try Self.write(try readFile(scratch.file("valid")), to: scratch.file("cert"))
            #expect(await eventually { await Cluster.error { _ = try await client.list(.secrets, as: JSON.self, limit: 1) } == nil })
        }
    }

    @Test func trust() async throws {
        var configuration = try Cluster.configuration()
        configuration.tlsServerName = "not.the.server.example"
        try await Cluster.withClient(configuration) { client in
            guard case .transport(let error) = await Cluster.error({ _ = try await client.serverVersion() }) else {
                Issue.record("a wrong name was accepted")
                return
            }
            #expect(error.kind == .tls(.hostnameMismatch))
        }
        configuration.tlsServerName = "kubernetes.default.svc"
        try await Cluster.withClient(configuration) { client in _ = try await client.serverVersion() }
        configuration.tlsServerName = nil
        configuration.certificateAuthority = nil
        try await Cluster.withClient(configuration) { client in
            guard case .transport(let error) = await Cluster.error({ _ = try await client.serverVersion() }) else {
                Issue.record("an unknown authority was accepted")
                return
            }
            #expect(error.kind == .tls(.untrustedIssuer))
        }
        configuration.insecureSkipTLSVerify = true
        try await Cluster.withClient(configuration) { client in _ = try await client.serverVersion() }
        configuration.certificateAuthority = .file("/nonexistent/ca.crt")
        #expect(throws: KubeConfigurationError.self) { try KubeClient(configuration: configuration) }
    }

    @Test func nobodyListens() async throws {
        var configuration = try Cluster.configuration()
        configuration.server = "https://127.0.0.1:1"
        try await Cluster.withClient(configuration) { client in
            let error = await Cluster.error { _ = try await client.serverVersion() }
            guard case .transport(let cause) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(cause.kind == .connect)
            #expect(error?.isRetriable == true)
            #expect(client.counters(.unary).requests == 3)  // tried again, twice
        }
    }

    static let answer = #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":%}"#

    /// A plug-in that prints what stands in a file, and notes each run.
    static func plugin(_ scratch: ScratchDirectory) throws -> ExecPluginConfiguration {
        try write("#!/bin/sh\necho run >>\"$RUNS\"\nsleep 0.2\ncat \"$ANSWER\"\n", to: scratch.file("mint"), mode: 0o700)
        return ExecPluginConfiguration(
            apiVersion: "client.authentication.k8s.io/v1", command: scratch.file("mint"),
            environment: ["RUNS": Secret(scratch.file("runs")), "ANSWER": Secret(scratch.file("answer"))], interactiveMode: .never)
    }

    static func runs(_ scratch: ScratchDirectory) throws -> Int {
        try SmallFile.read(scratch.file("runs")).map { $0.count { $0 == 0x0A } } ?? 0
    }

    @Test func anExecPlugInRunsOnceAndAgainAfterA401() async throws {
        try await Cluster.withNamespace { admin, namespace in
            let token = try await Cluster.reader(admin, namespace)
            let scratch = try ScratchDirectory()
            try Self.write(Self.answer.replacing("%", with: #"{"token":"stale"}"#), to: scratch.file("answer"))
            var configuration = try Self.bare()
            configuration.credential = .exec(try Self.plugin(scratch))
            try await Cluster.withClient(configuration) { client in
                let list = { @Sendable () async -> KubeError? in
                    await Cluster.error { _ = try await client.list(.configMaps, namespace: namespace, as: ConfigMap.self) }
                }
                #expect(await list()?.isUnauthorized == true)
                #expect(try Self.runs(scratch) == 2)  // once, and once more after the 401
                try Self.write(Self.answer.replacing("%", with: "{\"token\":\"\(token)\"}"), to: scratch.file("answer"))
                // A plug-in whose new credentials were refused too rests for two seconds, however many ask.
                for _ in 0..<5 { #expect(await list()?.isUnauthorized == true) }
                #expect(try Self.runs(scratch) == 2)
                try await Task.sleep(for: .milliseconds(2200))
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<20 { group.addTask { #expect(await list() == nil) } }
                }
                #expect(try Self.runs(scratch) == 3)  // all twenty waited for one run
                #expect(await list() == nil)
                #expect(try Self.runs(scratch) == 3)
            }
        }
    }

    @Test func anExecPlugInMayGiveACertificate() async throws {
        let admin = try Cluster.configuration()
        let scratch = try ScratchDirectory()
        let status: JSON = [
            "clientCertificateData": .string(try Self.pem(admin.clientCertificate)), "clientKeyData": .string(try Self.pem(admin.clientKey)),
        ]
        try Self.write(Self.answer.replacing("%", with: status.text()), to: scratch.file("answer"))
        var configuration = try Self.bare()
        configuration.credential = .exec(try Self.plugin(scratch))
        try await Cluster.withClient(configuration) { client in
            _ = try await client.list(.secrets, as: JSON.self, limit: 1)
            let stream = try await client.watch(.secrets, as: JSON.self, timeoutSeconds: 1)
            for try await _ in stream {}
            #expect(try Self.runs(scratch) == 1)
        }
    }

    @Test func aBrokenExecPlugInIsAMessage() async throws {
        let scratch = try ScratchDirectory()
        var plugin = try Self.plugin(scratch)
        plugin.command = scratch.file("missing")
        plugin.installHint = "install it with your package manager"
        var configuration = try Self.bare()
        configuration.credential = .exec(plugin)
        try await Cluster.withClient(configuration) { client in
            guard case .authentication(let message) = await Cluster.error({ _ = try await client.serverVersion() }) else {
                Issue.record("no authentication error")
                return
            }
            #expect(message.contains("missing can't be started: No such file"))
            #expect(message.contains("install it with your package manager"))
        }
    }

    @Test func waitingForAPlugInCanBeCancelled() async throws {
        let scratch = try ScratchDirectory()
        var plugin = try Self.plugin(scratch)
        try Self.write("#!/bin/sh\nexec sleep 5 2>/dev/null\n", to: plugin.command, mode: 0o700)
        plugin.environment = [:]
        var configuration = try Self.bare()
        configuration.credential = .exec(plugin)
        try await Cluster.withClient(configuration) { client in
            let task = Task { await Cluster.error { _ = try await client.serverVersion() } }
            try await Task.sleep(for: .milliseconds(200))
            task.cancel()
            #expect(await task.value?.isCancelled == true)
        }
    }
}
