import Glibc
import HTTPTransport
import KubeModel
import Synchronization
import TestSupport
import Testing
import Values

@testable import KubeClient

/// A fence that opens and closes between the steps of one request; shape-tested against a scripted server.
@Suite struct WriteFenceTests {
    /// Says yes so many times, then no.
    final class Turnstile: Sendable {
        private let left: Mutex<Int>
        let allowance: Swift.Duration

        init(_ times: Int, allowance: Swift.Duration = .seconds(5)) {
            left = Mutex(times)
            self.allowance = allowance
        }

        func close() { left.withLock { $0 = 0 } }

        var fence: WriteFence {
            WriteFence { [self] in
                left.withLock { left in
                    guard left > 0 else { return nil }
                    left -= 1
                    return allowance
                }
            }
        }
    }

    private static let writes: [(String, @Sendable (KubeClient) async throws -> Void)] = [
        ("create", { try await $0.create(.configMaps, namespace: "n", body: [:]) }),
        ("replace", { try await $0.replace(.configMaps, FaultTests.key, body: [:]) }),
        ("patch", { try await $0.patch(.configMaps, FaultTests.key, .merge([:])) }),
        ("apply", { try await $0.patch(.configMaps, FaultTests.key, .apply([:], fieldManager: "m", force: true)) }),
        ("status", { try await $0.patch(.configMaps, FaultTests.key, subresource: "status", .merge([:])) }),
        ("delete", { try await $0.delete(.configMaps, FaultTests.key) }),
        ("scale", { try await $0.patchScale(.deployments, FaultTests.key, replicas: 1) }),
        ("raw", { _ = try await $0.raw("POST", "/x") }),
        ("impersonated", { try await $0.impersonating(user: "u").create(.configMaps, namespace: "n", body: [:]) }),
    ]

    @Test func aClosedFenceRefusesEveryWriteAndNoRead() async throws {
        try await FaultTests.with({ _, _ in .json(#"{"kind":"Scale","metadata":{"name":"a"}}"#) }) { client, server in
            let fenced = client.fenced(by: Turnstile(0).fence)
            for (name, write) in Self.writes {
                let error = await FaultTests.error { try await write(fenced) }
                #expect(error?.isFenced == true, "\(name): \(error.map { "\($0)" } ?? "no error")")
                #expect(error?.isRetriable == false)
            }
            #expect(server.requests.isEmpty)
            _ = try await fenced.get(.configMaps, FaultTests.key, as: JSON.self)
            #expect(server.requests.map(\.method) == ["GET"])
        }
    }

    @Test func anOpenFenceLetsWritesThroughWithADeadlineForTheServer() async throws {
        try await FaultTests.with({ _, _ in .json(#"{"kind":"Scale"}"#) }) { client, server in
            let fenced = client.fenced(by: WriteFence { .milliseconds(2_500) })
            for (_, write) in Self.writes { try await write(fenced) }
            #expect(server.requests.count == Self.writes.count)
            #expect(server.requests.allSatisfy { $0.target.contains("timeout=2500ms") }, "\(server.requests.map(\.target))")
            _ = try await fenced.get(.configMaps, FaultTests.key, as: JSON.self)
            _ = try await client.create(.configMaps, namespace: "n", body: [:])
            #expect(server.requests.suffix(2).allSatisfy { !$0.target.contains("timeout") })
        }
    }

    /// Open when the request is made, closed when its turn to be sent comes: in a queue, or because the process stood still between.
    @Test func whatWasAdmittedIsAskedAgainBeforeItIsSent() async throws {
        try await FaultTests.with({ _, _ in .json("{}") }) { client, server in
            for times in 1...2 {
                let error = await FaultTests.error {
                    try await client.fenced(by: Turnstile(times).fence).create(.configMaps, namespace: "n", body: ["a": 1])
                }
                #expect(error?.isFenced == true, "\(times): \(error.map { "\($0)" } ?? "no error")")
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test func noRepeatIsSentOnceTheFenceIsClosed() async throws {
        let turnstile = Turnstile(1_000)
        var options = KubeClientOptions()
        options.sleep = { _ in turnstile.close() }
        try await FaultTests.with(
            { _, _ in .json(FaultTests.busy, status: 429, headers: [("Retry-After", "1")]) }, options: options
        ) { client, server in
            let error = await FaultTests.error { try await client.fenced(by: turnstile.fence).create(.configMaps, namespace: "n", body: [:]) }
            #expect(error?.isFenced == true || error?.isTooManyRequests == true, "\(error.map { "\($0)" } ?? "no error")")
            #expect(server.requests.count == 1)
        }
    }

    @Test func aWriteTheServerSitsOnIsGivenUpWhenItsAllowanceIsUsedUp() async throws {
        try await FaultTests.with({ _, _ in
            sleep(2)
            return .json("{}")
        }) { client, server in
            let error = await FaultTests.error {
                try await client.fenced(by: WriteFence { .milliseconds(200) }).replace(.configMaps, FaultTests.key, body: [:])
            }
            guard case .transport(let failure)? = error else { return #expect(error != nil, "the write outlived its allowance") }
            #expect(failure.kind == .timeout(.whole))
        }
    }

    /// What it tells the server about its end was true when it was made.
    @Test func aWriteThatWaitedTooLongIsNotSentAsItIs() async throws {
        let start = ContinuousClock.now
        let shrinking: @Sendable () -> Swift.Duration? = { .seconds(5) - (ContinuousClock.now - start) }
        try await FaultTests.with({ _, _ in .json("{}") }) { client, server in
            let error = await FaultTests.error {
                try await client.fenced(by: WriteFence(allowance: shrinking)).create(.configMaps, namespace: "n", body: [:])
            }
            #expect(error?.isFenced == true)
            #expect(server.requests.isEmpty)
            try await client.fenced(by: WriteFence(slack: .seconds(1), allowance: shrinking)).create(.configMaps, namespace: "n", body: [:])
            let granted = try #require(server.requests.first?.target.firstMatch(of: /timeout=(\d+)ms/).flatMap { Int($0.1) })
            #expect((1..<4000).contains(granted))
        }
    }

    @Test func aDelayedWriteIsMadeAnewWithLessTimeForTheServer() async throws {
        let asked = Mutex(0)
        let fence = WriteFence(allowance: {
            // It is made at five seconds, and its turn comes at three.
            asked.withLock { $0 += 1 }
            return asked.withLock { $0 == 1 ? .seconds(5) : .seconds(3) }
        })
        try await FaultTests.with({ _, _ in .json("{}") }) { client, server in
            try await client.fenced(by: fence).create(.configMaps, namespace: "n", body: [:])
            #expect(server.requests.count == 1)
            #expect(server.requests.first?.target.contains("timeout=3000ms") == true)
        }
    }

    @Test func theFenceHearsOfWritesWithoutAnAnswer() async throws {
        let heard = Mutex<[Swift.Duration]>([])
        let fence = WriteFence(unanswered: { time in heard.withLock { $0.append(time) } }, allowance: { .milliseconds(300) })
        try await FaultTests.with({ request, _ in
            if request.method == "PUT" { sleep(1) }
            return .json("{}", status: ["DELETE": 409, "PATCH": 504][request.method] ?? 200)
        }) { client, _ in
            let client = client.fenced(by: fence)
            try await client.create(.configMaps, namespace: "n", body: [:])
            #expect(await FaultTests.error { try await client.delete(.configMaps, FaultTests.key) } != nil)
            #expect(heard.withLock(\.self).isEmpty, "a refusal is an answer")
            #expect(await FaultTests.error { try await client.replace(.configMaps, FaultTests.key, body: [:]) } != nil)
            #expect(heard.withLock(\.self) == [.milliseconds(300)])
            // Nor does a server know that had no time to wait for the store.
            #expect(await FaultTests.error { try await client.patch(.configMaps, FaultTests.key, .merge([:])) } != nil)
            #expect(heard.withLock(\.self).count >= 2)
        }
    }

    @Test func nothingIsDeletedWithoutAName() async throws {
        try await FaultTests.with({ _, _ in .json("{}") }) { client, server in
            let error = await FaultTests.error { try await client.delete(.configMaps, ObjectKey(namespace: "n", name: "")) }
            #expect(error != nil)
            #expect(server.requests.isEmpty)
        }
    }

    @Test func theFenceOfOtherWritersSaysTheSame() throws {
        try WriteFence { .seconds(1) }.check()
        #expect(throws: KubeError.self) { try WriteFence { nil }.check() }
    }

    @Test func aProcessCanBeToldByItsUserAgent() async throws {
        var options = KubeClientOptions(version: "1")
        options.userAgentComment = "holder pod-7_ab"
        try await FaultTests.with({ _, _ in .json("{}") }, options: options) { client, server in
            _ = try await client.raw("GET", "/x")
            #expect(server.requests.first?.headers["user-agent"] == "plimsoll/1 (linux; holder pod-7_ab)")
        }
    }
}
