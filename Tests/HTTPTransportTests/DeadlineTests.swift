import HTTPTransport
import TestSupport
import Testing

/// Shape-tested: the peers are scripted, as no real server can be told to fail so.
struct DeadlineTests {
    @Test func connecting() async throws {
        let peer = try ScriptedPeer { $0.hang() }
        defer { peer.stop() }
        let client = HTTPClient.make()
        let error = await failure { () async throws(HTTPError) in
            try await client.get("https://127.0.0.1:\(peer.port)/", deadlines: HTTPDeadlines(connect: .milliseconds(200), whole: nil))
        }
        #expect(error?.kind == .timeout(.connect))
        #expect(error?.isRetrySafe == true)
        #expect(error?.message == "https://127.0.0.1:\(peer.port): not connected within 200 ms")
        await client.shutdown()
    }

    @Test(arguments: ["GET", "POST"])
    func theWholeExchange(method: String) async throws {
        let peer = try ScriptedPeer { $0.hang() }
        defer { peer.stop() }
        let client = HTTPClient.make()
        let error = await failure { () async throws(HTTPError) in
            try await client.send(HTTPRequest(method: method, url: peer.url, deadlines: HTTPDeadlines(whole: .milliseconds(200))))
        }
        #expect(error?.kind == .timeout(.whole))
        #expect(error?.isRetrySafe == (method == "GET"))
        await client.shutdown()
    }

    @Test func silence() async throws {
        let peer = try ScriptedPeer { connection in
            guard connection.request() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\n\r\nfirst")
            connection.hang()
        }
        defer { peer.stop() }
        let client = HTTPClient.make()
        let request = HTTPRequest(url: peer.url, deadlines: HTTPDeadlines(whole: nil, idle: .milliseconds(300)))
        var iterator = try await client.stream(request).makeAsyncIterator()
        #expect(try await iterator.next() == Array("first".utf8))
        let error = await failure { () async throws(HTTPError) in try await iterator.next() }
        #expect(error?.kind == .timeout(.idle))
        #expect(error?.message == "\(peer.url): the server sent nothing for 300 ms")
        await client.shutdown()
    }

    @Test func aSlowConsumerIsNotTheServersSilence() async throws {
        let size = 24 << 20
        let peer = try ScriptedPeer { connection in
            guard connection.request() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
            for _ in 0..<(size >> 20) { connection.write([UInt8](repeating: 7, count: 1 << 20)) }
            connection.hang()
        }
        defer { peer.stop() }
        let client = HTTPClient.make()
        let request = HTTPRequest(url: peer.url, deadlines: HTTPDeadlines(whole: nil, idle: .milliseconds(300)))
        let stream = try await client.stream(request)
        try await Task.sleep(for: .seconds(1))
        // Over HTTP/1.1 a paused transfer holds the server back too.
        #expect(client.counters.bytesReceived < 3 << 20)
        #expect(try await stream.collect(upTo: size).count == size)
        await client.shutdown()
    }

    @Test func waitingForASlotCounts() async throws {
        let peer = try ScriptedPeer { $0.hang() }
        defer { peer.stop() }
        let client = HTTPClient.make { $0.maxInFlight = 1 }
        let first = Task { await failure { () async throws(HTTPError) in try await client.get(peer.url) } }
        #expect(await eventually(within: .seconds(10), every: .milliseconds(5)) { client.counters.inFlight == 1 })
        let error = await failure { () async throws(HTTPError) in
            try await client.get(peer.url, deadlines: HTTPDeadlines(whole: .milliseconds(200)))
        }
        #expect(error?.kind == .timeout(.whole))
        #expect(error?.isRetrySafe == true)
        #expect(error?.message.contains("1 other exchanges were under way") == true)
        #expect(client.counters.waiting == 0)
        first.cancel()
        #expect(await first.value?.kind == .cancelled)
        await client.shutdown()
    }

    @Test func refusedAndUnresolvable() async throws {
        let client = HTTPClient.make()
        let port = try Sockets.freePort()
        let refused = await failure { () async throws(HTTPError) in try await client.get("http://127.0.0.1:\(port)/") }
        #expect(refused?.kind == .connect)
        #expect(refused?.isRetrySafe == true)
        #expect(refused?.message.hasPrefix("http://127.0.0.1:\(port): can't connect: ") == true)
        let unresolvable = await failure { () async throws(HTTPError) in
            try await client.send(HTTPRequest(method: "POST", url: "http://nothing.invalid/", deadlines: HTTPDeadlines(connect: .seconds(3))))
        }
        // Where no DNS server answers, the deadline comes first.
        #expect(unresolvable?.kind == .resolve || unresolvable?.kind == .timeout(.connect))
        #expect(unresolvable?.isRetrySafe == true)
        await client.shutdown()
    }
}
