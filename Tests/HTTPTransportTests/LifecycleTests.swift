import HTTPTransport
import Synchronization
import TestSupport
import Testing

/// Cancellation and the client's end. Shape-tested: the peers never answer.
struct LifecycleTests {
    @Test func cancellingEndsAnExchangeWhereverItIs() async throws {
        let peer = try ScriptedPeer { $0.hang() }
        defer { peer.stop() }
        let client = HTTPClient.make { $0.maxInFlight = 1 }
        let early = Task { await failure { () async throws(HTTPError) in try await client.get(peer.url) } }
        early.cancel()
        #expect(await early.value?.kind == .cancelled)

        let underWay = Task { await failure { () async throws(HTTPError) in try await client.get(peer.url) } }
        #expect(await eventually(within: .seconds(10), every: .milliseconds(5)) { client.counters.inFlight == 1 })
        let waiting = Task { await failure { () async throws(HTTPError) in try await client.get(peer.url) } }
        #expect(await eventually(within: .seconds(10), every: .milliseconds(5)) { client.counters.waiting == 1 })
        waiting.cancel()
        #expect(await waiting.value?.kind == .cancelled)
        #expect(client.counters.waiting == 0 && client.counters.inFlight == 1)
        underWay.cancel()
        #expect(await underWay.value?.kind == .cancelled)
        #expect(client.counters.inFlight == 0)
        #expect(await eventually(within: .seconds(10), every: .milliseconds(5)) { client.counters.connectionsOpen == 0 })
        await client.shutdown()
    }

    @Test func waitersAreServedInOrder() async throws {
        let order = Mutex<[String]>([])
        let gate = Atomic<Bool>(false)
        let peer = try ScriptedPeer { connection in
            while let request = connection.request() {
                while !gate.load(ordering: .acquiring) {}
                order.withLock { $0.append(String(request.split(separator: " ")[1])) }
                connection.respond()
            }
        }
        defer { peer.stop() }
        let client = HTTPClient.make { $0.maxInFlight = 1 }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<10 {
                group.addTask { _ = try await client.get("\(peer.url)/\(number)") }
                #expect(
                    await eventually(within: .seconds(10), every: .milliseconds(2)) {
                        client.counters.inFlight + client.counters.waiting == number + 1
                    })
            }
            gate.store(true, ordering: .releasing)
            try await group.waitForAll()
        }
        #expect(order.withLock { $0 } == (0..<10).map { "/\($0)" })
        await client.shutdown()
    }

    @Test func aStreamEndsWithItsTaskOrItsLastReference() async throws {
        let peer = try ScriptedPeer { connection in
            guard connection.request() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\n\r\nhello")
            connection.hang()
        }
        defer { peer.stop() }
        let client = HTTPClient.make()
        let request = HTTPRequest(url: peer.url, deadlines: HTTPDeadlines(whole: nil))
        let reader = Task { () async -> HTTPError? in
            await failure { () async throws(HTTPError) in
                for try await _ in try await client.stream(request) {}
            }
        }
        #expect(await eventually(within: .seconds(10), every: .milliseconds(5)) { client.counters.bytesReceived == 5 })
        reader.cancel()
        #expect(await reader.value?.kind == .cancelled)
        var stream: HTTPStream? = try await client.stream(request)
        #expect(stream?.status == 200)
        #expect(client.counters.inFlight == 1)
        stream = nil
        #expect(
            await eventually(within: .seconds(10), every: .milliseconds(5)) { client.counters.inFlight == 0 && client.counters.connectionsOpen == 0 })
        await client.shutdown()
    }

    @Test func aStreamHasOneConsumer() async throws {
        let peer = try ScriptedPeer { connection in
            guard connection.request() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\n\r\n")
            connection.hang()
        }
        defer { peer.stop() }
        let client = HTTPClient.make()
        let stream = try await client.stream(HTTPRequest(url: peer.url, deadlines: HTTPDeadlines(whole: nil)))
        let kinds = await withTaskGroup(of: HTTPError.Kind?.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    var iterator = stream.makeAsyncIterator()
                    return await failure { () async throws(HTTPError) in try await iterator.next() }?.kind
                }
            }
            let first = await group.next()
            group.cancelAll()
            return [first, await group.next()]
        }
        #expect(kinds == [.invalidRequest, .cancelled])
        await client.shutdown()
    }

    @Test func shutdownEndsStuckExchanges() async throws {
        let peer = try ScriptedPeer { $0.hang() }
        defer { peer.stop() }
        let client = HTTPClient.make { $0.maxInFlight = 8 }
        let stuck = (0..<20).map { _ in Task { await failure { () async throws(HTTPError) in try await client.get(peer.url) } } }
        #expect(
            await eventually(within: .seconds(10), every: .milliseconds(5)) {
                client.counters.waiting == 12 && client.counters.connectionsOpened == 8
            })
        async let twice: Void = client.shutdown()
        await client.shutdown()
        await twice
        for task in stuck { #expect(await task.value?.kind == .shutdown) }
        #expect(client.counters.connectionsOpen == 0 && client.counters.inFlight == 0 && client.counters.waiting == 0)
        let late = await failure { () async throws(HTTPError) in try await client.get(peer.url) }
        #expect(late?.kind == .shutdown)
        #expect(late?.isRetrySafe == true)
        await client.shutdown()
    }

    @Test func lettingAClientGoClosesItsConnections() async throws {
        let closed = Atomic<Int>(0)
        let peer = try ScriptedPeer { connection in
            while connection.request() != nil { connection.respond() }
            closed.add(1, ordering: .relaxed)
        }
        defer { peer.stop() }
        var client: HTTPClient? = .make()
        #expect(try await client?.get(peer.url).status == 200)
        client = nil
        #expect(await eventually(within: .seconds(10), every: .milliseconds(5)) { closed.load(ordering: .relaxed) == 1 })
        // And one that nobody holds but the call under way.
        #expect(try await HTTPClient.make().get(peer.url).status == 200)
    }
}
