import HTTPTransport
import KubeModel
import Testing

@testable import KubeClient

@Suite struct StatusReadingTests {
    static func read(_ code: Int, _ body: String, _ headers: [HTTPHeader] = []) -> KubeStatus {
        StatusReading.status(code: code, headers: HTTPHeaders(headers), body: Array(body.utf8))
    }

    @Test func aStatusWithCauses() {
        let status = Self.read(
            422,
            #"""
            {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"ConfigMap \"A\" is invalid","reason":"Invalid",
            "details":{"name":"A","kind":"ConfigMap","causes":[{"reason":"FieldValueInvalid","message":"bad","field":"metadata.name"}]},"code":422}
            """#)
        #expect(status.reason == "Invalid")
        #expect(status.causes == [.init(reason: "FieldValueInvalid", message: "bad", field: "metadata.name")])
        #expect(KubeError.status(status).isInvalid)
        #expect(!KubeError.status(status).isRetriable)
    }

    @Test func retryAfterFromHeaderOrDetails() {
        let body = #"{"kind":"Status","message":"busy","reason":"TooManyRequests","details":{"retryAfterSeconds":7},"code":429}"#
        #expect(Self.read(429, body).retryAfterSeconds == 7)
        #expect(Self.read(429, body, [HTTPHeader("retry-after", " 3 ")]).retryAfterSeconds == 3)
        #expect(Self.read(503, "", [HTTPHeader("Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT")]).retryAfterSeconds == 1)
        #expect(Self.read(503, "", [HTTPHeader("Retry-After", "99999999999999999999")]).retryAfterSeconds == 60)
        #expect(Self.read(429, body, [HTTPHeader("Retry-After", "86400")]).retryAfterSeconds == 60)
        #expect(Self.read(429, body.replacing("7}", with: "9223372036854775807}")).retryAfterSeconds == 60)
        // One that comes inside a watch has passed by here.
        for (seconds, expected) in [(-5, 1), (0, 1), (59, 59), (61, 60), (Int.max, 60)] {
            #expect(KubeError.status(KubeStatus(code: 429, retryAfterSeconds: seconds)).retryAfter == .seconds(expected))
        }
        #expect(KubeError.status(Self.read(429, body)).retryAfter == .seconds(7))
    }

    @Test func aProxysWebPageIsToldInALine() {
        let html =
            "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr>nginx</body></html>"
        let status = Self.read(502, html, [HTTPHeader("Content-Type", "text/html; charset=utf-8")])
        #expect(status.message == "the server answered 502 with a web page, as a proxy would: 502 Bad Gateway 502 Bad Gateway nginx")
        #expect(status.code == 502)
        #expect(KubeError.status(status).isRetriable)
    }

    @Test func foreignBodiesAreBounded() {
        let long = Self.read(500, String(repeating: "x", count: 1 << 16), [HTTPHeader("Content-Type", "text/plain")])
        #expect(long.message.count < 300)
        #expect(long.reason == "InternalError")
        let control = Self.read(500, "a\u{1B}[31mb\u{0}c", [HTTPHeader("Content-Type", "text/plain")])
        #expect(control.message == "the server answered 500: a [31mb c")
        #expect(Self.read(500, "").message == "the server answered 500")
        #expect(Self.read(500, "{\"kind\":\"Status\"").message.contains("{\"kind\""))
    }

    @Test func redirectsAreNamedWithoutTheirQuery() {
        let status = Self.read(302, "", [HTTPHeader("Location", "https://login.example.com/auth?token=secret")])
        #expect(status.message == "the server answered 302, a redirect to https://login.example.com/auth; redirects are not followed")
    }

    @Test func anUnknownResource() {
        let plain = KubeError.status(Self.read(404, "404 page not found\n", [HTTPHeader("Content-Type", "text/plain")]))
        #expect(plain.isNotFound && plain.isUnknownResource)
        let object = KubeError.status(KubeStatus(code: 404, reason: "NotFound", message: "configmaps \"a\" not found"))
        #expect(object.isNotFound && !object.isUnknownResource)
    }

    @Test(arguments: [
        (KubeStatus(code: 409, reason: "AlreadyExists"), "exists"),
        (KubeStatus(code: 409, reason: "Conflict"), "conflict"),
        (KubeStatus(code: 410, reason: "Expired"), "expired"),
        (KubeStatus(code: 410, reason: "Gone"), "expired"),
        (KubeStatus(code: 504, reason: "Timeout", message: "Too large resource version: 9, current: 1"), "tooLarge"),
        (KubeStatus(code: 504, reason: "Timeout", causes: [.init(reason: "ResourceVersionTooLarge", message: "x")]), "tooLarge"),
        (KubeStatus(code: 403, reason: "Forbidden", causes: [.init(reason: "NamespaceTerminating")]), "terminating"),
        (KubeStatus(code: 403, reason: "Forbidden"), "forbidden"),
        (KubeStatus(code: 401, reason: "Unauthorized"), "unauthorized"),
        (KubeStatus(code: 429, reason: "TooManyRequests"), "throttled"),
        (KubeStatus(code: 500, reason: "InternalError"), "other"),
    ])
    func classes(status: KubeStatus, expected: String) {
        let error = KubeError.status(status)
        let name =
            if error.isAlreadyExists { "exists" } else if error.isConflict { "conflict" } else if error.isExpired {
                "expired"
            } else if error.isTooLargeResourceVersion { "tooLarge" } else if error.isNamespaceTerminating { "terminating" } else if error.isForbidden
            { "forbidden" } else if error.isUnauthorized { "unauthorized" } else if error.isTooManyRequests { "throttled" } else { "other" }
        #expect(name == expected)
    }

    @Test func warnings() {
        var log = WarningLog()
        let header = #"299 - "batch/v1beta1 CronJob is deprecated in v1.21+, use \"batch/v1\"", 299 - "two" "Wed, 21 Oct 2026 07:28:00 GMT""#
        #expect(log.new(in: [header]) == [#"batch/v1beta1 CronJob is deprecated in v1.21+, use "batch/v1""#, "two"])
        #expect(log.new(in: [header]) == [])
        #expect(log.new(in: [#"110 cache "stale""#, #"299 - "open"#, "nonsense"]) == [])
    }
}
