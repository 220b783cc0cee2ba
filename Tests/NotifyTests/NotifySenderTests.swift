import Glibc
import HTTPTransport
import Notify
import TestSupport
import Testing
import Values

/// Shape-tested: against a server of our own making.
struct NotifySenderTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private func sender(
        _ channel: NotifierSettings.Channel, _ server: ScriptedServer, secret: String? = nil, timeout: Swift.Duration = .seconds(10),
        mayWrite: @escaping @Sendable () -> Bool = { true }
    ) throws -> NotifySender {
        if let secret { try writeFile(scratch.file("secret"), secret + "\n") }
        return NotifySender(
            NotifierSettings(
                name: "n", channel: channel, url: server.url + "/", secretFile: secret == nil ? nil : scratch.file("secret"), timeout: timeout),
            now: { Instant(seconds: 1_785_000_600) }, mayWrite: mayWrite)
    }

    private func failure(_ sender: NotifySender, _ message: Message = Message(.sample)) async -> NotifyFailure? {
        do throws(NotifyFailure) {
            _ = try await sender.send([message])
            return nil
        } catch {
            return error
        }
    }

    @Test func pagerDutyGetsItsKeyInTheBody() async throws {
        let server = try ScriptedServer { _, _ in .json(#"{"status":"success","message":"Event processed","dedup_key":"x"}"#, status: 202) }
        defer { server.stop() }
        let sender = try sender(.pagerDuty, server, secret: "r0utingkey")
        #expect(try await sender.send([Message(.sample)]).isEmpty)
        let request = try #require(server.requests.first)
        #expect(request.method == "POST" && request.target == "/v2/enqueue")
        #expect(request.headers["content-type"] == "application/json")
        #expect(request.headers["authorization"] == nil)
        #expect(try JSON(parsing: request.body)["routing_key"] == "r0utingkey")
        await sender.shutdown()
    }

    @Test func whatCannotBeReadIsKnownBeforeThereIsAnythingToTell() async throws {
        let (secret, authority) = (scratch.file("s"), scratch.file("ca.pem"))
        let sender = NotifySender(
            NotifierSettings(
                name: "n", channel: .pagerDuty, url: "http://127.0.0.1:1", secretFile: secret, credentials: CredentialSettings(caFile: authority)),
            now: { .epoch })
        #expect(await sender.trouble() == "cannot read the CA file \(authority): No such file or directory")
        try writeFile(authority, "pem")
        #expect(await sender.trouble() == "cannot read the secret file \(secret): No such file or directory")
        try writeFile(secret, "\n")
        #expect(await sender.trouble() == "the secret file \(secret) is empty")
        try writeFile(secret, "key\n")
        #expect(await sender.trouble() == nil)
        // What was read before does not hide that it is gone.
        unlink(secret)
        #expect(await sender.trouble() != nil)
        await sender.shutdown()
    }

    @Test func slackIsAddressedByItsSecretWhichNoMessageRepeats() async throws {
        let server = try ScriptedServer { request, number in
            number == 1
                ? .respond(404, pieces: ["no_service for \(request.target)"]) : .respond(200, pieces: ["ok"])
        }
        defer { server.stop() }
        let sender = try sender(.slack, server, secret: "\(server.url)/services/T0/B0/s3cr3t")
        let failure = try #require(await failure(sender))
        #expect(failure.isFinal && failure.message.contains("no_service"))
        #expect(!failure.message.contains("s3cr3t") && !failure.message.contains("/services"))
        #expect(try await sender.send([Message(.sample)]).isEmpty)
        #expect(server.requests.last?.target == "/services/T0/B0/s3cr3t")
        await sender.shutdown()
        let other = try self.sender(.slack, server, secret: "xoxb-token")
        #expect(await self.failure(other)?.message.contains("holds no URL of an incoming webhook") == true)
        await other.shutdown()
    }

    @Test func noHalfOfASecretIsLeftWhereTheAnswerIsCut() async throws {
        let server = try ScriptedServer { request, _ in
            .respond(400, pieces: [String(repeating: "x", count: 280) + request.target + " " + (request.headers["authorization"] ?? "")])
        }
        defer { server.stop() }
        let slack = try sender(.slack, server, secret: "\(server.url)/workflows/T0/B0/s3cr3t")
        #expect(try #require(await failure(slack)).message.contains("xxx***"))
        await slack.shutdown()
        let custom = try sender(.custom(try CustomTemplate("{}")), server, secret: "t0kent0kent0ken")
        #expect(try #require(await failure(custom)).message.contains("t0k") == false)
        await custom.shutdown()
    }

    @Test func theCredentialIsNotShownInOtherLettersEither() async throws {
        let server = try ScriptedServer { request, _ in .respond(400, pieces: ["got \(request.headers["authorization"] ?? "nothing")"]) }
        defer { server.stop() }
        let sender = try sender(.jira(JiraTemplate.Settings(project: "OPS"), user: "me"), server, secret: "t0ken")
        #expect(try #require(await failure(sender)).message == "HTTP 400: got Basic ***")
        await sender.shutdown()
    }

    @Test func aURLOfOnesOwnMayBeASecret() async throws {
        let server = try ScriptedServer { request, number in number == 1 ? .respond(404, pieces: ["nothing at \(request.target)"]) : .respond(200) }
        defer { server.stop() }
        let sender = NotifySender(
            NotifierSettings(name: "n", channel: .custom(try CustomTemplate("{}")), urlFile: scratch.file("url")), now: { .epoch })
        try writeFile(scratch.file("url"), "\(server.url)/hook?token=s3cr3t\n")
        #expect(try #require(await failure(sender)).message == "HTTP 404: nothing at ***")
        #expect(try await sender.send([Message(.sample)]).isEmpty)
        #expect(server.requests.map(\.target) == ["/hook?token=s3cr3t", "/hook?token=s3cr3t"])
        try writeFile(scratch.file("url"), "s3cr3t")
        let wrong = try #require(await failure(sender))
        #expect(wrong.isFinal && wrong.message.contains("holds no URL") && !wrong.message.contains("s3cr3t"))
        await sender.shutdown()
    }

    @Test func jiraIsAskedWithBasicOrBearer() async throws {
        let server = try ScriptedServer { request, _ in
            request.target.contains("search") ? .json(#"{"issues":[]}"#) : .json(#"{"id":"1","key":"OPS-7"}"#, status: 201)
        }
        defer { server.stop() }
        let cloud = try sender(.jira(JiraTemplate.Settings(project: "OPS"), user: "me@example.com"), server, secret: "t0ken")
        #expect(try await cloud.send([Message(.sample)]) == "OPS-7")
        #expect(server.requests.map(\.target) == ["/rest/api/3/search/jql", "/rest/api/2/issue"])
        #expect(server.requests[0].headers["authorization"] == "Basic \(Base64Text.encode(Array("me@example.com:t0ken".utf8)))")
        await cloud.shutdown()
        let center = try sender(.jira(JiraTemplate.Settings(project: "OPS", deployment: .dataCenter), user: ""), server, secret: "pat")
        _ = try await center.send([Message(.sample)])
        #expect(server.requests.last?.headers["authorization"] == "Bearer pat")
        await center.shutdown()
    }

    @Test func statuspageIsAskedWithItsOwnScheme() async throws {
        let server = try ScriptedServer { request, _ in request.method == "GET" ? .json("[]") : .json(#"{"id":"abc"}"#, status: 201) }
        defer { server.stop() }
        let sender = try sender(.statuspage(StatuspageTemplate.Settings(pageID: "p1")), server, secret: "k")
        #expect(try await sender.send([Message(.sample)]) == "abc")
        #expect(server.requests.allSatisfy { $0.headers["authorization"] == "OAuth k" })
        await sender.shutdown()
    }

    @Test func oneRequestHoldsManyAlerts() async throws {
        let server = try ScriptedServer { _, _ in .respond(200) }
        defer { server.stop() }
        let sender = try sender(.alertmanager(resend: .minutes(1)), server)
        let second = Notification.sample.with { $0.identity.policy = "warn" }
        _ = try await sender.send([Message(.sample), Message(second)])
        let body = try JSON(parsing: try #require(server.requests.first).body)
        #expect(body.arrayValue?.count == 2)
        #expect(body[0]?["endsAt"] == "2026-07-25T17:35:00Z")
        await sender.shutdown()
    }

    @Test func whatAPeerAsksForAndWhatBreaks() async throws {
        let server = try ScriptedServer { _, number in
            switch number {
            case 1: .respond(429, headers: [("Retry-After", "30")], pieces: ["slow down"])
            case 2: .hangUp
            case 3: .respond(503, headers: [("Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT")])
            case 4: .respond(302, headers: [("Location", "https://elsewhere.example.com")])
            default: .respond(400, pieces: [#"{"status":"invalid event","errors":["Length of 'routing_key' is incorrect: r0utingkey"]}"#])
            }
        }
        defer { server.stop() }
        let sender = try sender(.custom(try CustomTemplate(#"{"a":"${title}"}"#)), server, secret: "r0utingkey")
        let slow = try #require(await failure(sender))
        #expect(!slow.isFinal && slow.retryAfter == .seconds(30))
        let broken = try #require(await failure(sender))
        #expect(!broken.isFinal && broken.retryAfter == nil)
        let away = try #require(await failure(sender))
        #expect(!away.isFinal && away.retryAfter == nil)
        let moved = try #require(await failure(sender))
        #expect(moved.isFinal && moved.message.contains("redirects are not followed"))
        let bad = try #require(await failure(sender))
        #expect(bad.isFinal && bad.message.contains("HTTP 400") && bad.message.contains("invalid event"))
        #expect(!bad.message.contains("r0utingkey"))
        await sender.shutdown()
    }

    @Test func whoNoLongerLeadsTellsNobody() async throws {
        let server = try ScriptedServer { _, _ in .respond(200) }
        defer { server.stop() }
        let sender = try sender(.custom(try CustomTemplate("{}")), server, mayWrite: { false })
        let failure = try #require(await failure(sender))
        #expect(!failure.isFinal)
        #expect(server.requests.isEmpty)
        await sender.shutdown()
    }

    @Test func aSecretThatIsNotThereYetIsWaitedForAndReadAgain() async throws {
        let server = try ScriptedServer { _, _ in .respond(202) }
        defer { server.stop() }
        let sender = NotifySender(
            NotifierSettings(name: "n", channel: .pagerDuty, url: server.url, secretFile: scratch.file("later")), now: { .epoch })
        let failure = try #require(await failure(sender))
        #expect(!failure.isFinal && failure.message.contains("cannot read the secret file"))
        for key in ["first", "second"] {
            try writeFile(scratch.file("later"), key)
            _ = try await sender.send([Message(.sample)])
            #expect(try JSON(parsing: try #require(server.requests.last).body)["routing_key"] == .string(key))
        }
        await sender.shutdown()
    }

    @Test func addressesThatNobodyMayReachAreRefused() async throws {
        for url in ["http://169.254.169.254", "http://[fe80::1]"] {
            let sender = NotifySender(NotifierSettings(name: "n", channel: .custom(try CustomTemplate("{}")), url: url), now: { .epoch })
            let failure = try #require(await failure(sender))
            #expect(failure.isFinal, "\(failure)")
            await sender.shutdown()
        }
    }
}
