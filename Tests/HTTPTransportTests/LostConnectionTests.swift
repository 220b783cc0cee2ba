import Glibc
import HTTPTransport
import TestSupport
import Testing

@Suite(.enabled(if: Nginx.path != nil, "needs nginx"))
struct DeadServerTests {
    @Test func aServerKilledWithinAStream() async throws {
        let server = try await Nginx()
        try server.makeFile("big.bin", bytes: 4 << 20)
        let client = HTTPClient.make(tls: try await Nginx.trust())
        let stream = try await client.stream(HTTPRequest(url: "\(server.url)/slow/big.bin", deadlines: HTTPDeadlines(whole: nil)))
        var iterator = stream.makeAsyncIterator()
        #expect(try await iterator.next()?.isEmpty == false)
        server.process.signal(SIGKILL)
        let error = await failure { () async throws(HTTPError) in while try await iterator.next() != nil {} }
        #expect(error?.kind == .connectionLost)
        #expect(error?.isRetrySafe == true)
        #expect(await server.process.wait(timeout: .seconds(10)) == .signal(SIGKILL))
        let successor = try await Nginx(port: server.port)
        #expect(try await client.get("\(successor.url)/who").status == 200)
        #expect(client.counters.connectionsOpened == 2)
        await client.shutdown()
    }

    /// A hung process whose kernel still acknowledges: neither keepalive nor TCP_USER_TIMEOUT sees it.
    @Test func probesFindAHungServerAndTheNextRequestGetsAFreshConnection() async throws {
        let server = try await Nginx()
        try server.makeFile("big.bin", bytes: 4 << 20)
        let client = HTTPClient.make(tls: try await Nginx.trust()) {
            $0.probeURL = "\(server.url)/who"
            $0.probeInterval = .milliseconds(200)
            $0.probeTimeout = .milliseconds(300)
        }
        let stream = try await client.stream(HTTPRequest(url: "\(server.url)/slow/big.bin", deadlines: HTTPDeadlines(whole: nil)))
        var iterator = stream.makeAsyncIterator()
        #expect(try await iterator.next()?.isEmpty == false)
        server.process.signal(SIGSTOP)
        let error = await failure { () async throws(HTTPError) in while try await iterator.next() != nil {} }
        #expect(error?.kind == .connectionLost)
        #expect(client.counters.connectionsKilled == 1)
        #expect(client.counters.probesFailed == 2)
        server.process.signal(SIGCONT)
        #expect(try await client.get("\(server.url)/who").status == 200)
        #expect(client.counters.connectionsOpened >= 2)
        await client.shutdown()
    }

    @Test func withoutAProbeAnExpiredDeadlineEndsTheSilentConnection() async throws {
        let server = try await Nginx()
        let client = HTTPClient.make(tls: try await Nginx.trust())
        let first = try await client.get("\(server.url)/who").text
        server.process.signal(SIGSTOP)
        // Frames that were on their way when it stopped must not count as a sign of life of the request that follows.
        try await Task.sleep(for: .milliseconds(100))
        let error = await failure { () async throws(HTTPError) in
            try await client.get("\(server.url)/who", deadlines: HTTPDeadlines(whole: .milliseconds(300)))
        }
        #expect(error?.kind == .timeout(.whole))
        #expect(client.counters.connectionsKilled == 1)
        server.process.signal(SIGCONT)
        let second = try await client.get("\(server.url)/who").text
        #expect(first.split(separator: " ")[2] != second.split(separator: " ")[2])
        #expect(client.counters.connectionsOpened == 2)
        await client.shutdown()
    }

    @Test func aSlowAnswerDoesNotEndAConnectionThatLives() async throws {
        let backend = try ScriptedPeer { $0.hang() }
        defer { backend.stop() }
        let server = try await Nginx(.init(backend: backend.url))
        try server.makeFile("big.bin", bytes: 4 << 20)
        let client = HTTPClient.make(tls: try await Nginx.trust())
        let stream = try await client.stream(HTTPRequest(url: "\(server.url)/slow/big.bin", deadlines: HTTPDeadlines(whole: nil)))
        var iterator = stream.makeAsyncIterator()
        let error = await failure { () async throws(HTTPError) in
            try await client.get("\(server.url)/api/never", deadlines: HTTPDeadlines(whole: .seconds(2)))
        }
        #expect(error?.kind == .timeout(.whole))
        #expect(try await iterator.next()?.isEmpty == false)
        #expect(client.counters.connectionsKilled == 0)
        #expect(try await client.get("\(server.url)/who").status == 200)
        #expect(client.counters.connectionsOpened == 1)
        await client.shutdown()
    }
}

/// Shape-tested: peers that break off at a chosen point.
struct BrokenAnswerTests {
    @Test(
        arguments: [
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Le", "",
        ], ["GET", "POST"])
    func aTruncatedAnswerIsALostConnection(answer: String, method: String) async throws {
        let peer = try ScriptedPeer { connection in
            guard connection.request() != nil else { return }
            connection.write(answer)
        }
        defer { peer.stop() }
        let client = HTTPClient.make()
        let error = await failure { () async throws(HTTPError) in try await client.send(HTTPRequest(method: method, url: peer.url)) }
        #expect(error?.kind == .connectionLost, "\(error?.message ?? "no error")")
        #expect(error?.isRetrySafe == (method == "GET"))
        #expect(peer.requests.count == 1)
        await client.shutdown()
    }

    @Test(arguments: ["garbage\r\n\r\n", "HTTP/1.1 9999 What\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"])
    func nonsenseIsAnError(answer: String) async throws {
        let peer = try ScriptedPeer { connection in
            guard connection.request() != nil else { return }
            connection.write(answer)
        }
        defer { peer.stop() }
        let client = HTTPClient.make()
        let error = await failure { () async throws(HTTPError) in try await client.get(peer.url) }
        #expect(error?.kind == .protocolViolation || error?.kind == .connectionLost, "\(error?.message ?? "no error")")
        await client.shutdown()
    }

    /// libcurl would send the POST a second time on a new connection.
    @Test func aRequestThatIsNotIdempotentIsNeverReplayed() async throws {
        let peer = try ScriptedPeer { connection in
            if connection.number == 1 {
                guard connection.request() != nil else { return }
                connection.respond()
                _ = connection.request()
            } else {
                while connection.request() != nil { connection.respond() }
            }
        }
        defer { peer.stop() }
        let client = HTTPClient.make()
        #expect(try await client.get(peer.url).text == "ok")
        let error = await failure { () async throws(HTTPError) in
            try await client.send(HTTPRequest(method: "POST", url: peer.url, body: Array("once".utf8)))
        }
        #expect(error?.kind == .connectionLost)
        #expect(error?.isRetrySafe == false)
        #expect(peer.requests.filter { $0.hasPrefix("POST") }.count == 1)
        #expect(try await client.get(peer.url).text == "ok")
        await client.shutdown()
    }

    @Test func anIdempotentRequestOutlivesAStaleConnection() async throws {
        let peer = try ScriptedPeer { connection in
            if connection.number == 1 {
                guard connection.request() != nil else { return }
                connection.respond()
                _ = connection.request()
            } else {
                while connection.request() != nil { connection.respond() }
            }
        }
        defer { peer.stop() }
        let client = HTTPClient.make()
        #expect(try await client.get(peer.url).text == "ok")
        let answer = try await client.send(HTTPRequest(method: "PATCH", url: peer.url, body: Array("{}".utf8), isIdempotent: true))
        #expect(answer.text == "ok")
        #expect(client.counters.connectionsOpened == 2)
        await client.shutdown()
    }
}
