import Glibc
import HTTPTransport
import PrometheusClient
import PrometheusModel
import TestSupport
import Testing
import Values

/// Against a real Prometheus.
@Suite(
    .serialized,
    .enabled(if: RealPrometheus.binary != nil, "no prometheus on PATH: apt-get install prometheus (Deploy/cluster/packages does)"))
struct IntegrationPrometheusTests {
    private static let configuration = """
        global: {scrape_interval: 1s, evaluation_interval: 1s}
        rule_files: [rules/*.yaml]
        scrape_configs:
          - job_name: self
            metrics_path: /prom/metrics
            static_configs: [{targets: ["127.0.0.1:PORT"]}]
        """

    private static let rules = """
        groups:
          - name: plimsoll/shop/checkout
            interval: 1s
            rules:
              - {record: "test:up:sum", expr: "sum(up)", labels: {team: shop}}
              - {alert: AlwaysFiring, expr: "vector(7)", labels: {severity: page}, annotations: {summary: "It fires."}}
          - name: broken
            rules:
              - {record: "test:broken", expr: '{__name__=~"up|scrape_duration_seconds"}'}
        """

    private func start(_ scratch: ScratchDirectory) throws -> RealPrometheus {
        mkdir(scratch.file("rules"), 0o755)
        return try RealPrometheus(
            configuration: Self.configuration, files: ["rules/good.yaml": Self.rules],
            arguments: [
                "--web.enable-lifecycle", "--web.route-prefix=/prom", "--web.external-url=http://example.com/prom",
                "--storage.tsdb.retention.time=20d",
            ],
            in: scratch)
    }

    private func client(_ server: RealPrometheus, path: String = "/prom/", timeout: Swift.Duration = .seconds(20)) throws -> PrometheusHTTPClient {
        try PrometheusHTTPClient(.init(name: "real", url: "http://127.0.0.1:\(server.port)\(path)", timeout: timeout))
    }

    @Test func everyVerb() async throws {
        let scratch = try ScratchDirectory()
        let server = try start(scratch)
        let client = try client(server)
        #expect(await eventually { (try? await client.isReady()) == true }, "\(server.process.output)")

        // Queries
        #expect(await eventually { (try? await client.vector("up{job=\"self\"} == 1").value.count) == 1 }, "\(server.process.output)")
        let up = try await client.vector("up").value[0]
        #expect(up.metric == ["__name__": "up", "instance": "127.0.0.1:\(server.port)", "job": "self"])
        #expect(up.value == 1)
        #expect(try await client.vector("up", at: .epoch).value.isEmpty)
        #expect(try await client.query("scalar(vector(3))", at: Instant(seconds: 1000)).value == .scalar(timestamp: 1000, value: 3))
        #expect(try await client.query("\"text\"", at: Instant(seconds: 1)).value == .string(timestamp: 1, value: "text"))
        let extremes = try await client.vector(
            "label_replace(vector(1/0), \"a\", \"+\", \"\", \"\") or label_replace(vector(-1/0), \"a\", \"-\", \"\", \"\")"
        ).value
        #expect(Dictionary(uniqueKeysWithValues: extremes.map { ($0.metric["a"] ?? "", $0.value) }) == ["+": .infinity, "-": -.infinity])
        #expect(try await client.vector("vector(0/0)").value.first?.value.isNaN == true)
        let long = "up" + String(repeating: " or up{job=\"x\"}", count: 2000)
        #expect(try await client.vector(long).value.count == 1)
        let now = up.timestamp
        let end = try #require(Instant(secondsSinceEpoch: now))
        let range = try await client.queryRange("vector(1)", from: end.adding(.seconds(-10)), to: end, step: .seconds(5))
        #expect(range.value.matrix?.map(\.points.count) == [3])

        let bad = await #expect(throws: PrometheusError.self) { try await client.query("up{", at: nil) }
        guard case .queryFailed("bad_data", let message) = bad?.kind else {
            Issue.record("\(String(describing: bad))")
            return
        }
        #expect(message.contains("parse error"))
        let tooLong = await #expect(throws: PrometheusError.self) {
            try await client.queryRange("up", from: .epoch, to: end, step: .seconds(1))
        }
        guard case .queryFailed = tooLong?.kind else {
            Issue.record("\(String(describing: tooLong))")
            return
        }

        // Rules and alerts
        #expect(
            await eventually {
                guard let groups = try? await client.rules().value.groups else { return false }
                // The broken rule breaks once there are series.
                return groups.count == 2
                    && groups.allSatisfy { group in group.rules.allSatisfy { $0.health == (group.name == "broken" ? .err : .ok) } }
            })
        let groups = try await client.rules { $0.hasPrefix("plimsoll/") }.value.groups
        #expect(groups.map(\.name) == ["plimsoll/shop/checkout"])
        #expect(groups.first?.interval == 1)
        #expect(groups.first?.rules.map(\.name) == ["test:up:sum", "AlwaysFiring"])
        #expect(groups.first?.rules.allSatisfy { $0.health == .ok && $0.lastEvaluation != nil } == true)
        let broken = try await client.rules { $0 == "broken" }.value.groups.first?.rules.first
        #expect(broken?.health == .err)
        #expect(broken?.lastError.contains("same labelset") == true)
        #expect(await eventually { (try? await client.alerts().value.map(\.state)) == ["firing"] })
        let alert = try #require(try await client.alerts().value.first)
        #expect(alert.labels == ["alertname": "AlwaysFiring", "severity": "page"])
        #expect((alert.annotations, alert.value) == (["summary": "It fires."], 7))

        // What there is
        #expect(await eventually { (try? await client.vector("test:up:sum").value.count) == 1 })
        let series = try await client.series(matching: ["up", "test:up:sum"], from: nil, to: nil).value
        #expect(Set(series.compactMap { $0["__name__"] }) == ["up", "test:up:sum"])
        #expect(try await client.series(matching: ["nothing"], from: nil, to: nil).value.isEmpty)
        #expect(try await client.labelValues("job", matching: [], from: nil, to: nil).value == ["self"])
        #expect(
            try await client.labelValues("team", matching: ["test:up:sum"], from: end.adding(.hours(-1)), to: end.adding(.hours(1))).value == ["shop"]
        )
        #expect(try await client.labelValues("nothing", matching: [], from: nil, to: nil).value.isEmpty)
        let build = try await client.buildInfo()
        #expect(build.version.hasPrefix("2."))
        #expect(try await client.setup() == PrometheusSetup(retention: .days(20)))

        // Reload
        let reload = "http://127.0.0.1:\(server.port)/prom/-/reload"
        try writeFile(scratch.file("rules/more.yaml"), "groups: [{name: more, rules: [{record: \"test:one\", expr: \"1\"}]}]\n")
        try await client.reload(reload)
        #expect(try await client.rules { $0 == "more" }.value.groups.count == 1)
        try writeFile(scratch.file("rules/more.yaml"), "groups: [{name: more, rules: [{record: \"test one\", expr: \"1 +\"}]}]\n")
        let refused = await #expect(throws: PrometheusError.self) { try await client.reload(reload) }
        guard case .refused(500, let why) = refused?.kind else {
            Issue.record("\(String(describing: refused))")
            return
        }
        #expect(why.contains("failed to reload config"))
        let wrong = await #expect(throws: PrometheusError.self) { try await client.reload("http://127.0.0.1:\(server.port)/-/reload") }
        guard case .refused = wrong?.kind else {
            Issue.record("\(String(describing: wrong))")
            return
        }

        // The wrong path
        let lost = try self.client(server, path: "")
        let missing = await #expect(throws: PrometheusError.self) { try await lost.query("up", at: nil) }
        guard case .refused(404, _) = missing?.kind else {
            Issue.record("\(String(describing: missing))")
            return
        }
        await lost.shutdown()
        await client.shutdown()
        await server.stop()
    }

    /// Slow is not down, and both end.
    @Test func slowThenDown() async throws {
        let scratch = try ScratchDirectory()
        let server = try start(scratch)
        let client = try client(server, timeout: .seconds(2))
        #expect(await eventually { (try? await client.isReady()) == true }, "\(server.process.output)")
        server.process.signal(SIGSTOP)
        let slow = await #expect(throws: PrometheusError.self) { try await client.query("up", at: nil) }
        #expect(slow?.description.hasPrefix("Prometheus 'real' did not answer in time: ") == true)
        server.process.signal(SIGCONT)
        #expect(await eventually { (try? await client.query("up", at: nil)) != nil })
        await server.stop()
        let down = await #expect(throws: PrometheusError.self) { try await client.query("up", at: nil) }
        #expect(down?.description.hasPrefix("Prometheus 'real' can't be reached: ") == true)
        await client.shutdown()
    }

    /// Basic authentication over TLS with a client certificate, as Prometheus's own web configuration asks for.
    @Test(.enabled(if: RealPrometheus.openssl != nil, "no openssl on PATH"))
    func credentials() async throws {
        let scratch = try ScratchDirectory()
        let openssl = try #require(RealPrometheus.openssl)
        let script = """
            set -e; cd \(scratch.path)
            key() { \(openssl) req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -subj /CN=$1 "${@:2}"; }
            key ca -x509 -days 2 -out ca.pem -addext basicConstraints=critical,CA:TRUE
            for who in server client stranger; do
              key $who -out $who.csr
              \(openssl) x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out $who.pem \
                -extfile <(echo "subjectAltName=IP:127.0.0.1")
            done
            key other -x509 -days 2 -out other.pem
            """
        let made = try ChildProcess("/bin/bash", ["-c", script], output: scratch.file("openssl.log"))
        #expect(await made.wait(timeout: .seconds(60)) == .code(0), "\(made.output)")
        // The bcrypt hash of "correct horse".
        let web = """
            tls_server_config:
              {cert_file: server.pem, key_file: server.key, client_ca_file: ca.pem, client_auth_type: RequireAndVerifyClientCert}
            basic_auth_users: {plimsoll: "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"}
            """
        let server = try RealPrometheus(
            configuration: "global: {scrape_interval: 1m}\n", files: ["web.yml": web, "password": "correct horse\n"],
            arguments: ["--web.config.file=\(scratch.file("web.yml"))"], in: scratch)
        func client(ca: String? = "ca.pem", certificate: String? = "client", password: String = "password") throws -> PrometheusHTTPClient {
            try PrometheusHTTPClient(
                .init(
                    name: "secured", url: "https://127.0.0.1:\(server.port)",
                    credentials: .basic(username: "plimsoll", passwordFile: scratch.file(password)), caFile: ca.map(scratch.file),
                    clientCertificateFile: certificate.map { scratch.file("\($0).pem") }, clientKeyFile: certificate.map { scratch.file("\($0).key") }
                ))
        }
        let good = try client()
        #expect(await eventually { (try? await good.isReady()) == true }, "\(server.process.output)")
        #expect(try await good.query("1", at: .epoch).value == .scalar(timestamp: 0, value: 1))

        // The password changes on disk: the next request has it.
        try writeFile(scratch.file("password"), "battery staple\n")
        let wrong = await #expect(throws: PrometheusError.self) { try await good.query("1", at: nil) }
        #expect(wrong?.kind == .refused(status: 401, message: "it wants other credentials: Unauthorized"))
        try writeFile(scratch.file("password"), "correct horse\n")
        #expect(try await good.query("1", at: .epoch).value == .scalar(timestamp: 0, value: 1))
        await good.shutdown()

        for (ca, certificate) in [("ca.pem", nil), ("other.pem", "client"), (nil, "client")] as [(String?, String?)] {
            let refused = try client(ca: ca, certificate: certificate)
            let error = await #expect(throws: PrometheusError.self) { try await refused.query("1", at: nil) }
            guard case .unreachable = error?.kind else {
                Issue.record("\(String(describing: error))")
                continue
            }
            await refused.shutdown()
        }
        let missing = try client(certificate: "nobody")
        let error = await #expect(throws: PrometheusError.self) { try await missing.query("1", at: nil) }
        #expect(error?.kind == .misconfigured("cannot read the client certificate file \(scratch.file("nobody.pem")): No such file or directory"))
        await missing.shutdown()
        await server.stop()
    }
}
