import HTTPTransport
import TestSupport
import Testing

struct GuardTests {
    @Test(
        arguments: [
            "http://169.254.169.254/latest/meta-data/", "http://[::ffff:169.254.169.254]/", "http://[::ffff:a9fe:a9fe]/",
            "http://[::169.254.169.254]/",
            "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/", "http://169.254.43518/", "http://[fd00:ec2::254]/",
            "http://[fe80::1]/", "http://0.0.0.0/", "http://[::]/", "http://224.0.0.1/", "http://[64:ff9b::a9fe:a9fe]/",
        ])
    func nothingIsSentToLinkLocalAndMetadataAddresses(url: String) async throws {
        let client = HTTPClient.make()
        let error = await failure { () async throws(HTTPError) in
            try await client.get(url, deadlines: HTTPDeadlines(connect: .seconds(1), whole: .seconds(1)))
        }
        #expect(error?.kind == .forbiddenAddress, "\(error?.message ?? "no error")")
        #expect(client.counters.connectionsOpened == 0)
        await client.shutdown()
    }

    @Test func theResolvedAddressCounts() async throws {
        let peer = try ScriptedPeer { connection in
            while connection.request() != nil { connection.respond() }
        }
        defer { peer.stop() }
        let strict = HTTPClient.make { $0.guardPolicy = .publicOnly }
        let url = "http://localhost:\(peer.port)/"
        let error = await failure { () async throws(HTTPError) in try await strict.get(url) }
        #expect(error?.kind == .forbiddenAddress)
        #expect(error?.message.contains("a loopback address") == true)
        #expect(peer.connections == 0)
        #expect(strict.counters.connectionsOpened == 0)
        await strict.shutdown()
        for policy in [AddressGuard.any, .noLinkLocal] {
            let client = HTTPClient.make { $0.guardPolicy = policy }
            #expect(try await client.get(url).status == 200)
            await client.shutdown()
        }
    }
}

/// Shape-tested: the proxy is scripted.
struct ProxyTests {
    @Test func aProxyIsAskedAndItsPasswordNeverShown() async throws {
        let proxy = try ScriptedPeer { connection in
            while let request = connection.request() {
                if request.hasPrefix("CONNECT") {
                    connection.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                } else {
                    connection.respond("via proxy")
                }
            }
        }
        defer { proxy.stop() }
        let client = HTTPClient.make { $0.proxy = .url("http://user:s3cret@127.0.0.1:\(proxy.port)", noProxy: "direct.invalid,10.0.0.0/8") }
        #expect(try await client.get("http://example.invalid/x").text == "via proxy")
        #expect(proxy.requests.first?.hasPrefix("GET http://example.invalid/x HTTP/1.1\r\n") == true)
        let refused = await failure { () async throws(HTTPError) in try await client.get("https://example.invalid/x") }
        #expect(refused?.kind == .connect, "\(refused?.message ?? "no error")")
        #expect(refused?.isRetrySafe == true)
        #expect(refused?.message.contains("s3cret") == false)
        let direct = await failure { () async throws(HTTPError) in
            try await client.get("http://direct.invalid/", deadlines: HTTPDeadlines(connect: .seconds(3)))
        }
        #expect(direct?.kind == .resolve || direct?.kind == .timeout(.connect))
        let literal = await failure { () async throws(HTTPError) in try await client.get("http://169.254.169.254/") }
        #expect(literal?.kind == .forbiddenAddress)
        #expect(proxy.requests.count == 2)
        await client.shutdown()
    }
}
