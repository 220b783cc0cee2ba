package import Logging

/// Where the proxy comes from.
package enum ProxySetting: Sendable, Hashable {
    case none
    /// `http_proxy`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` (either case; `HTTP_PROXY` only in lower case, as CGI sets the other).
    case environment
    /// `http://`, `https://`, `socks5://` or `socks5h://`, user and password allowed; `noProxy` in `NO_PROXY`'s notation.
    case url(String, noProxy: String = "")
}

/// Settings of one client: one pool of connections, one thread.
package struct HTTPClientConfiguration: Sendable {
    /// Names the pool in logs, metrics and the thread's name.
    package var label: String
    package var tls: TLSOptions
    /// Exchanges under way at once, streams included; more wait in order.
    package var maxInFlight: Int
    package var guardPolicy: AddressGuard
    /// `curl/...` would get pretty-printed JSON from an API server.
    package var userAgent: String
    package var proxy: ProxySetting
    /// HTTP/2 by ALPN, with HTTP/1.1 where the server has no HTTP/2. Plain `http` is always HTTP/1.1.
    package var http2: Bool
    /// Connections to one host over HTTP/2. One carries 100 streams on most servers; more wait, so a pool of more watches needs more.
    package var maxHTTP2ConnectionsPerHost: Int
    /// A cheap URL on the host that matters (`.../version`). While exchanges are under way it is asked whenever the host was silent for
    /// `probeInterval`; after two failures all connections to the host are shut down. nil: an expired deadline does that,
    /// if the host sent nothing at all since the request began.
    package var probeURL: String?
    package var probeInterval: Swift.Duration
    package var probeTimeout: Swift.Duration
    /// How long sent bytes may stay unacknowledged before the kernel gives the connection up, and them with it.
    package var unacknowledgedTimeout: Swift.Duration
    /// What was sent and not acknowledged dies with the socket, also when the process ends: nothing is delivered after that.
    package var dropsUnsentAtClose: Bool
    /// Its threads take SIGCONT, which all others block, so that a handler runs before they go on with what they were about to send.
    package var takesContinueSignal: Bool
    /// The longest response head in bytes.
    package var maxResponseHeadBytes: Int
    package var logger: Logger

    package init(
        label: String,
        tls: TLSOptions = TLSOptions(),
        maxInFlight: Int = 32,
        guardPolicy: AddressGuard = .noLinkLocal,
        userAgent: String = "plimsoll",
        proxy: ProxySetting = .none,
        http2: Bool = true,
        maxHTTP2ConnectionsPerHost: Int = 1,
        probeURL: String? = nil,
        probeInterval: Swift.Duration = .seconds(15),
        probeTimeout: Swift.Duration = .seconds(5),
        unacknowledgedTimeout: Swift.Duration = .seconds(30),
        dropsUnsentAtClose: Bool = false,
        takesContinueSignal: Bool = false,
        maxResponseHeadBytes: Int = 128 << 10,
        logger: Logger = Logger(label: "plimsoll.http")
    ) {
        self.label = label
        self.tls = tls
        self.maxInFlight = maxInFlight
        self.guardPolicy = guardPolicy
        self.userAgent = userAgent
        self.proxy = proxy
        self.http2 = http2
        self.maxHTTP2ConnectionsPerHost = maxHTTP2ConnectionsPerHost
        self.probeURL = probeURL
        self.probeInterval = probeInterval
        self.probeTimeout = probeTimeout
        self.unacknowledgedTimeout = unacknowledgedTimeout
        self.dropsUnsentAtClose = dropsUnsentAtClose
        self.takesContinueSignal = takesContinueSignal
        self.maxResponseHeadBytes = maxResponseHeadBytes
        self.logger = logger
    }
}
