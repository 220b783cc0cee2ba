import CoreMetrics
import Glibc
import Logging
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing
import Values

@testable import Serving

@Suite struct ServingServiceTests {
    private func service(
        _ address: ListenAddress = .init(host: "127.0.0.1", port: 0), registry: PrometheusRegistry = .init(), probes: Probes = .init(),
        routes: [Route] = [], limits: ServingLimits = .init()
    ) -> ServingService {
        .init(
            address: address, registry: registry, probes: probes, routes: routes, limits: limits,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    /// Runs `body` while the service runs, then stops it gracefully and waits for its end.
    private func running(_ service: ServingService, _ body: (RawClient) async throws -> Void) async throws {
        var quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        quiet.logLevel = .critical
        let group = ServiceGroup(configuration: .init(services: [service], logger: quiet))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await body(RawClient(port: try await service.bound().port))
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test func aRouteSeesWhoAsks() async throws {
        let routes = [Route("/who") { request in .text(request.peer) }]
        try await running(service(routes: routes)) { client in
            #expect(await client.get("/who").body == "127.0.0.1")
        }
    }

    @Test func metricsAndProbes() async throws {
        let registry = PrometheusRegistry()
        registry.describe([.init("plimsoll_test_total", "A test.")])
        registry.makeCounter(label: "plimsoll_test_total", dimensions: [("a", "b")]).increment(by: 3)
        let problem = Box<String?>("SLO: first list is not done")
        let probes = Probes(
            live: { .init([.init("loop")]) }, ready: { .init([.init("config"), .init("sync", problem: problem.value)]) })
        try await running(service(registry: registry, probes: probes)) { client in
            let metrics = await client.get("/metrics")
            #expect(metrics.status == 200)
            #expect(metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(metrics.body == "# HELP plimsoll_test_total A test.\n# TYPE plimsoll_test_total counter\nplimsoll_test_total{a=\"b\"} 3\n")
            let live = await client.get("/healthz")
            #expect((live.status, live.body) == (200, "ok\n"))
            #expect(await client.get("/livez?verbose").body == "[+]loop ok\nlivez check passed\n")
            let unready = await client.get("/readyz")
            #expect((unready.status, unready.body) == (503, "[-]sync: SLO: first list is not done\nreadyz check failed\n"))
            #expect(await client.get("/readyz?verbose").body == "[+]config ok\n[-]sync: SLO: first list is not done\nreadyz check failed\n")
            problem.value = nil
            #expect(await client.get("/readyz").body == "ok\n")
            #expect(await client.get("/readyz?verbose=1").body == "[+]config ok\n[+]sync ok\nreadyz check passed\n")
            problem.value = "two\nlines"
            #expect(await client.get("/readyz").body == "[-]sync: two lines\nreadyz check failed\n")
        }
    }

    @Test func whatIsNotServedSaysSo() async throws {
        try await running(service(routes: [Route("/extra", methods: ["POST"]) { _ in .json(["did": true]) }])) { client in
            let missing = await client.get("/nope?x=1")
            #expect(missing.status == 404)
            #expect(missing.headers["content-type"] == "application/json")
            let json = try JSON(parsing: missing.body)
            #expect(json["code"]?.intValue == 404)
            #expect(json["message"]?.stringValue == "nothing is served at this path; there are /extra, /healthz, /livez, /metrics, /readyz")
            let post = await client.get("/metrics", method: "POST")
            #expect(post.status == 405)
            #expect(post.headers["allow"] == "GET, HEAD")
            #expect(try JSON(parsing: post.body)["message"]?.stringValue == "/metrics answers GET, HEAD only")
            let get = await client.get("/extra")
            #expect((get.status, get.headers["allow"]) == (405, "POST"))
            #expect(await client.get("/extra", method: "POST").body == "{\"did\":true}\n")
            let head = await client.get("/healthz", method: "HEAD")
            #expect((head.status, head.body, head.headers["content-length"]) == (200, "", "3"))
        }
    }

    @Test func badRequestsAreRefusedAndHarmNothing() async throws {
        try await running(service()) { client in
            let garbage = RawClient.parse(await client.exchange("this is no HTTP\r\n\r\n"))
            #expect(garbage.status == 400)
            let long = String(repeating: "x", count: 200_000)
            let tooLong = await client.exchange("GET / HTTP/1.1\r\nhost: a\r\nx: \(long)\r\n\r\n")
            #expect(!tooLong.hasPrefix("HTTP/1.1 2"))
            let noHost = RawClient.parse(await client.exchange("GET /healthz HTTP/1.0\r\nconnection: close\r\n\r\n"))
            #expect(noHost.status == 200 || noHost.status == 400)
            #expect(await client.get("/healthz").status == 200)
        }
    }

    @Test func oneConnectionCarriesManyRequests() async throws {
        try await running(service()) { client in
            let one = "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n"
            let raw = await client.exchange(one + one + "GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            #expect(raw.split(whereSeparator: \.isNewline).filter { $0 == "HTTP/1.1 200 OK" }.count == 3)
        }
    }

    @Test func aPortInUseIsAClearError() async throws {
        try await running(service()) { client in
            let second = service(.init(host: "127.0.0.1", port: client.port))
            let error = await #expect(throws: ServingError.self) { try await second.run() }
            #expect(error?.kind == .addressInUse)
            #expect(
                error?.description
                    == "cannot listen on 127.0.0.1:\(client.port): port \(client.port) is in use by another process; stop that one or set serving.address to another port"
            )
            await #expect(throws: ServingError.self) { try await second.bound() }
        }
    }

    @Test(arguments: [("192.0.2.1", ServingError.Kind.addressNotAvailable), ("no-such-host.invalid", .unknownHost)])
    func anAddressThatCannotBe(host: String, kind: ServingError.Kind) async {
        let error = await #expect(throws: ServingError.self) { try await service(.init(host: host, port: 0)).run() }
        #expect(error?.kind == kind)
    }

    /// A request under way is answered after the stop began; the port is free after the end.
    @Test func stopsGracefully() async throws {
        let gate = AsyncStream<Void>.makeStream()
        let entered = AsyncStream<Void>.makeStream()
        let slow = Route("/slow") { _ in
            entered.continuation.yield()
            for await _ in gate.stream { break }
            return .text("late\n")
        }
        let served = service(routes: [slow])
        let group = ServiceGroup(configuration: .init(services: [served], logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })))
        async let end: Void = group.run()
        let client = RawClient(port: try await served.bound().port)
        async let answer = client.get("/slow")
        for await _ in entered.stream { break }
        await group.triggerGracefulShutdown()
        #expect(await eventually { RawClient.connectRefused(client.port) })
        gate.continuation.yield()
        #expect(await answer.body == "late\n")
        try await end
    }

    /// Cancelling the task is a stop like any other.
    @Test func cancellingStopsGracefully() async throws {
        let gate = AsyncStream<Void>.makeStream()
        let entered = AsyncStream<Void>.makeStream()
        let slow = Route("/slow") { _ in
            entered.continuation.yield()
            for await _ in gate.stream { break }
            return .text("late\n")
        }
        var limits = ServingLimits()
        limits.drain = .seconds(60)
        let served = service(routes: [slow], limits: limits)
        let task = Task { try await served.run() }
        let client = RawClient(port: try await served.bound().port)
        // An idle connection that is kept open.
        let idle = RawClient.connect(client.port)
        #expect(idle >= 0)
        async let answer = client.get("/slow")
        for await _ in entered.stream { break }
        task.cancel()
        #expect(await eventually { RawClient.connectRefused(client.port) })
        gate.continuation.yield()
        #expect(await answer.body == "late\n")
        try await task.value
        close(idle)
        let cancelled = service()
        let early = Task { try await cancelled.run() }
        early.cancel()
        try await early.value
    }

    /// A scrape that takes long holds up no probe.
    @Test func probesDoNotWaitForAScrape() async throws {
        let registry = PrometheusRegistry()
        let entered = SyncedFlag()
        let release = SyncedFlag()
        registry.registerCollector {
            entered.value = true
            while !release.value { usleep(1000) }
            return [.init(name: "slow", help: "", samples: [.init([], 1)])]
        }
        try await running(service(registry: registry)) { client in
            async let metrics = client.get("/metrics")
            #expect(await eventually { entered.value })
            #expect(await client.get("/healthz").status == 200)
            release.value = true
            #expect(await metrics.body.hasSuffix("slow 1\n"))
        }
    }

    /// More silent clients than the server takes, and they come back as fast as they are sent away.
    @Test func silentClientsKeepNoProbeOut() async throws {
        var limits = ServingLimits()
        limits.connections = 32
        let never = Route("/never") { _ in
            try? await Task.sleep(for: .seconds(600))
            return .text("")
        }
        limits.drain = .milliseconds(100)
        try await running(service(routes: [never], limits: limits)) { client in
            let open = Mutex<[Int32]>([])
            func crowd(_ count: Int) {
                for index in 0..<count {
                    let descriptor = RawClient.connect(client.port)
                    guard descriptor >= 0 else { continue }
                    let part = ["", "GET /healthz HTTP/1.1\r\nho", "GET /never HTTP/1.1\r\nhost: a\r\n\r\n"][index % 3]
                    _ = send(descriptor, part, part.utf8.count, Int32(MSG_NOSIGNAL))
                    open.withLock { $0.append(descriptor) }
                }
            }
            crowd(256)
            for _ in 0..<10 {
                #expect(await client.get("/healthz").status == 200)
                #expect(await client.get("/metrics").status == 200)
                crowd(16)
            }
            for descriptor in open.withLock({ $0 }) { close(descriptor) }
        }
    }

    /// A keep-alive client that goes on asking stays, whatever comes and goes beside it.
    @Test func whoAsksStays() {
        var ranking = ConnectionRanking<Int>(limit: 3)
        #expect(ranking.opened(1) == nil)
        #expect(ranking.opened(2) == nil)
        #expect(ranking.opened(3) == nil)
        ranking.asked(1)
        #expect(ranking.opened(4) == 2)
        ranking.asked(2)  // gone already
        #expect(ranking.opened(5) == 3)
        ranking.closed(4)
        #expect(ranking.opened(6) == nil)
        #expect(ranking.opened(7) == 1)
        #expect(ranking.count == 3)
    }

    /// Scrapes that come while one is made share one that begins later.
    @Test func concurrentScrapesAreMadeOnce() async throws {
        let registry = PrometheusRegistry()
        let rounds = Box(0)
        let release = SyncedFlag()
        registry.registerCollector {
            rounds.value += 1
            while !release.value { usleep(1000) }
            return [.init(name: "round", help: "", samples: [.init([], Double(rounds.value))])]
        }
        try await running(service(registry: registry)) { client in
            async let first = client.get("/metrics")
            #expect(await eventually { rounds.value == 1 })
            let others = await withTaskGroup(of: String.self) { group in
                for _ in 0..<20 { group.addTask { await client.get("/metrics").body } }
                // All of them are in the queue before the first is done.
                try? await Task.sleep(for: .milliseconds(500))
                release.value = true
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(await first.body.hasSuffix("round 1\n"))
            // One more at most, should a client have come late.
            #expect((2...3).contains(rounds.value))
            #expect(others.count == 20)
            #expect(others.allSatisfy { $0.hasSuffix("round 2\n") || $0.hasSuffix("round 3\n") })
        }
    }

    /// A client that never finishes its request can't hold up the stop.
    @Test func aStuckClientDoesNotHoldUpTheStop() async throws {
        var limits = ServingLimits()
        limits.drain = .milliseconds(200)
        let never = Route("/never") { _ in
            try? await Task.sleep(for: .seconds(600))
            return .text("")
        }
        let socket = Mutex<[Int32]>([])
        try await running(service(routes: [never], limits: limits)) { client in
            for request in ["GET /healthz HT", "GET /never HTTP/1.1\r\nhost: a\r\n\r\n", ""] {
                let descriptor = RawClient.connect(client.port)
                #expect(descriptor >= 0)
                _ = send(descriptor, request, request.utf8.count, Int32(MSG_NOSIGNAL))
                socket.withLock { $0.append(descriptor) }
            }
            #expect(await client.get("/healthz").status == 200)
        }
        for descriptor in socket.withLock({ $0 }) { close(descriptor) }
    }

    /// Probes answer while every cooperative thread is blocked.
    @Test func answersWhileAllCooperativeThreadsAreBlocked() async throws {
        try await running(service()) { client in
            let release = SyncedFlag()
            let threads = max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
            // The whole scenario runs on a thread of its own: nothing of the test itself may need the pool.
            let counter = Blocked()
            for _ in 0..<threads * 2 {
                Task.detached {
                    counter.enter()
                    while !release.value { usleep(1000) }
                }
            }
            let answer = await onThread {
                while counter.count < threads { usleep(1000) }
                let answer = client.blockingGet("/healthz")
                release.value = true
                return answer
            }
            #expect(answer.status == 200)
        }
    }
}

/// A flag shared with checks.
final class SyncedFlag: Sendable {
    private let flag = Atomic<Bool>(false)
    var value: Bool {
        get { flag.load(ordering: .sequentiallyConsistent) }
        set { flag.store(newValue, ordering: .sequentiallyConsistent) }
    }
}

/// Counts who came in.
final class Blocked: Sendable {
    private let entered = Atomic<Int>(0)
    var count: Int { entered.load(ordering: .sequentiallyConsistent) }
    func enter() { entered.add(1, ordering: .sequentiallyConsistent) }
}
