import HTTPTransport
import Synchronization
import TestSupport
import Testing
import Values

@testable import KubeClient

/// Certificates and keys of every usual kind, made by the openssl command line.
private struct Made: Sendable {
    let certificate: [UInt8]
    let key: [UInt8]
}

@Suite(.enabled(if: TestEnvironment.executable("openssl") != nil, "needs openssl"))
struct CertificateReadingTests {
    private static let kinds: [String: [String]] = [
        "rsa": ["-newkey", "rsa:2048"], "p256": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        "p384": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"], "p521": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"],
        "ed25519": ["-newkey", "ed25519"],
    ]

    private static func openssl(_ scratch: ScratchDirectory, _ arguments: [String]) async throws {
        let process = try ChildProcess(try #require(TestEnvironment.executable("openssl")), arguments, output: scratch.file("openssl.log"))
        #expect(await process.wait(timeout: .seconds(60)) == .code(0), "\(process.output)")
    }

    private static func make(_ scratch: ScratchDirectory, _ name: String, _ kind: String) async throws -> Made {
        try await openssl(
            scratch,
            [
                "req", "-x509", "-nodes", "-days", "3", "-subj", "/CN=\(name)", "-keyout", scratch.file("\(name).key"), "-out",
                scratch.file("\(name).pem"),
            ]
                + (kinds[kind] ?? []))
        return Made(certificate: Array(try readFile(scratch.file("\(name).pem")).utf8), key: Array(try readFile(scratch.file("\(name).key")).utf8))
    }

    @Test(arguments: ["rsa", "p256", "p384", "p521"])
    func aPairIsToldFromTwoHalves(kind: String) async throws {
        let scratch = try ScratchDirectory()
        let (a, b) = (try await Self.make(scratch, "a", kind), try await Self.make(scratch, "b", kind))
        #expect(CertificateReading.isPair(certificatePEM: a.certificate, keyPEM: a.key) == true)
        #expect(CertificateReading.isPair(certificatePEM: a.certificate, keyPEM: b.key) == false)
        #expect(CertificateReading.isPair(certificatePEM: a.certificate + b.certificate, keyPEM: a.key) == true)
        #expect(CertificateReading.isPair(certificatePEM: b.certificate + a.certificate, keyPEM: a.key) == false)
        // The old formats (PKCS #1, SEC 1) hold the same numbers.
        try await Self.openssl(scratch, ["pkey", "-traditional", "-in", scratch.file("a.key"), "-out", scratch.file("old.key")])
        let old = Array(try readFile(scratch.file("old.key")).utf8)
        #expect(String(decoding: old, as: UTF8.self).contains(kind == "rsa" ? "BEGIN RSA PRIVATE KEY" : "BEGIN EC PRIVATE KEY"))
        #expect(CertificateReading.isPair(certificatePEM: a.certificate, keyPEM: old) == true)
        #expect(CertificateReading.isPair(certificatePEM: b.certificate, keyPEM: old) == false)
    }

    @Test func whatAFileDoesNotTellIsNotGuessed() async throws {
        let scratch = try ScratchDirectory()
        let ed = try await Self.make(scratch, "ed", "ed25519")
        #expect(CertificateReading.isPair(certificatePEM: ed.certificate, keyPEM: ed.key) == nil)
        let ec = try await Self.make(scratch, "ec", "p256")
        try await Self.openssl(
            scratch, ["pkcs8", "-topk8", "-in", scratch.file("ec.key"), "-out", scratch.file("locked.key"), "-passout", "pass:word"])
        #expect(CertificateReading.isPair(certificatePEM: ec.certificate, keyPEM: Array(try readFile(scratch.file("locked.key")).utf8)) == nil)
        try await Self.openssl(scratch, ["ec", "-in", scratch.file("ec.key"), "-no_public", "-out", scratch.file("bare.key")])
        #expect(CertificateReading.isPair(certificatePEM: ec.certificate, keyPEM: Array(try readFile(scratch.file("bare.key")).utf8)) == nil)
        for rubbish in ["", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nMIIB", "no PEM"] {
            #expect(CertificateReading.isPair(certificatePEM: Array(rubbish.utf8), keyPEM: ec.key) == nil)
            #expect(CertificateReading.isPair(certificatePEM: ec.certificate, keyPEM: Array(rubbish.utf8)) == nil)
            #expect(CertificateReading.all(pem: Array(rubbish.utf8)).isEmpty)
        }
    }

    @Test func theEndIsRead() async throws {
        let scratch = try ScratchDirectory()
        let made = try await Self.make(scratch, "a", "p256")
        try await Self.openssl(
            scratch, ["x509", "-in", scratch.file("a.pem"), "-noout", "-enddate", "-dateopt", "iso_8601", "-out", scratch.file("end.txt")])
        // `notAfter=2026-11-24 12:00:00Z`
        let end = try readFile(scratch.file("end.txt")).split(separator: "=").last.map { $0.filter { !$0.isNewline } } ?? ""
        let read = try #require(CertificateReading.all(pem: made.certificate).first)
        #expect(read.notAfter.secondsText == end.split(separator: " ").joined(separator: "T"))
    }

    /// Whoever rotates a pair writes one file after the other; in between the old pair stays, and the files are looked at again soon.
    @Test func aHalfWrittenPairIsNotTakenIntoUse() async throws {
        let scratch = try ScratchDirectory()
        let (a, b) = (try await Self.make(scratch, "a", "p256"), try await Self.make(scratch, "b", "p256"))
        let (certificate, key) = (scratch.file("client.pem"), scratch.file("client.key"))
        func write(_ bytes: [UInt8], _ path: String) throws { try writeFile(path, String(decoding: bytes, as: UTF8.self)) }
        try write(a.certificate, certificate)
        try write(a.key, key)
        let configuration = KubeConfiguration(server: "https://h", origin: "test", clientCertificate: .file(certificate), clientKey: .file(key))
        let clock = Mutex(Swift.Duration.zero)
        var options = KubeClientOptions()
        options.uptime = { clock.withLock { $0 } }
        let keeper = TLSKeeper(
            configuration: configuration, options: options, material: try TLSMaterial.options(configuration, exec: nil), pools: [])
        #expect(keeper.expiries.map(\.0) == ["client_certificate"])

        try write(b.certificate, certificate)
        clock.withLock { $0 = options.certificatePeriod }
        keeper.refreshIfDue()
        try await Task.sleep(for: .milliseconds(300))
        #expect(keeper.material.clientCertificatePEM == a.certificate && keeper.material.clientKeyPEM == a.key)

        try write(b.key, key)
        keeper.refreshIfDue()
        try await Task.sleep(for: .milliseconds(100))
        #expect(keeper.material.clientKeyPEM == a.key, "not yet due")
        clock.withLock { $0 += TLSKeeper.tornPeriod }
        keeper.refreshIfDue()
        #expect(await eventually { keeper.material.clientCertificatePEM == b.certificate && keeper.material.clientKeyPEM == b.key })

        // A pair that was torn at the very start is looked at soon as well.
        try write(a.certificate, certificate)
        let torn = TLSKeeper(
            configuration: configuration, options: options, material: try TLSMaterial.options(configuration, exec: nil), pools: [])
        try write(a.key, key)
        clock.withLock { $0 += TLSKeeper.tornPeriod }
        torn.refreshIfDue()
        #expect(await eventually { torn.material.clientKeyPEM == a.key })
    }

    /// Every truncation and many single changed bytes: no crash, whatever comes of it.
    @Test func damagedCertificatesDoNoHarm() async throws {
        let scratch = try ScratchDirectory()
        let made = try await Self.make(scratch, "a", "p256")
        let der = try #require(PEM.blocks(made.certificate).first).bytes
        for length in 0..<der.count { _ = CertificateReading(der: Array(der.prefix(length))) }
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<5000 {
            var damaged = der
            damaged[Int.random(in: 0..<der.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            _ = CertificateReading(der: damaged)
        }
    }
}

@Suite struct TokenExpiryTests {
    @Test(arguments: [
        // {"exp":1790000000}
        ("e30.eyJleHAiOjE3OTAwMDAwMDB9.c2ln", 1_790_000_000 as Int64?),
        ("e30.eyJleHAiOiJzb29uIn0.c2ln", nil), ("e30.e30.c2ln", nil), ("e30.!!!.c2ln", nil), ("opaque", nil), ("a.b", nil), ("", nil), ("..", nil),
        // {"exp":-1}, {"exp":99999999999999}
        ("e30.eyJleHAiOi0xfQ.c2ln", nil), ("e30.eyJleHAiOjk5OTk5OTk5OTk5OTk5fQ.c2ln", nil),
    ])
    func endOfAToken(token: String, seconds: Int64?) {
        #expect(TokenExpiry.of(Secret(token)) == seconds.map { Instant(seconds: $0) })
    }

    @Test(arguments: [
        ("https://10.0.0.1:6443", "10.0.0.1:6443"), ("https://api.example.com/prefix", "api.example.com"), ("https://[::1]:443", "[::1]:443"),
        ("http://user:secret@h:1/x", "h:1"), ("h", "h"), ("", ""),
    ])
    func hostsInMetrics(server: String, host: String) {
        #expect(KubeClientMetrics.host(of: server) == host)
    }
}
