import HTTPTransport
package import PrometheusModel
import Synchronization
package import Values

/// Talks to one Prometheus-compatible server (Prometheus, Thanos, Mimir, VictoriaMetrics) over HTTP.
///
/// It never retries: samplers ask again anyway. Large answers are decoded and credential files read on a thread of its own.
package final class PrometheusHTTPClient: PrometheusQuerying {
    package let settings: PrometheusSettings
    private let base: String
    private let http: HTTPClient
    /// What a server takes its time over has connections of its own: those to a host from which nothing comes before a deadline are closed, with all
    /// that is asked on them.
    private let listings: HTTPClient
    /// A reload that is given up goes on there, and asking anew queues another.
    private let reloads: HTTPClient
    private let files: CredentialFiles
    private let side: SideQueue
    private let tls = Mutex(TLSOptions())

    /// Beyond this a query goes as a POST's body: proxies limit URLs to 2 to 8 KiB.
    private static let longestQuery = 1500
    /// A reload waits until the rules that are being evaluated are through: 11 s were measured with 1,000 SLOs on a busy server, minutes with 10,000.
    private static let reloadTimeout = Swift.Duration.seconds(600)
    /// The rules of 10,000 SLOs are 39 MB, for which a busy server took 12 s; while it reloads it lists none.
    private static let rulesTimeout = Swift.Duration.seconds(120)
    /// Smaller answers take well under a millisecond to decode.
    private static let largeBody = 64 << 10

    package var name: String { settings.name }

    /// Throws `.misconfigured` for a URL that can't be one. Files are read with the first request.
    package init(_ settings: PrometheusSettings, userAgent: String = "plimsoll") throws(PrometheusError) {
        func refuse(_ why: String) -> PrometheusError { .init(source: settings.name, kind: .misconfigured(why)) }
        let scheme = ["http://", "https://"].first { settings.url.hasPrefix($0) }
        guard let scheme, settings.url.utf8.count > scheme.utf8.count else { throw refuse("its URL must begin with http:// or https://") }
        let authority = settings.url.dropFirst(scheme.count).prefix { $0 != "/" }
        guard !authority.contains("@") else { throw refuse("its URL must not hold a user or password; there is auth for that") }
        guard !settings.url.contains(where: { $0 == "?" || $0 == "#" }) else { throw refuse("its URL must have no query and no fragment") }
        guard (settings.clientCertificateFile == nil) == (settings.clientKeyFile == nil) else {
            throw refuse("a client certificate needs both certificateFile and keyFile")
        }
        self.settings = settings
        base = String(settings.url.reversed().drop { $0 == "/" }.reversed())
        http = HTTPClient(configuration: .init(label: "prometheus-\(settings.name)", maxInFlight: settings.maxInFlight, userAgent: userAgent))
        listings = HTTPClient(configuration: .init(label: "prometheus-\(settings.name)-rules", userAgent: userAgent))
        reloads = HTTPClient(configuration: .init(label: "prometheus-\(settings.name)-reload", userAgent: userAgent))
        files = CredentialFiles(
            CredentialSettings(
                credentials: settings.credentials, caFile: settings.caFile, clientCertificateFile: settings.clientCertificateFile,
                clientKeyFile: settings.clientKeyFile))
        side = SideQueue(label: "plimsoll.prometheus.\(settings.name)")
    }

    /// Ends what is under way. The client is of no use afterwards.
    package func shutdown() async {
        await http.shutdown()
        await listings.shutdown()
        await reloads.shutdown()
    }

    // MARK: PrometheusQuerying

    package func query(_ promql: String, at time: Instant?) async throws(PrometheusError) -> PrometheusAnswer<QueryResult> {
        var parameters = [("query", promql), ("timeout", serverTimeout)]
        if let time { parameters.append(("time", Self.text(time))) }
        return try await ask("/api/v1/query", parameters, decode: { try QueryResult(decoding: $0) })
    }

    package func queryRange(
        _ promql: String, from start: Instant, to end: Instant, step: PromDuration
    ) async throws(PrometheusError) -> PrometheusAnswer<QueryResult> {
        let parameters = [
            ("query", promql), ("start", Self.text(start)), ("end", Self.text(end)), ("step", "\(step.seconds)"), ("timeout", serverTimeout),
        ]
        return try await ask("/api/v1/query_range", parameters, decode: { try QueryResult(decoding: $0) })
    }

    package func rules(
        keeping isWanted: @escaping @Sendable (_ group: String) -> Bool
    ) async throws(PrometheusError) -> PrometheusAnswer<RulesResult> {
        try await ask(
            "/api/v1/rules", [], timeout: max(settings.timeout, Self.rulesTimeout), over: listings,
            decode: { try RulesResult(decoding: $0, keeping: isWanted) })
    }

    /// Alerts pending or firing now.
    package func alerts() async throws(PrometheusError) -> PrometheusAnswer<[AlertInstance]> {
        try await ask("/api/v1/alerts", [], decode: { try AlertInstance.decode($0) })
    }

    /// Label sets of the series that any of the selectors matches; nil bounds are the server's.
    package func series(
        matching selectors: [String], from start: Instant?, to end: Instant?
    ) async throws(PrometheusError) -> PrometheusAnswer<[[String: String]]> {
        try await ask("/api/v1/series", Self.matching(selectors, start, end), decode: { try AnswerReading.labelSets($0) })
    }

    /// Values of a label among the series that any of the selectors matches (none: all series).
    package func labelValues(
        _ label: String, matching selectors: [String], from start: Instant?, to end: Instant?
    ) async throws(PrometheusError) -> PrometheusAnswer<[String]> {
        // This path takes no POST.
        try await ask(
            "/api/v1/label/\(FormText.escape(label))/values", Self.matching(selectors, start, end), mayPost: false,
            decode: { try AnswerReading.strings($0) })
    }

    /// The server's version, as it tells itself.
    package func buildInfo() async throws(PrometheusError) -> PrometheusBuild {
        try await ask(
            "/api/v1/status/buildinfo", [],
            decode: { body in
                let data = try AnswerReading.data(body)
                guard let version = data["version"]?.stringValue else { throw JSONError(message: "expected data.version", offset: 0) }
                return PrometheusBuild(version: version, revision: data["revision"]?.stringValue ?? "")
            }
        ).value
    }

    package func setup() async throws(PrometheusError) -> PrometheusSetup {
        var setup = PrometheusSetup()
        if let runtime = try await optional("/api/v1/status/runtimeinfo") {
            setup.retention = runtime["storageRetention"]?.stringValue.flatMap(AnswerReading.retention)
        }
        return setup
    }

    package func isReady() async throws(PrometheusError) -> Bool {
        let (response, secret) = try await send("GET", "\(base)/-/ready", body: nil)
        switch response.status {
        case 200..<300: return true
        case 503: return false
        default: throw refusal(response, secret)
        }
    }

    package func reload(_ url: String) async throws(PrometheusError) {
        let (response, secret) = try await send(
            "POST", url, body: [], authorized: Self.origin(url) == Self.origin(base), timeout: max(settings.timeout, Self.reloadTimeout),
            over: reloads)
        guard (200..<300).contains(response.status) else { throw refusal(response, secret) }
    }

    // MARK: Requests

    /// Data that compatible servers may not have: nil where they say so by a status of 4xx or an error of the API.
    private func optional(_ path: String) async throws(PrometheusError) -> JSON? {
        do {
            return try await ask(path, [], decode: { try AnswerReading.data($0) }).value
        } catch {
            switch error.kind {
            case .refused(let status, _) where status != 401 && status != 403 && status < 500: return nil
            case .queryFailed, .nonsense: return nil
            default: throw error
            }
        }
    }

    private func ask<Value: Sendable>(
        _ path: String, _ parameters: [(String, String)], mayPost: Bool = true, timeout: Swift.Duration? = nil, over client: HTTPClient? = nil,
        decode: @escaping @Sendable ([UInt8]) throws -> Value
    ) async throws(PrometheusError) -> PrometheusAnswer<Value> {
        let form = FormText.encode(parameters)
        let (response, secret): (HTTPResponse, String?)
        if form.utf8.count > Self.longestQuery, mayPost {
            (response, secret) = try await send("POST", "\(base)\(path)", body: Array(form.utf8), timeout: timeout, over: client)
        } else {
            let query = form.isEmpty ? "" : "?\(form)"
            (response, secret) = try await send("GET", "\(base)\(path)\(query)", body: nil, timeout: timeout, over: client)
        }
        guard (200..<300).contains(response.status) else { throw refusal(response, secret) }
        let body = response.body
        let name = name
        let read: @Sendable () throws(PrometheusError) -> PrometheusAnswer<Value> = { () throws(PrometheusError) in
            do {
                return PrometheusAnswer(try decode(body), warnings: AnswerReading.warnings(body))
            } catch {
                throw Self.undecodable(error, body, name)
            }
        }
        return body.count > Self.largeBody ? try await side.run(read) : try read()
    }

    /// The response, and the secret that messages must not repeat.
    private func send(
        _ method: String, _ url: String, body: [UInt8]?, authorized: Bool = true, timeout: Swift.Duration? = nil,
        over client: HTTPClient? = nil
    ) async throws(PrometheusError) -> (HTTPResponse, String?) {
        let material = try await side.run { [self] () throws(PrometheusError) -> CredentialFiles.Material in
            do throws(CredentialFiles.Unreadable) {
                let material = try files.read()
                let changed = tls.withLock { tls in
                    defer { tls = material.tls }
                    return tls != material.tls
                }
                if changed {
                    http.replaceTLS(material.tls)
                    listings.replaceTLS(material.tls)
                    reloads.replaceTLS(material.tls)
                }
                return material
            } catch {
                throw PrometheusError(source: name, kind: .misconfigured(error.description))
            }
        }
        var headers = [HTTPHeader("Accept", "application/json")]
        if authorized, let authorization = material.authorization { headers.append(.init("Authorization", authorization)) }
        if let body, !body.isEmpty { headers.append(.init("Content-Type", "application/x-www-form-urlencoded")) }
        let request = HTTPRequest(
            method: method, url: url, headers: headers, body: body,
            deadlines: .init(connect: min(settings.timeout, .seconds(5)), whole: timeout ?? settings.timeout), maxBodyBytes: settings.maxBodyBytes,
            acceptGzip: true,
            // Queries only read, and a reload is posted with nothing.
            isIdempotent: body?.isEmpty != true)
        do {
            return (try await (client ?? http).send(request), material.secret)
        } catch {
            throw PrometheusError(error, source: name)
        }
    }

    private func refusal(_ response: HTTPResponse, _ secret: String?) -> PrometheusError {
        func shown(_ text: String) -> String { secret.map { $0.isEmpty ? text : text.replacing($0, with: "***") } ?? text }
        if let error = AnswerReading.apiError(response.body) {
            return .init(source: name, kind: .queryFailed(errorType: error.type, message: shown(BodySummary.oneLine(error.message))))
        }
        var message = shown(BodySummary.text(response.body))
        switch response.status {
        case 300..<400: message = "it redirects elsewhere, and redirects are not followed: set url to where it really is"
        case 401: message = "it wants other credentials\(message.isEmpty ? "" : ": \(message)")"
        case 404: message = "nothing is there; is the URL's path right?\(message.isEmpty ? "" : " (\(message))")"
        default: break
        }
        return .init(source: name, kind: .refused(status: response.status, message: message))
    }

    private static func undecodable(_ error: any Error, _ body: [UInt8], _ name: String) -> PrometheusError {
        switch error {
        case let error as PrometheusAPIError:
            return .init(source: name, kind: .queryFailed(errorType: error.type, message: BodySummary.oneLine(error.message)))
        case let error as JSONError:
            if body.allSatisfy({ $0 <= 0x20 }) { return .init(source: name, kind: .nonsense(why: "an empty answer")) }
            if BodySummary.looksLikeHTML(body) {
                return .init(source: name, kind: .nonsense(why: "\(BodySummary.text(body)) instead of JSON; is the URL that of a Prometheus?"))
            }
            if error.offset >= body.count || BodySummary.endsInsideString(body) {
                return .init(source: name, kind: .nonsense(why: "the JSON is cut short after \(body.count) bytes"))
            }
            return .init(source: name, kind: .nonsense(why: "not the JSON that Prometheus sends: \(error)"))
        default: return .init(source: name, kind: .nonsense(why: "\(error)"))
        }
    }

    // MARK: Texts

    /// The server gives up when we do.
    private var serverTimeout: String { "\(max(1, settings.timeout.components.seconds))s" }

    /// Seconds with milliseconds, all that Prometheus knows.
    private static func text(_ time: Instant) -> String {
        let milliseconds = time.microseconds / 1000
        let fraction = String((milliseconds % 1000).magnitude)
        let sign = milliseconds < 0 ? "-" : ""
        return "\(sign)\((milliseconds / 1000).magnitude).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)"
    }

    private static func matching(_ selectors: [String], _ start: Instant?, _ end: Instant?) -> [(String, String)] {
        var parameters = selectors.map { ("match[]", $0) }
        if let start { parameters.append(("start", text(start))) }
        if let end { parameters.append(("end", text(end))) }
        return parameters
    }

    /// Scheme, host and port of a URL.
    private static func origin(_ url: String) -> Substring {
        let afterScheme = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        return url[..<(url[afterScheme...].firstIndex(of: "/") ?? url.endIndex)]
    }
}
