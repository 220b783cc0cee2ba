import HTTPTransport
import PrometheusClient
import PrometheusModel
import TestSupport
import Testing
import Values

/// Shape-tested: against a server of our own making, for what a real Prometheus can't be made to do.
@Suite struct PrometheusHTTPClientTests {
    private func client(_ server: NonsenseServer, path: String = "", _ change: (inout PrometheusSettings) -> Void = { _ in }) throws
        -> PrometheusHTTPClient
    {
        var settings = PrometheusSettings(name: "default", url: server.url + path, timeout: .seconds(20))
        change(&settings)
        return try PrometheusHTTPClient(settings)
    }

    private static let good = #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1.5,"2"]}]}}"#

    struct Case: Sendable, CustomTestStringConvertible {
        var reply: NonsenseServer.Reply
        var kind: PrometheusError.Kind
        var testDescription: String { "\(kind)" }

        init(_ reply: NonsenseServer.Reply, _ kind: PrometheusError.Kind) {
            self.reply = reply
            self.kind = kind
        }
    }

    @Test(arguments: [
        Case(
            .answer(status: 200, contentType: "text/html", body: "\n<!DOCTYPE html><html><head><Title>Sign in\u{7}</Title></head></html>"),
            .nonsense(why: "an HTML page titled 'Sign in ' instead of JSON; is the URL that of a Prometheus?")),
        Case(.answer(status: 200, body: ""), .nonsense(why: "an empty answer")),
        Case(
            .answer(status: 200, body: #"{"status":"success","data":{"resultType":"vector","result":[{"met"#),
            .nonsense(why: "the JSON is cut short after 65 bytes")),
        Case(
            .answer(status: 200, body: #"{"status":"success","data":{"resultType":"vector","result":["#),
            .nonsense(why: "the JSON is cut short after 60 bytes")),
        Case(
            .answer(status: 400, body: #"{"status":"error","errorType":"bad_data","error":"1:3: parse error"}"#),
            .queryFailed(errorType: "bad_data", message: "1:3: parse error")),
        Case(
            .answer(status: 200, body: #"{"status":"error","errorType":"timeout","error":"query timed out"}"#),
            .queryFailed(errorType: "timeout", message: "query timed out")),
        Case(
            .answer(status: 401, contentType: "text/plain", body: "Unauthorized\n"),
            .refused(status: 401, message: "it wants other credentials: Unauthorized")),
        Case(
            .answer(status: 404, body: "404 page not found\n"),
            .refused(status: 404, message: "nothing is there; is the URL's path right? (404 page not found)")),
        Case(
            .answer(status: 302, body: "<a href=x>Found</a>"),
            .refused(status: 302, message: "it redirects elsewhere, and redirects are not followed: set url to where it really is")),
        Case(
            .answer(status: 503, contentType: "text/html", body: "<html><title>Service Unavailable</title>"),
            .refused(status: 503, message: "an HTML page titled 'Service Unavailable'")),
        Case(.answer(status: 500, body: ""), .refused(status: 500, message: "")),
        Case(
            .answer(status: 500, body: String(repeating: "x", count: 5000)),
            .refused(status: 500, message: String(repeating: "x", count: 300) + "...")),
    ])
    func answersThatAreNone(_ one: Case) async throws {
        let server = NonsenseServer(one.reply)
        let client = try client(server)
        let error = await #expect(throws: PrometheusError.self) { try await client.query("up", at: nil) }
        #expect(error?.kind == one.kind)
        #expect(error?.description.contains("'default'") == true)
        await client.shutdown()
    }

    @Test(arguments: [
        "7", "[]", "null", #""text""#, "{}", #"{"status":"success"}"#, #"{"status":"success","data":null}"#, #"{"status":"maybe","data":{}}"#,
        #"{"status":"success","data":{"resultType":"vector"}}"#, #"{"status":"success","data":{"resultType":"table","result":[]}}"#,
        #"{"status":"success","data":{"resultType":"vector","result":{}}}"#, #"{"status":"success","data":{"resultType":"vector","result":[7]}}"#,
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":1},"value":[1,"2"]}]}}"#,
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"two"]}]}}"#,
        #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":["1"]}]}}"#,
        #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1]]}]}}"#,
        #"{"status":"success","data":{"resultType":"vector","result":[]}} trailing"#, "{\u{0}}", "{\"status\":\"succ\u{1}ess\"}",
    ])
    func jsonOfTheWrongShape(body: String) async throws {
        let server = NonsenseServer(.answer(status: 200, body: body))
        let client = try client(server)
        let error = await #expect(throws: PrometheusError.self) { try await client.query("up", at: nil) }
        guard case .nonsense = error?.kind else {
            Issue.record("\(body): \(String(describing: error))")
            return
        }
        await client.shutdown()
    }

    /// Every prefix of a good answer and every answer with one byte changed is read or refused, and never harms.
    @Test func mutilatedAnswers() async throws {
        let bytes = Array(Self.good.utf8)
        let which = Box(0)
        let server = NonsenseServer { _ in
            let index = which.value
            var mutilated = bytes
            if index < bytes.count { mutilated = Array(bytes[..<index]) } else { mutilated[index - bytes.count] = UInt8(ascii: "}") }
            return .answer(status: 200, body: String(decoding: mutilated, as: UTF8.self))
        }
        let client = try client(server)
        for index in 0..<bytes.count * 2 {
            which.value = index
            do {
                _ = try await client.query("up", at: nil)
                #expect(index >= bytes.count, "a prefix of \(index) bytes was accepted")
            } catch {
                guard case .nonsense = error.kind else {
                    Issue.record("\(index): \(error)")
                    break
                }
            }
        }
        await client.shutdown()
    }

    @Test func brokenConnections() async throws {
        for reply in [NonsenseServer.Reply.close, .cutShort(body: Self.good)] {
            let server = NonsenseServer(reply)
            let client = try client(server)
            let error = await #expect(throws: PrometheusError.self) { try await client.query("up", at: nil) }
            guard case .unreachable = error?.kind else {
                Issue.record("\(reply): \(String(describing: error))")
                continue
            }
            await client.shutdown()
        }
        let garbage = NonsenseServer(.raw("SSH-2.0-OpenSSH_9.2\r\n"))
        let client = try client(garbage)
        let error = await #expect(throws: PrometheusError.self) { try await client.query("up", at: nil) }
        guard case .nonsense = error?.kind else {
            Issue.record("\(String(describing: error))")
            return
        }
        await client.shutdown()
    }

    @Test func silence() async throws {
        for reply in [NonsenseServer.Reply.hang, .stall] {
            let server = NonsenseServer(reply)
            let client = try client(server) { $0.timeout = .milliseconds(300) }
            let error = await #expect(throws: PrometheusError.self) { try await client.query("up", at: nil) }
            guard case .timedOut = error?.kind else {
                Issue.record("\(reply): \(String(describing: error))")
                continue
            }
            await client.shutdown()
        }
    }

    @Test func cancellation() async throws {
        let server = NonsenseServer(.hang)
        let client = try client(server)
        let task = Task { try await client.query("up", at: nil) }
        #expect(await eventually { !server.requests.isEmpty })
        task.cancel()
        let result = await task.result
        #expect(throws: PrometheusError(source: "default", kind: .cancelled)) { try result.get() }
        await client.shutdown()
    }

    @Test func tooLarge() async throws {
        let server = NonsenseServer(.answer(status: 200, body: String(repeating: " ", count: 100_000)))
        let client = try client(server) { $0.maxBodyBytes = 50_000 }
        let error = await #expect(throws: PrometheusError.self) { try await client.query("up", at: nil) }
        guard case .nonsense = error?.kind else {
            Issue.record("\(String(describing: error))")
            return
        }
        await client.shutdown()
    }

    @Test func whatIsSent() async throws {
        let server = NonsenseServer(.answer(status: 200, body: Self.good))
        let client = try client(server, path: "/prefix/a%20b/")
        let answer = try await client.query(#"rate(x{a="b c"}[5m]) + 1"#, at: Instant(microseconds: 1_700_000_000_012_345))
        #expect(answer.value == .vector([VectorSample(metric: ["a": "b"], timestamp: 1.5, value: 2)]))
        #expect(answer.warnings == [])
        let long = "up" + String(repeating: " or up", count: 500)
        _ = try await client.query(long, at: nil)
        _ = try? await client.labelValues("job", matching: ["up", "{a=\"b\"}"], from: .epoch, to: Instant(microseconds: -1_500_000))
        let sent = server.requests
        #expect(sent[0].method == "GET")
        #expect(
            sent[0].target
                == "/prefix/a%20b/api/v1/query?query=rate%28x%7Ba%3D%22b%20c%22%7D%5B5m%5D%29%20%2B%201&timeout=20s&time=1700000000.012")
        #expect(sent[0].headers["accept"] == "application/json")
        #expect(sent[0].headers["authorization"] == nil)
        #expect((sent[1].method, sent[1].target) == ("POST", "/prefix/a%20b/api/v1/query"))
        #expect(sent[1].headers["content-type"] == "application/x-www-form-urlencoded")
        #expect(sent[1].body.hasPrefix("query=up%20or%20up%20or"))
        #expect(sent[1].body.hasSuffix("&timeout=20s"))
        #expect(sent[2].target == "/prefix/a%20b/api/v1/label/job/values?match%5B%5D=up&match%5B%5D=%7Ba%3D%22b%22%7D&start=0.000&end=-1.500")
        await client.shutdown()
    }

    @Test func warningsAreKept() async throws {
        let body = #"{"status":"success","data":{"resultType":"vector","result":[]},"warnings":["no response from store a","b\nc"],"infos":["x"]}"#
        let server = NonsenseServer(.answer(status: 200, body: body))
        let client = try client(server)
        #expect(try await client.query("up", at: nil).warnings == ["no response from store a", "b"])
        await client.shutdown()
        let labelled = NonsenseServer(.answer(status: 200, body: #"{"status":"success","data":[{"warnings":"x"}]}"#))
        let other = try self.client(labelled)
        let series = try await other.series(matching: ["up"], from: nil, to: nil)
        #expect(series.value == [["warnings": "x"]])
        #expect(series.warnings == [])
        await other.shutdown()
    }

    /// Beyond the size that is decoded in place.
    @Test func largeAnswers() async throws {
        let count = 20_000
        let results = (0..<count).map { #"{"metric":{"slo":"s\#($0)"},"value":[1,"\#($0)"]}"# }.joined(separator: ",")
        let server = NonsenseServer(.answer(status: 200, body: #"{"status":"success","data":{"resultType":"vector","result":[\#(results)]}}"#))
        let client = try client(server)
        let samples = try await client.vector("up").value
        #expect(samples.count == count)
        #expect(samples.last?.value == Double(count - 1))
        await client.shutdown()
    }

    @Test func vectorsOnly() async throws {
        let server = NonsenseServer(.answer(status: 200, body: #"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#))
        let client = try client(server)
        #expect(try await client.query("2", at: nil).value == .scalar(timestamp: 1, value: 2))
        await #expect(throws: PrometheusError.self) { try await client.vector("2") }
        await client.shutdown()
    }

    @Test func aTokenFileIsReadAgain() async throws {
        let scratch = try ScratchDirectory()
        let path = scratch.file("token")
        let server = NonsenseServer(.answer(status: 403, contentType: "text/plain", body: "token second-token may not query"))
        let client = try client(server) { $0.credentials = .bearerTokenFile(path) }
        func ask() async -> PrometheusError? { await #expect(throws: PrometheusError.self) { try await client.query("up", at: nil) } }

        #expect(await ask()?.kind == .misconfigured("cannot read the bearer token file \(path): No such file or directory"))
        try writeFile(path, " \n")
        #expect(await ask()?.kind == .misconfigured("the bearer token file \(path) is empty"))
        try writeFile(path, "a\nb")
        #expect(await ask()?.kind == .misconfigured("the bearer token file \(path) holds more than one line"))
        #expect(server.requests.isEmpty)
        try writeFile(path, "first-token\n")
        #expect(await ask()?.kind == .refused(status: 403, message: "token second-token may not query"))
        try writeFile(path, "second-token")
        // The server's text may repeat the token; ours doesn't.
        #expect(await ask()?.kind == .refused(status: 403, message: "token *** may not query"))
        unlinkFile(path)
        _ = await ask()
        #expect(server.requests.map { $0.headers["authorization"] } == ["Bearer first-token", "Bearer second-token", "Bearer second-token"])
        await client.shutdown()
    }

    @Test func basicCredentials() async throws {
        let scratch = try ScratchDirectory()
        try writeFile(scratch.file("password"), "open sesame\n")
        let server = NonsenseServer(.answer(status: 200, body: Self.good))
        let client = try client(server) { $0.credentials = .basic(username: "Aladdin", passwordFile: scratch.file("password")) }
        _ = try await client.query("up", at: nil)
        #expect(server.requests.map { $0.headers["authorization"] } == ["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="])
        await client.shutdown()
    }

    /// The reload URL may be another server's: that one gets no credentials.
    @Test func credentialsStayWithTheirServer() async throws {
        let scratch = try ScratchDirectory()
        try writeFile(scratch.file("token"), "secret")
        let own = NonsenseServer(.answer(status: 200, body: ""))
        let sidecar = NonsenseServer(.answer(status: 200, body: ""))
        let client = try client(own, path: "/prom") { $0.credentials = .bearerTokenFile(scratch.file("token")) }
        try await client.reload("\(own.url)/-/reload")
        try await client.reload("\(sidecar.url)/-/reload")
        #expect(own.requests.map { "\($0.method) \($0.target) \($0.headers["authorization"] ?? "-")" } == ["POST /-/reload Bearer secret"])
        #expect(sidecar.requests.map { "\($0.method) \($0.target) \($0.headers["authorization"] ?? "-")" } == ["POST /-/reload -"])
        await client.shutdown()
    }

    @Test func whatACompatibleServerDoesNotTell() async throws {
        let server = NonsenseServer { request in
            request.target.hasSuffix("runtimeinfo")
                ? .answer(status: 200, body: #"{"status":"success","data":[]}"#) : .answer(status: 404, body: "not found")
        }
        let client = try client(server)
        #expect(try await client.setup() == PrometheusSetup())
        let error = await #expect(throws: PrometheusError.self) { try await client.buildInfo() }
        #expect(error?.kind == .refused(status: 404, message: "nothing is there; is the URL's path right? (not found)"))
        await client.shutdown()
        let down = try PrometheusHTTPClient(.init(name: "down", url: "http://127.0.0.1:1"))
        await #expect(throws: PrometheusError.self) { try await down.setup() }
        await down.shutdown()
    }

    @Test(arguments: [
        ("prometheus:9090", "its URL must begin with http:// or https://"), ("http://", "its URL must begin with http:// or https://"),
        ("http://user:hunter2@host", "its URL must not hold a user or password; there is auth for that"),
        ("http://host?tenant=a", "its URL must have no query and no fragment"),
    ])
    func urlsThatCannotBe(url: String, why: String) {
        let error = #expect(throws: PrometheusError.self) { try PrometheusHTTPClient(.init(name: "a", url: url)) }
        #expect(error?.kind == .misconfigured(why))
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("\u{FF}\u{FE}?", "w7/Dvj8=")])
    func base64(text: String, expected: String) { #expect(Base64Text.encode(Array(text.utf8)) == expected) }
}
