/// A request that was checked, with all that libcurl needs to know of it.
struct RequestPlan: Sendable {
    let method: String
    let url: String
    /// `https://host:port`, what messages name and connections are booked under.
    let origin: String
    let isTLS: Bool
    /// CURLOPT_CONNECT_TO, where SNI and verification go by another name than the URL's host.
    let connectTo: String?
    let headerLines: [String]
    let body: [UInt8]?
    let proxy: String?
    /// What the socket's address must satisfy.
    let socketGuard: AddressGuard
    let deadlines: HTTPDeadlines
    let maxBodyBytes: Int
    let acceptGzip: Bool
    let isIdempotent: Bool
    let permit: (@Sendable (HTTPRequest.Moment) -> Bool)?

    init(
        _ request: HTTPRequest, serverName: String?, guardPolicy: AddressGuard, proxies: ProxyRules
    ) throws(HTTPError) {
        let parts = try Self.parts(request.url, serverName: nil)
        let isTLS = parts.scheme == "https"
        origin = parts.origin
        self.isTLS = isTLS
        guard Self.isToken(request.method) else {
            throw Self.invalid("\(parts.origin): the method must be a word such as GET")
        }
        try Self.check(request.headers, origin: parts.origin)
        // Over a proxy this is the only chance to see a literal address; without one it saves the attempt.
        if let address = IPAddress(parts.bareHost), let reason = guardPolicy.refusal(of: address) {
            throw HTTPError(
                kind: .forbiddenAddress, isRetrySafe: true, message: "\(parts.origin): \(address) is \(reason), where nothing may be sent")
        }
        let hasHost = request.headers.contains { $0.name.equalsIgnoringASCIICase("host") }
        var lines: [String] = []
        if isTLS, let serverName, serverName != parts.bareHost {
            let renamed = try Self.parts(request.url, serverName: serverName)
            url = renamed.url
            let name = serverName.contains(":") ? "[\(serverName)]" : serverName
            connectTo = "\(name):\(parts.port):\(parts.host):\(parts.port)"
            if !hasHost { lines.append("Host: \(parts.host)\(parts.port == 443 ? "" : ":\(parts.port)")") }
        } else {
            url = parts.url
            connectTo = nil
        }
        lines += request.headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        // libcurl's own additions, which nobody asked for.
        lines.append("Expect:")
        if request.body != nil, !request.headers.contains(where: { $0.name.equalsIgnoringASCIICase("content-type") }) {
            lines.append("Content-Type:")
        }
        headerLines = lines
        method = request.method
        body = request.body
        proxy = proxies.proxy(scheme: parts.scheme, host: parts.bareHost, port: parts.port)
        try Self.check(proxy: proxy, origin: parts.origin)
        socketGuard = proxy != nil && guardPolicy == .publicOnly ? .noLinkLocal : guardPolicy
        deadlines = request.deadlines
        maxBodyBytes = request.maxBodyBytes
        acceptGzip = request.acceptGzip
        isIdempotent = request.isIdempotent
        permit = request.permit
    }

    private static func invalid(_ message: String) -> HTTPError {
        HTTPError(kind: .invalidRequest, isRetrySafe: true, message: message)
    }

    private static func parts(_ url: String, serverName: String?) throws(HTTPError) -> URLParts {
        do {
            let parts = try URLParts(url, replacingHost: serverName)
            guard parts.scheme == "https" || parts.scheme == "http" else {
                throw invalid("the URL's scheme is \(parts.scheme); it must be http or https")
            }
            return parts
        } catch let problem as URLParts.Problem {
            switch problem {
            case .hasCredentials: throw invalid("the URL holds a user or a password; send an Authorization header instead")
            case .malformed(let why): throw invalid("the URL is not usable: \(why)")
            }
        } catch let error as HTTPError {
            throw error
        } catch {
            throw invalid("the URL is not usable")
        }
    }

    private static func check(_ headers: [HTTPHeader], origin: String) throws(HTTPError) {
        for header in headers {
            guard isToken(header.name) else {
                throw invalid("\(origin): a header's name holds characters other than letters, digits and !#$%&'*+-.^_`|~")
            }
            guard header.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
                throw invalid("\(origin): the value of header \(header.name) holds a control character (a line end, for instance)")
            }
        }
    }

    private static func check(proxy: String?, origin: String) throws(HTTPError) {
        guard let proxy else { return }
        guard let parts = try? URLParts(proxy, allowingCredentials: true), ["http", "https", "socks5", "socks5h"].contains(parts.scheme) else {
            throw invalid("\(origin): the proxy's URL is not usable; it must be http, https, socks5 or socks5h, a host and a port")
        }
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
