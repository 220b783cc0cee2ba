package import HTTPTransport
package import KubeModel
package import Values

/// A client of one API server. Copies share connections, credentials and the pause after a 429.
///
/// Unary requests that the server answers with 429 or 503 and Retry-After are repeated within bounds; on a broken connection only what can't do
/// anything twice. Watches, and requests in the lease lane, are never repeated.
package struct KubeClient: Sendable {
    let connection: KubeConnection
    /// Whom this copy acts as; nil: the configuration's own user.
    package private(set) var impersonation: Impersonation?
    private(set) var lane = KubeLane.unary
    private var fence: WriteFence?
    private(set) var timeout: Swift.Duration

    /// Reads certificate files (blocking, small); opens no connection yet.
    package init(configuration: KubeConfiguration, options: KubeClientOptions = KubeClientOptions()) throws(KubeConfigurationError) {
        connection = try KubeConnection(configuration: configuration, options: options)
        impersonation = configuration.impersonation
        timeout = options.requestTimeout
    }

    package var configuration: KubeConfiguration { connection.configuration }
    package var options: KubeClientOptions { connection.options }

    /// Ends all connections; requests under way fail with `.shutdown`.
    package func shutdown() async { await connection.shutdown() }

    /// A copy that acts as somebody else, instead of whomever this one acts as.
    package func impersonating(_ other: Impersonation) -> KubeClient {
        var copy = self
        copy.impersonation = other
        return copy
    }

    package func impersonating(user: String, groups: [String] = []) -> KubeClient {
        impersonating(Impersonation(user: user, groups: groups))
    }

    /// A copy that acts as a service account. Its groups are not named: the API server adds them itself, and naming them would take the right to
    /// impersonate groups, which can't be bounded by namespace.
    package func impersonating(serviceAccount key: ObjectKey) -> KubeClient {
        impersonating(user: "system:serviceaccount:\(key.namespace):\(key.name)")
    }

    /// A copy for the leader's lease: a connection of its own, no repeats, no pauses, and a deadline that fits the lease.
    package func forLease(timeout: Swift.Duration) -> KubeClient {
        var copy = self
        copy.lane = .lease
        copy.timeout = timeout
        return copy
    }

    /// A copy whose writes are sent only while the fence is open (else `.fenced`), and are ended, here and in the server, when its allowance is
    /// used up. Reads are as before.
    package func fenced(by fence: WriteFence?) -> KubeClient {
        var copy = self
        copy.fence = fence
        return copy
    }

    /// A copy with another deadline for each attempt of a unary request.
    package func withTimeout(_ timeout: Swift.Duration) -> KubeClient {
        var copy = self
        copy.timeout = timeout
        return copy
    }

    /// Connections and requests of one lane so far.
    package func counters(_ lane: KubeLane) -> HTTPCounters { connection.client(lane).counters }

    /// When the credentials in use end, by what they are (`token`, `client_certificate`, `exec_token` and `exec_certificate` of a plug-in,
    /// `certificate_authority`); only of those that tell.
    package var credentialExpiries: [(credential: String, at: Instant)] { connection.expiries }

    func call(_ method: String, _ path: String, query: [QueryItem] = [], body: JSON? = nil) -> KubeCall {
        let connect = min(timeout, .seconds(10))
        return KubeCall(
            method: method, path: path, query: query, body: body?.bytes(), lane: lane, impersonation: impersonation,
            deadlines: HTTPDeadlines(connect: connect, whole: timeout), fence: method == "GET" ? nil : fence)
    }

    /// The tree in a success's body.
    func tree(_ call: KubeCall, _ what: String) async throws(KubeError) -> JSON {
        let response = try await connection.send(call)
        do { return try JSON(parsing: response.body) } catch { throw BodyReading.failure(what, error, response) }
    }
}

/// What to say about a success whose body can't be read.
enum BodyReading {
    static func failure(_ what: String, _ error: any Error, _ response: HTTPResponse) -> KubeError {
        let type = response.headers["Content-Type"] ?? "no content type"
        guard type.contains("json") else {
            let excerpt = StatusReading.excerpt(response.body, isHTML: type.contains("html")) ?? ""
            return .decoding("\(what): the server answered with \(type) instead of JSON: \(excerpt)")
        }
        return .decoding("\(what): \(error)")
    }
}
