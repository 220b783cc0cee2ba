import HTTPTransport
import TestSupport
import Testing

@Suite(.enabled(if: Nginx.path != nil, "needs nginx"))
struct HTTP2Tests {
    @Test func manyConcurrentRequestsShareOneConnection() async throws {
        let server = try await Nginx()
        let client = HTTPClient.make(tls: try await Nginx.trust()) { $0.maxInFlight = 200 }
        let answers = try await withThrowingTaskGroup(of: HTTPResponse.self) { group in
            for _ in 0..<200 { group.addTask { try await client.get("\(server.url)/who") } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count == 200)
        #expect(answers.allSatisfy { $0.status == 200 && $0.httpVersion == .http2 })
        #expect(Set(answers.map { $0.text.split(separator: " ")[2] }).count == 1)
        #expect(client.counters.connectionsOpened == 1)
        #expect(client.counters.inFlight == 0)
        await client.shutdown()
        #expect(client.counters.connectionsOpen == 0)
    }

    @Test func aHostWithoutHTTP2GetsParallelHTTP1() async throws {
        let backend = try ScriptedPeer { connection in
            while connection.request() != nil { connection.respond() }
        }
        defer { backend.stop() }
        let server = try await Nginx(.init(http2: false, backend: backend.url))
        let client = HTTPClient.make(tls: try await Nginx.trust())
        try server.makeFile("big.bin", bytes: 4 << 20)
        // It streams for minutes: were all to share one connection, nothing else would ever be answered.
        let stream = try await client.stream(HTTPRequest(url: "\(server.url)/slow/big.bin", deadlines: HTTPDeadlines(whole: nil)))
        #expect(stream.httpVersion == .http1_1)
        for _ in 0..<3 {
            let answer = try await client.get("\(server.url)/who")
            #expect(answer.httpVersion == .http1_1)
        }
        #expect(client.counters.connectionsOpened >= 2)
        await client.shutdown()
    }

    @Test func aBurstToAHostWithoutHTTP2IsServedWhileItsFirstAnswerStreams() async throws {
        let server = try await Nginx(.init(http2: false))
        try server.makeFile("big.bin", bytes: 4 << 20)
        let client = HTTPClient.make(tls: try await Nginx.trust())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    let stream = try await client.stream(HTTPRequest(url: "\(server.url)/slow/big.bin", deadlines: HTTPDeadlines(whole: nil)))
                    #expect(stream.status == 200)
                }
            }
            try await group.waitForAll()
        }
        await client.shutdown()
    }

    @Test func http2CanBeTurnedOff() async throws {
        let server = try await Nginx()
        let client = HTTPClient.make(tls: try await Nginx.trust()) { $0.http2 = false }
        #expect(try await client.get("\(server.url)/who").httpVersion == .http1_1)
        await client.shutdown()
    }

    @Test func methodsBodiesAndHeadersArrive() async throws {
        let backend = try ScriptedPeer { connection in
            while let request = connection.request() { connection.respond(request) }
        }
        defer { backend.stop() }
        let server = try await Nginx(.init(backend: backend.url))
        let client = HTTPClient.make(tls: try await Nginx.trust()) { $0.userAgent = "plimsoll/test" }
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let answer = try await client.send(
                HTTPRequest(
                    method: method, url: "\(server.url)/api/x?y=%20z",
                    headers: [HTTPHeader("Content-Type", "application/merge-patch+json"), HTTPHeader("X-Empty", "")],
                    body: Array("{\"a\":1}".utf8)))
            #expect(answer.text.hasPrefix("\(method) /api/x?y=%20z HTTP/1.1\r\n"))
            #expect(answer.text.contains("application/merge-patch+json"))
            #expect(answer.text.hasSuffix("\r\n\r\n{\"a\":1}"))
            #expect(answer.text.contains("plimsoll/test"))
        }
        let bare = try await client.send(HTTPRequest(method: "DELETE", url: "\(server.url)/api/x"))
        #expect(bare.text.hasPrefix("DELETE /api/x HTTP/1.1\r\n"))
        let empty = try await client.send(HTTPRequest(method: "POST", url: "\(server.url)/api/x", body: []))
        #expect(empty.text.lowercased().contains("content-length: 0"))
        #expect(!empty.text.lowercased().contains("content-type"))
        let head = try await client.send(HTTPRequest(method: "HEAD", url: "\(server.url)/who"))
        #expect(head.status == 200 && head.body.isEmpty)
        await client.shutdown()
    }

    /// nginx says GOAWAY after three requests; the stream goes on, so the connection stays, and nothing new may go on it.
    @Test func aStreamOnAConnectionThatTakesNothingNewHoldsNobodyUp() async throws {
        let server = try await Nginx(.init(extra: "keepalive_requests 3;"))
        try server.makeFile("big.bin", bytes: 4 << 20)
        let client = HTTPClient.make(tls: try await Nginx.trust())
        let stream = try await client.stream(HTTPRequest(url: "\(server.url)/slow/big.bin", deadlines: HTTPDeadlines(whole: nil)))
        var iterator = stream.makeAsyncIterator()
        #expect(try await iterator.next()?.isEmpty == false)
        for _ in 0..<7 { #expect(try await client.get("\(server.url)/who").status == 200) }
        #expect(try await iterator.next()?.isEmpty == false)
        await client.shutdown()
    }

    /// nginx takes 128 streams a connection, libcurl 100.
    @Test func moreStreamsThanAConnectionCarriesGetAnother() async throws {
        let server = try await Nginx()
        try server.makeFile("big.bin", bytes: 4 << 20)
        let client = HTTPClient.make(tls: try await Nginx.trust()) { $0.maxInFlight = 300 }
        let streams = try await withThrowingTaskGroup(of: HTTPStream.self) { group in
            for _ in 0..<130 {
                group.addTask { try await client.stream(HTTPRequest(url: "\(server.url)/slow/big.bin", deadlines: HTTPDeadlines(whole: nil))) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(streams.count == 130)
        #expect(client.counters.connectionsOpen == 2)
        await client.shutdown()
    }
}
