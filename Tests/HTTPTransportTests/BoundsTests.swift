import HTTPTransport
import TestSupport
import Testing

@Suite(.enabled(if: Nginx.path != nil, "needs nginx"))
struct BoundsTests {
    @Test func aBodyBeyondTheBoundIsRefusedWhetherAnnouncedOrNot() async throws {
        let server = try await Nginx()
        try server.makeFile("big.bin", bytes: 8 << 20)
        let client = HTTPClient.make(tls: try await Nginx.trust())
        for path in ["files", "gzip"] {
            let request = HTTPRequest(url: "\(server.url)/\(path)/big.bin", maxBodyBytes: 1 << 20, acceptGzip: path == "gzip")
            let error = await failure { () async throws(HTTPError) in try await client.send(request) }
            #expect(error?.kind == .tooLarge)
            #expect(error?.message == "\(server.url): the body is longer than 1048576 bytes")
        }
        #expect(client.counters.bytesReceived <= 1 << 20)
        #expect(client.counters.connectionsOpened == 1)
        let fits = try await client.send(HTTPRequest(url: "\(server.url)/files/big.bin", maxBodyBytes: 8 << 20))
        #expect(fits.body.count == 8 << 20)
        await client.shutdown()
    }

    @Test func aGzipBombStaysBounded() async throws {
        let server = try await Nginx()
        try server.makeFile("bomb.bin", bytes: 256 << 20)
        let client = HTTPClient.make(tls: try await Nginx.trust())
        let request = HTTPRequest(url: "\(server.url)/gzip/bomb.bin", maxBodyBytes: 2 << 20, acceptGzip: true)
        let error = await failure { () async throws(HTTPError) in try await client.send(request) }
        #expect(error?.kind == .tooLarge)
        #expect(client.counters.bytesReceived <= 2 << 20)
        await client.shutdown()
    }

    @Test func gzipOnlyWhenAsked() async throws {
        let server = try await Nginx()
        try server.makeFile("some.bin", bytes: 100_000)
        let client = HTTPClient.make(tls: try await Nginx.trust())
        let plain = try await client.get("\(server.url)/gzip/some.bin")
        #expect(plain.headers["content-encoding"] == nil)
        #expect(plain.body == [UInt8](repeating: 0, count: 100_000))
        let packed = try await client.send(HTTPRequest(url: "\(server.url)/gzip/some.bin", acceptGzip: true))
        #expect(packed.headers["Content-Encoding"] == "gzip")
        #expect(packed.body == plain.body)
        await client.shutdown()
    }

    @Test func aRedirectIsAResponse() async throws {
        let server = try await Nginx()
        let client = HTTPClient.make(tls: try await Nginx.trust())
        let answer = try await client.get("\(server.url)/moved")
        #expect(answer.status == 302)
        #expect(answer.headers["LOCATION"] == "\(server.url)/who")
        #expect(try await client.get("\(server.url)/teapot").status == 418)
        await client.shutdown()
    }

    @Test func anEndlessHeadIsRefused() async throws {
        let peer = try ScriptedPeer { connection in
            guard connection.request() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\n")
            for number in 0..<20_000 { connection.write("X-\(number): \(String(repeating: "a", count: 100))\r\n") }
            connection.hang()
        }
        defer { peer.stop() }
        let client = HTTPClient.make { $0.maxResponseHeadBytes = 20_000 }
        let error = await failure { () async throws(HTTPError) in try await client.get(peer.url) }
        #expect(error?.kind == .tooLarge)
        await client.shutdown()
    }

    @Test func informationalResponsesAndTrailersAreNotTheHead() async throws {
        let peer = try ScriptedPeer { connection in
            guard connection.request() != nil else { return }
            connection.write("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nTrailer: T\r\nTransfer-Encoding: chunked\r\n\r\n")
            connection.write("2\r\nok\r\n0\r\nT: late\r\n\r\n")
            connection.hang()
        }
        defer { peer.stop() }
        let client = HTTPClient.make()
        let answer = try await client.get(peer.url)
        #expect(answer.status == 200)
        #expect(answer.text == "ok")
        #expect(answer.headers["link"] == nil && answer.headers["t"] == nil && answer.headers["trailer"] == "T")
        await client.shutdown()
    }
}
