import HTTPTransport
import KubeModel
import Synchronization
import TestSupport
import Testing
import Values

@testable import KubeClient

/// Faults that no real API server can be made to have; shape-tested against a scripted one.
@Suite struct FaultTests {
    /// A clock that moves only by being slept on.
    final class Sleeper: Sendable {
        private let slept = Mutex<[Swift.Duration]>([])
        var all: [Swift.Duration] { slept.withLock(\.self) }

        var options: KubeClientOptions {
            var options = KubeClientOptions()
            options.uptime = { self.all.reduce(.zero, +) }
            options.sleep = { time in self.slept.withLock { $0.append(time) } }
            options.jitter = { 0 }
            return options
        }
    }

    static func with(
        _ script: @escaping ScriptedServer.Script, credential: KubeConfiguration.Credential = .none, options: KubeClientOptions = KubeClientOptions(),
        _ body: (KubeClient, ScriptedServer) async throws -> Void
    ) async throws {
        let server = try ScriptedServer(script)
        let client = try KubeClient(
            configuration: KubeConfiguration(server: server.url + "/prefix/", origin: "a script", credential: credential), options: options)
        let result: Result<Void, any Error>
        do { result = .success(try await body(client, server)) } catch { result = .failure(error) }
        await client.shutdown()
        server.stop()
        try result.get()
    }

    static func error(_ body: () async throws -> Void) async -> KubeError? {
        do {
            try await body()
            return nil
        } catch { return error as? KubeError }
    }

    static let key = ObjectKey(namespace: "n", name: "a")
    static let busy = #"{"kind":"Status","code":429,"reason":"TooManyRequests","message":"busy"}"#

    @Test func retryAfterIsHonoured() async throws {
        let sleeper = Sleeper()
        try await Self.with(
            { _, number in
                number < 3 ? .json(Self.busy, status: 429, headers: [("Retry-After", "4")]) : .json(#"{"kind":"ConfigMap"}"#)
            }, options: sleeper.options
        ) { client, server in
            try await client.create(.configMaps, namespace: "n", body: ["a": 1])
            #expect(server.requests.map(\.body) == Array(repeating: #"{"a":1}"#, count: 3))
            #expect(sleeper.all == [.seconds(4), .seconds(4)])
        }
    }

    @Test func everybodyWaitsAfterA429() async throws {
        let sleeper = Sleeper()
        try await Self.with(
            { request, number in
                if request.target.contains("first") { return .json(Self.busy, status: 429, headers: [("Retry-After", "31")]) }
                return number == 2 ? .json(Self.busy, status: 429, headers: [("Retry-After", "5")]) : .json("{}")
            }, options: sleeper.options
        ) { client, server in
            // Longer than anybody waits here: thrown; the others hold back for as long as they may.
            let long = await Self.error { _ = try await client.raw("GET", "/first") }
            #expect(long?.isTooManyRequests == true && long?.retryAfter == .seconds(31))
            #expect(sleeper.all.isEmpty)
            _ = try await client.raw("GET", "/second")
            #expect(sleeper.all == [.seconds(30), .seconds(5)])
            // The lease never waits, and is never repeated.
            #expect(server.requests.count == 3)
            let lease = await Self.error { _ = try await client.forLease(timeout: .seconds(2)).raw("GET", "/first") }
            #expect(lease?.isTooManyRequests == true)
            #expect(sleeper.all == [.seconds(30), .seconds(5)])
        }
    }

    @Test func onlySafeRequestsAreRepeatedOnALostConnection() async throws {
        let sleeper = Sleeper()
        try await Self.with({ _, _ in .hangUp }, options: sleeper.options) { client, server in
            let get = await Self.error { _ = try await client.get(.configMaps, Self.key, as: JSON.self) }
            guard case .transport(let cause) = get else {
                Issue.record("\(String(describing: get))")
                return
            }
            #expect(cause.kind == .connectionLost)
            #expect(server.requests.count == 3)
            #expect(sleeper.all == [.milliseconds(100), .milliseconds(200)])
            _ = await Self.error { try await client.create(.configMaps, namespace: "n", body: [:]) }
            #expect(server.requests.count == 4)
            _ = await Self.error { try await client.patch(.configMaps, Self.key, .json([])) }
            #expect(server.requests.count == 5)
            _ = await Self.error { try await client.delete(.configMaps, Self.key) }
            #expect(server.requests.count == 6)
            _ = await Self.error { try await client.delete(.configMaps, Self.key, uid: "u") }
            #expect(server.requests.count == 9)
        }
    }

    @Test func answersOfProxies() async throws {
        try await Self.with(
            { request, _ in
                switch request.target {
                case "/prefix/page":
                    .respond(200, headers: [("Content-Type", "text/html")], pieces: ["<html><body>Please <b>log in</b></body></html>"])
                case "/prefix/away": .respond(302, headers: [("Location", "http://127.0.0.1:1/login?x=y")])
                default: .respond(502, headers: [("Content-Type", "text/html")], pieces: ["<h1>Bad gateway</h1>"])
                }
            }, credential: .token(Secret("t"))
        ) { client, server in
            let bad = await Self.error { _ = try await client.get(.configMaps, Self.key, as: JSON.self) }
            #expect(bad?.description == "502 Unknown: the server answered 502 with a web page, as a proxy would: Bad gateway")
            #expect(bad?.isRetriable == true)
            let away = await Self.error { _ = try await client.raw("GET", "/away") }
            #expect(away?.description.contains("a redirect to http://127.0.0.1:1/login; redirects are not followed") == true)
            let page = await Self.error { _ = try await client.tree(client.call("GET", "/page"), "the page") }
            guard case .decoding(let message) = page else {
                Issue.record("\(String(describing: page))")
                return
            }
            #expect(message == "the page: the server answered with text/html instead of JSON: Please log in")
        }
    }

    @Test func headers() async throws {
        try await Self.with(
            { request, _ in
                .json(request.target.contains("watch=true") ? "" : #"{"kind":"ConfigMapList","items":[]}"#)
            }, credential: .basic(user: "u", password: Secret("p"))
        ) { client, server in
            _ = try await client.list(.configMaps, namespace: "n", as: JSON.self, limit: 5)
            for try await _ in try await client.watch(.configMaps, as: JSON.self, resourceVersion: "7", timeoutSeconds: 9) {}
            let (list, watch) = (server.requests[0], server.requests[1])
            #expect(list.target == "/prefix/api/v1/namespaces/n/configmaps?limit=5")
            #expect(list.headers["user-agent"] == "plimsoll/dev (linux)")
            #expect(list.headers["accept"] == "application/json")
            #expect(list.headers["accept-encoding"] == "gzip")
            #expect(list.headers["authorization"] == "Basic dTpw")
            #expect(watch.target == "/prefix/api/v1/configmaps?watch=true&timeoutSeconds=9&allowWatchBookmarks=true&resourceVersion=7")
            #expect(watch.headers["accept-encoding"] == nil)
        }
    }

    @Test func aRefusalSaysWhichCredentials() async throws {
        let body = #"{"kind":"Status","code":401,"reason":"Unauthorized","message":"Unauthorized"}"#
        try await Self.with({ _, _ in .json(body, status: 401) }, credential: .token(Secret("abc"))) { client, server in
            let send = await Self.error { _ = try await client.serverVersion() }
            #expect(send?.description == "401 Unauthorized: \(server.url)/prefix refuses our credentials: asked with a token, by a script")
            let watch = await Self.error { _ = try await client.watch(.configMaps, as: JSON.self) }
            #expect(watch == send)
            #expect(server.requests.count == 2)
        }
    }

    static func names(_ stream: WatchStream<Sized>) async -> [String] {
        var names: [String] = []
        do throws(KubeError) {
            var iterator = stream.makeAsyncIterator()
            while let event = try await iterator.next() { names.append(WatchEventTests.name(event)) }
        } catch { names.append("thrown \(error)") }
        return names
    }

    @Test func aWatchInPieces() async throws {
        let events = (0..<5).map { #"{"type":"ADDED","object":{"metadata":{"name":"é\#($0)"},"size":\#($0)}}"# }
        let text =
            events.joined(separator: "\n") + "\n" + #"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}"# + "\n"
            + #"{"type":"#
        try await Self.with({ _, _ in
            // Pieces of seven scalars cut through lines anywhere.
            var pieces: [String] = []
            var rest = Substring(text)
            while !rest.isEmpty {
                pieces.append(String(rest.prefix(7)))
                rest = rest.dropFirst(7)
            }
            return .respond(200, headers: [("Content-Type", "application/json")], pieces: pieces)
        }) { client, _ in
            let names = await Self.names(try await client.watch(Sized.resource, as: Sized.self))
            #expect(names.prefix(6) == ["added é0 0", "added é1 1", "added é2 2", "added é3 3", "added é4 4", "error 410 Expired"])
            #expect(names.count == 7 && names[6].hasPrefix("undecodable"))
        }
    }

    @Test func aWatchThatBreaks() async throws {
        let event = #"{"type":"ADDED","object":{"metadata":{"name":"a"},"size":1}}"#
        try await Self.with({ _, number in
            switch number {
            case 1: .cutOff(promised: 1000, sent: "\(event)\n\(event)")
            case 2: .json(#"{"kind":"Status","code":410,"reason":"Gone","message":"too old"}"#, status: 410)
            case 3: .respond(403, headers: [("Content-Type", "text/html")], pieces: ["<p>no", "</p>"])
            default: .hangUp
            }
        }) { client, server in
            let names = await Self.names(try await client.watch(Sized.resource, as: Sized.self))
            #expect(names.count == 2 && names[0] == "added a 1" && names[1].hasPrefix("thrown "))
            #expect(await Self.error { _ = try await client.watch(Sized.resource, as: Sized.self) }?.isExpired == true)
            let forbidden = await Self.error { _ = try await client.watch(Sized.resource, as: Sized.self) }
            #expect(forbidden?.isForbidden == true && forbidden?.description.contains("a web page") == true)
            #expect(await Self.error { _ = try await client.watch(Sized.resource, as: Sized.self) } != nil)
            #expect(server.requests.count == 4)  // a watch is never repeated
        }
    }

    @Test func anExpiredTokenBetweenPagesBeginsAnewWhole() async throws {
        let expired = #"{"kind":"Status","code":410,"reason":"Expired","metadata":{"continue":"inconsistent"}}"#
        try await Self.with({ request, _ in
            if request.target.contains("continue=") { return .json(expired, status: 410) }
            if request.target.contains("limit=") {
                return .json(#"{"kind":"SizedList","metadata":{"continue":"c","resourceVersion":"5"},"items":[{"size":1}]}"#)
            }
            return .json(#"{"kind":"SizedList","metadata":{"resourceVersion":"9"},"items":[{"size":2},{"size":3}]}"#)
        }) { client, server in
            let page = try await client.listAll(Sized.resource, as: Sized.self, pageSize: 1)
            #expect(page.items.map(\.size) == [2, 3])
            #expect(page.resourceVersion == "9")
            #expect(server.requests.count == 3)
            #expect(!server.requests.contains { $0.target.contains("inconsistent") })
            let pages = await Self.error { _ = try await client.listPages(Sized.resource, as: Sized.self, pageSize: 1) { _ in } }
            #expect(pages?.isExpired == true)
        }
    }

    @Test func pagesCarryOnTheirSelectorsButNotTheVersion() async throws {
        try await Self.with({ request, number in
            let token = number < 3 ? #""continue":"c\#(number)","# : ""
            return .json(#"{"kind":"SizedList","metadata":{\#(token)"resourceVersion":"5"},"items":[{"size":\#(number)},{"x":0}]}"#)
        }) { client, server in
            let page = try await client.listAll(Sized.resource, as: Sized.self, labelSelector: "a=b", pageSize: 2)
            #expect(page.items.map(\.size) == [1, 2, 3])
            #expect(page.undecodable.map(\.index) == [1, 3, 5])
            let version = try await client.listPages(Sized.resource, as: Sized.self, pageSize: 2, resourceVersion: "0") { _ in }
            #expect(version == "5")
            #expect(
                server.requests.map { $0.target.split(separator: "?")[1] } == [
                    "labelSelector=a%3Db&limit=2", "labelSelector=a%3Db&limit=2&continue=c1", "labelSelector=a%3Db&limit=2&continue=c2",
                    "limit=2&resourceVersion=0",
                ])
        }
    }

    @Test func aWatchGetsTheRotatedToken() async throws {
        let scratch = try ScratchDirectory()
        let path = scratch.file("token")
        try writeFile(path, "new")
        try await Self.with(
            { request, _ in
                request.headers["authorization"] == "Bearer new"
                    ? .json("") : .json(#"{"kind":"Status","code":401,"reason":"Unauthorized"}"#, status: 401)
            }, credential: .tokenFile(path: path, initial: Secret("old"))
        ) { client, server in
            for try await _ in try await client.watch(Sized.resource, as: Sized.self) {}
            #expect(server.requests.last?.headers["authorization"] == "Bearer new")
            #expect(server.requests.count <= 2)
        }
    }
}
