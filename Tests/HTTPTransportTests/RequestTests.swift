import Testing

@testable import HTTPTransport

struct RequestPlanTests {
    private func plan(
        _ request: HTTPRequest, serverName: String? = nil, guardPolicy: AddressGuard = .noLinkLocal, proxy: ProxySetting = .none
    ) throws(HTTPError) -> RequestPlan {
        try RequestPlan(request, serverName: serverName, guardPolicy: guardPolicy, proxies: ProxyRules(proxy) { _ in nil })
    }

    private func refusal(_ request: HTTPRequest) -> HTTPError? {
        do {
            _ = try plan(request)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            "", "x", "/relative", "ftp://h/", "file:///etc/passwd", "gopher://h/", "http://", "http:///x", "http://h:99999/", "http://h/a b",
            "http://h/\r\nX: y",
            "http://h/\u{e4}", "http://user:s3cret@h/", "http://user@h/", "javascript:alert(1)",
        ])
    func urlsThatAreRefused(url: String) {
        let error = refusal(HTTPRequest(url: url))
        #expect(error?.kind == .invalidRequest)
        #expect(error?.message.contains("s3cret") == false)
    }

    @Test(
        arguments: [
            HTTPHeader("X", "a\r\nY: b"), HTTPHeader("X", "a\nb"), HTTPHeader("X", "a\0b"), HTTPHeader("X\r\nY", "a"), HTTPHeader("X:", "a"),
            HTTPHeader("", "a"), HTTPHeader("X Y", "a"), HTTPHeader("Authorization", "Bearer t0ken\r"),
        ])
    func headersThatAreRefused(header: HTTPHeader) {
        let error = refusal(HTTPRequest(url: "http://h/", headers: [header]))
        #expect(error?.kind == .invalidRequest)
        #expect(error?.message.contains("t0ken") == false)
    }

    @Test(arguments: ["", "GET /x HTTP/1.1\r\nX: y\r\n", "G T"])
    func methodsThatAreRefused(method: String) {
        #expect(refusal(HTTPRequest(method: method, url: "http://h/"))?.kind == .invalidRequest)
    }

    @Test func whatIsSent() throws {
        let plan = try plan(
            HTTPRequest(method: "PATCH", url: "HTTPS://Api.Example/a/../b?x=1#f", headers: [HTTPHeader("A", "b\tc"), HTTPHeader("E", "")], body: [1]))
        #expect(plan.url == "https://Api.Example/a/../b?x=1")
        #expect(plan.origin == "https://Api.Example:443")
        #expect(plan.isTLS && plan.connectTo == nil && !plan.isIdempotent)
        #expect(plan.headerLines == ["A: b\tc", "E;", "Expect:", "Content-Type:"])
        for (method, idempotent) in [("GET", true), ("PUT", true), ("DELETE", true), ("POST", false), ("PATCH", false)] {
            #expect(HTTPRequest(method: method, url: "http://h/").isIdempotent == idempotent)
        }
    }

    @Test(
        arguments: [
            ("https://10.0.0.1:6443/x", "kubernetes", "https://kubernetes:6443/x", "kubernetes:6443:10.0.0.1:6443", "Host: 10.0.0.1:6443"),
            ("https://[fd00::1]/x", "k.example", "https://k.example/x", "k.example:443:[fd00::1]:443", "Host: [fd00::1]"),
            ("https://h:6443/x", "fd00::2", "https://[fd00::2]:6443/x", "[fd00::2]:6443:h:6443", "Host: h:6443"),
        ])
    func aServerName(url: String, name: String, expected: String, connectTo: String, host: String) throws {
        let plan = try plan(HTTPRequest(url: url), serverName: name)
        #expect(plan.url == expected && plan.connectTo == connectTo && plan.headerLines.first == host)
        let own = try self.plan(HTTPRequest(url: url, headers: [HTTPHeader("host", "mine")]), serverName: name)
        #expect(own.headerLines.first == "host: mine")
    }

    @Test func aServerNameMeansNothingWithoutTLS() throws {
        #expect(try plan(HTTPRequest(url: "http://h/"), serverName: "k").connectTo == nil)
    }

    @Test func behindAProxyTheGuardSeesLiteralsAndTheProxy() throws {
        let proxy = ProxySetting.url("http://10.0.0.1:3128")
        let plan = try plan(HTTPRequest(url: "https://example.com/"), guardPolicy: .publicOnly, proxy: proxy)
        #expect(plan.proxy == "http://10.0.0.1:3128" && plan.socketGuard == .noLinkLocal)
        for url in ["http://10.1.1.1/", "http://[::ffff:7f00:1]/", "http://0x7f000001/"] {
            #expect(throws: HTTPError.self) { try self.plan(HTTPRequest(url: url), guardPolicy: .publicOnly, proxy: proxy) }
        }
        #expect(throws: HTTPError.self) { try self.plan(HTTPRequest(url: "http://h/"), proxy: .url("ftp://10.0.0.1:21")) }
    }
}

struct ProxyRulesTests {
    private static let environment = [
        "http_proxy": "http://plain:1", "HTTPS_PROXY": "secure:2", "HTTP_PROXY": "http://cgi:9",
        "no_proxy": "localhost, .internal,*.svc,10.0.0.0/8,[fd00::1],192.168.1.1,fd12::/16,host:8080,,CAPS.example",
    ]

    @Test(
        arguments: [
            ("http", "example.com", 80, "http://plain:1"), ("https", "example.com", 443, "http://secure:2"),
            ("https", "notinternal", 443, "http://secure:2"),
            ("https", "localhost", 443, nil), ("https", "a.localhost", 443, nil), ("https", "internal", 443, nil),
            ("https", "a.b.internal", 443, nil),
            ("http", "kube.svc", 80, nil), ("http", "10.200.0.1", 80, nil), ("http", "11.0.0.1", 80, "http://plain:1"),
            ("http", "192.168.1.1", 80, nil),
            ("http", "192.168.1.11", 80, "http://plain:1"), ("https", "fd00::1", 443, nil), ("https", "fd12:1::9", 443, nil),
            ("https", "fd13::9", 443, "http://secure:2"), ("http", "host", 8080, nil), ("http", "host", 80, "http://plain:1"),
            ("http", "x.caps.EXAMPLE", 80, nil),
        ] as [(String, String, Int, String?)])
    func environment(scheme: String, host: String, port: Int, expected: String?) {
        let rules = ProxyRules(.environment) { Self.environment[$0] }
        #expect(rules.proxy(scheme: scheme, host: host, port: port) == expected)
    }

    @Test func settings() {
        #expect(ProxyRules(.none) { Self.environment[$0] }.proxy(scheme: "http", host: "h", port: 80) == nil)
        #expect(ProxyRules(.environment) { ["HTTP_PROXY": "x"][$0] }.proxy(scheme: "http", host: "h", port: 80) == nil)
        #expect(ProxyRules(.environment) { ["ALL_PROXY": "socks5://x:1"][$0] }.proxy(scheme: "http", host: "h", port: 80) == "socks5://x:1")
        #expect(ProxyRules(.environment) { ["ALL_PROXY": "x", "NO_PROXY": "*"][$0] }.proxy(scheme: "http", host: "h", port: 80) == nil)
        #expect(ProxyRules(.url("http://p:1", noProxy: "h")) { _ in nil }.proxy(scheme: "https", host: "h", port: 443) == nil)
        #expect(ProxyRules(.url("http://p:1")) { _ in nil }.proxy(scheme: "https", host: "h", port: 443) == "http://p:1")
    }
}
