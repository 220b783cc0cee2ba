import Glibc
import HTTPTransport
import TestSupport
import Testing

@Suite(.enabled(if: Nginx.path != nil, "needs nginx"))
struct TLSTests {
    @Test(
        arguments: [
            ("other-server", TLSFailure.untrustedIssuer, "issuer"), ("expired", .certificateExpired, "expired"),
            ("named", .hostnameMismatch, "127.0.0.1"),
        ])
    func aBadCertificateIsRefusedWithItsReason(certificate: String, expected: TLSFailure, word: String) async throws {
        let server = try await Nginx(.init(certificate: certificate))
        let client = HTTPClient.make(tls: try await Nginx.trust())
        let error = await failure { () async throws(HTTPError) in try await client.get("\(server.url)/who") }
        #expect(error?.kind == .tls(expected))
        #expect(error?.isRetrySafe == true)
        #expect(error?.message.hasPrefix("\(server.url): the server's certificate was refused: ") == true)
        #expect(error?.message.contains(word) == true)
        var tls = try await Nginx.trust()
        tls.insecureSkipVerify = true
        client.replaceTLS(tls)
        #expect(try await client.get("\(server.url)/who").status == 200)
        await client.shutdown()
    }

    @Test func theSystemsBundleDoesNotKnowOurAuthority() async throws {
        let server = try await Nginx()
        let client = HTTPClient.make()
        let error = await failure { () async throws(HTTPError) in try await client.get("\(server.url)/who") }
        #expect(error?.kind == .tls(.untrustedIssuer))
        await client.shutdown()
    }

    @Test func theServerNameReplacesTheHostForVerificationOnly() async throws {
        let server = try await Nginx(.init(certificate: "named"))
        var tls = try await Nginx.trust()
        tls.serverName = "api.cluster.test"
        let client = HTTPClient.make(tls: tls)
        let answer = try await client.get("\(server.url)/who")
        #expect(answer.text.contains(" 127.0.0.1:\(server.port) "))
        #expect(answer.text.hasSuffix(" api.cluster.test"))
        await client.shutdown()
    }

    @Test func aClientCertificateIsPresented() async throws {
        let server = try await Nginx(.init(clientCertificates: true))
        let certificates = try await Certificates.shared.value
        var tls = try await Nginx.trust()
        let client = HTTPClient.make(tls: tls)
        #expect(try await client.get("\(server.url)/who").status == 400)
        tls.clientCertificatePEM = try certificates.bytes("client.pem")
        tls.clientKeyPEM = try certificates.bytes("client.key")
        client.replaceTLS(tls)
        let answer = try await client.get("\(server.url)/who")
        #expect(answer.status == 200)
        #expect(answer.text.contains("CN=client"))
        tls.clientCertificatePEM = try certificates.bytes("other-client.pem")
        client.replaceTLS(tls)
        let mixed = await failure { () async throws(HTTPError) in try await client.get("\(server.url)/who") }
        #expect(mixed?.kind == .tls(.ownMaterial))
        tls.clientKeyPEM = Array("not a key".utf8)
        client.replaceTLS(tls)
        let garbage = await failure { () async throws(HTTPError) in try await client.get("\(server.url)/who") }
        #expect(garbage?.kind == .tls(.ownMaterial))
        await client.shutdown()
    }

    /// TLS 1.2 has no alert of its own for it.
    @Test(arguments: [("-tls1_2", TLSFailure.handshake), ("-tls1_3", .clientCertificate)])
    func aServerThatInsistsOnAClientCertificate(version: String, expected: TLSFailure) async throws {
        let certificates = try await Certificates.shared.value
        let port = try Sockets.freePort()
        let folder = certificates.folder
        let server = try ChildProcess(
            "/usr/bin/openssl",
            [
                "s_server", "-accept", "127.0.0.1:\(port)", "-cert", folder.file("server.pem"), "-key", folder.file("server.key"), "-CAfile",
                folder.file("ca.pem"), "-Verify", "1", "-verify_return_error", "-www", "-quiet", version,
            ], output: folder.file("s_server-\(port).log"))
        #expect(await eventually(within: .seconds(20), every: .milliseconds(20)) { Sockets.canConnect(port) })
        let client = HTTPClient.make(tls: try await Nginx.trust())
        // The server may hang up before its alert is read, which then is lost with the connection: a few tries see it.
        var error: HTTPError?
        for _ in 0..<5 where error?.kind != .tls(expected) {
            error = await failure { () async throws(HTTPError) in try await client.get("https://127.0.0.1:\(port)/") }
        }
        #expect(error?.kind == .tls(expected), "\(error?.message ?? "no error")")
        await client.shutdown()
        server.signal(SIGKILL)
    }

    @Test func notTLSAtAllIsAHandshakeFailure() async throws {
        let server = try await Nginx(.init(tls: false))
        let client = HTTPClient.make(tls: try await Nginx.trust())
        let error = await failure { () async throws(HTTPError) in try await client.get("https://127.0.0.1:\(server.port)/who") }
        #expect(error?.kind == .tls(.handshake), "\(error?.message ?? "")")
        await client.shutdown()
    }

    @Test func aPeerThatHangsUpDuringTheHandshakeIsAConnectFailure() async throws {
        let peer = try ScriptedPeer { _ in }
        defer { peer.stop() }
        let client = HTTPClient.make(tls: try await Nginx.trust())
        let error = await failure { () async throws(HTTPError) in try await client.get("https://127.0.0.1:\(peer.port)/") }
        #expect(error?.kind == .connect, "\(error?.message ?? "")")
        #expect(error?.isRetrySafe == true)
        await client.shutdown()
    }

    @Test func replacedSettingsApplyToNewConnectionsWhileOldStreamsDrain() async throws {
        let server = try await Nginx(.init(clientCertificates: true))
        try server.makeFile("big.bin", bytes: 1 << 20)
        let certificates = try await Certificates.shared.value
        var tls = try await Nginx.trust()
        tls.clientCertificatePEM = try certificates.bytes("client.pem")
        tls.clientKeyPEM = try certificates.bytes("client.key")
        let client = HTTPClient.make(tls: tls)
        let stream = try await client.stream(HTTPRequest(url: "\(server.url)/slow/big.bin", deadlines: HTTPDeadlines(whole: nil)))
        var iterator = stream.makeAsyncIterator()
        #expect(try await iterator.next()?.isEmpty == false)
        client.replaceTLS(try await Nginx.trust())
        #expect(try await client.get("\(server.url)/who").status == 400)
        #expect(client.counters.connectionsOpen == 2)
        #expect(try await iterator.next()?.isEmpty == false)
        client.replaceTLS(tls)
        #expect(try await client.get("\(server.url)/who").status == 200)
        await client.shutdown()
        await #expect(throws: HTTPError.self) { while try await iterator.next() != nil {} }
        #expect(client.counters.connectionsOpen == 0)
    }
}
