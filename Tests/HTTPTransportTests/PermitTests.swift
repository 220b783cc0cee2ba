import Glibc
import HTTPTransport
import Synchronization
import TestSupport
import Testing

/// A request's permit to be sent is asked at each step of the sending. Shape-tested: the peers are scripted.
struct PermitTests {
    private final class Permit: Sendable {
        private let state = Mutex((given: true, asked: 0))
        var asked: Int { state.withLock { $0.asked } }
        func withdraw() { state.withLock { $0.given = false } }
        var check: @Sendable (HTTPRequest.Moment) -> Bool {
            { [self] _ in
                state.withLock { state in
                    state.asked += 1
                    return state.given
                }
            }
        }
    }

    @Test func whatHasNoPermitIsNotSent() async throws {
        let peer = try ScriptedPeer { connection in
            guard connection.request() != nil else { return }
            connection.respond()
        }
        defer { peer.stop() }
        let client = HTTPClient.make()
        let permit = Permit()
        permit.withdraw()
        let error = await failure { () async throws(HTTPError) in
            try await client.send(HTTPRequest(method: "PUT", url: peer.url, body: [1], permit: permit.check))
        }
        #expect(error?.kind == .withdrawn)
        #expect(error?.isRetrySafe == true)
        #expect(error?.wasSent == false)
        #expect(permit.asked > 0)
        #expect(peer.requests.isEmpty)
        await client.shutdown()
    }

    /// Half of the body is out, the rest waits for a peer that takes no more: it must not follow once the permit is gone.
    @Test func theRestOfABodyIsNotSent() async throws {
        let peer = try ScriptedPeer { connection in
            if connection.number == 1 {
                sleep(3)
            } else {
                guard connection.request() != nil else { return }
                connection.respond()
            }
        }
        defer { peer.stop() }
        let client = HTTPClient.make()
        let permit = Permit()
        let upload = Task {
            await failure { () async throws(HTTPError) in
                try await client.send(
                    HTTPRequest(method: "PUT", url: peer.url, body: [UInt8](repeating: 7, count: 32 << 20), permit: permit.check))
            }
        }
        // The first connection is the upload's, however busy the machine.
        #expect(await eventually { peer.connections > 0 })
        try await Task.sleep(for: .milliseconds(300))
        permit.withdraw()
        // Something wakes the thread, as the end of a stop would.
        _ = try await client.get(peer.url)
        let error = await upload.value
        #expect(error?.kind == .withdrawn)
        #expect(error?.message.contains("while it was under way") == true)
        #expect(error?.wasSent == true)
        await client.shutdown()
    }

    @Test func whatHasItsPermitIsSentAsEver() async throws {
        let peer = try ScriptedPeer { connection in
            guard connection.request() != nil else { return }
            connection.respond("fine")
        }
        defer { peer.stop() }
        // An abortive close of the socket takes nothing from an answered request.
        let client = HTTPClient.make { configuration in
            configuration.dropsUnsentAtClose = true
            configuration.unacknowledgedTimeout = .milliseconds(500)
        }
        let permit = Permit()
        let response = try await client.send(HTTPRequest(method: "POST", url: peer.url, body: [1], permit: permit.check))
        #expect(String(decoding: response.body, as: UTF8.self) == "fine")
        #expect(permit.asked > 0)
        await client.shutdown()
    }
}
