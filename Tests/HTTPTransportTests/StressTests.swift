import HTTPTransport
import TestSupport
import Testing

@Suite(.enabled(if: Nginx.path != nil, "needs nginx"))
struct StressTests {
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }

    /// `PLIMSOLL_STRESS_REQUESTS` for more, as the soak does.
    static let requests = TestEnvironment.value("PLIMSOLL_STRESS_REQUESTS").flatMap { Int($0) } ?? 600

    @Test(arguments: [true, false])
    func randomCancelsLeaveNothingBehind(http2: Bool) async throws {
        let seed = TestEnvironment.value("PLIMSOLL_SEED").flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max)
        var generator = Generator(state: seed)
        let backend = try ScriptedPeer { connection in
            while connection.request() != nil { connection.respond("a short answer") }
        }
        defer { backend.stop() }
        let server = try await Nginx(.init(http2: http2, backend: backend.url, extra: "keepalive_requests 150;"))
        try server.makeFile("some.bin", bytes: 200_000)
        let client = HTTPClient.make(tls: try await Nginx.trust()) {
            $0.maxInFlight = 150
            $0.probeURL = "\(server.url)/who"
            $0.probeInterval = .milliseconds(50)
        }
        var kinds: [HTTPError.Kind: Int] = [:]
        await withTaskGroup(of: HTTPError.Kind?.self) { group in
            for number in 0..<Self.requests {
                let wait = Swift.Duration.microseconds(Int64.random(in: 0...20_000, using: &generator))
                let isCancelled = Int.random(in: 0..<3, using: &generator) == 0
                let path = ["who", "files/some.bin", "api/x", "slow/some.bin"][Int.random(in: 0..<4, using: &generator)]
                let streams = path == "slow/some.bin" || number % 5 == 0
                group.addTask {
                    let task = Task {
                        await failure { () async throws(HTTPError) in
                            let request = HTTPRequest(url: "\(server.url)/\(path)", deadlines: HTTPDeadlines(whole: .seconds(120)))
                            if streams {
                                var iterator = try await client.stream(request).makeAsyncIterator()
                                _ = try await iterator.next()
                            } else {
                                _ = try await client.send(request)
                            }
                        }?.kind
                    }
                    if isCancelled {
                        try? await Task.sleep(for: wait)
                        task.cancel()
                    }
                    return await task.value
                }
            }
            for await kind in group { if let kind { kinds[kind, default: 0] += 1 } }
        }
        // A GOAWAY may cost a request that crossed it, now and then; everything else but the cancellations is a fault.
        #expect(kinds[.connectionLost, default: 0] * 100 <= Self.requests, "seed \(seed)")
        kinds[.cancelled] = nil
        kinds[.connectionLost] = nil
        #expect(kinds.isEmpty, "seed \(seed): \(kinds)")
        #expect(await eventually(within: .seconds(20), every: .milliseconds(10)) { client.counters.inFlight == 0 }, "seed \(seed)")
        #expect(try await client.get("\(server.url)/who").status == 200, "seed \(seed)")
        await client.shutdown()
        #expect(client.counters.connectionsOpen == 0, "seed \(seed)")
        #expect(client.counters.waiting == 0, "seed \(seed)")
    }
}
