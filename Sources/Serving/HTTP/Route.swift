import NIOCore
package import Values

/// A request as a route sees it.
package struct ServedRequest: Sendable {
    /// In capitals.
    package var method: String
    /// Without the query.
    package var path: String
    /// Decoded, in order; a parameter without `=` has an empty value.
    package var query: [(name: String, value: String)]
    /// The token of `Authorization: Bearer ...`.
    package var bearerToken: String?
    /// The address at the other end of the connection, without its port; empty where there is none.
    package var peer: String

    package init(
        method: String, path: String, query: [(name: String, value: String)] = [], bearerToken: String? = nil, peer: String = ""
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.bearerToken = bearerToken
        self.peer = peer
    }

    /// The last value of a parameter.
    package func value(_ parameter: String) -> String? { query.last { $0.name == parameter }?.value }

    package func has(_ parameter: String) -> Bool { query.contains { $0.name == parameter } }
}

/// An answer.
package struct ServedResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    /// Many answers may share the same memory.
    let buffer: ByteBuffer

    package init(status: Int = 200, contentType: String, headers: [(name: String, value: String)] = [], body: [UInt8]) {
        self.init(status: status, contentType: contentType, headers: headers, buffer: ByteBuffer(bytes: body))
    }

    init(status: Int = 200, contentType: String, headers: [(name: String, value: String)] = [], buffer: ByteBuffer) {
        self.status = status
        self.headers = [(name: "content-type", value: contentType)] + headers
        self.buffer = buffer
    }

    package static func text(_ text: String, status: Int = 200) -> Self {
        .init(status: status, contentType: "text/plain; charset=utf-8", headers: [(name: "cache-control", value: "no-store")], body: Array(text.utf8))
    }

    package static func json(_ json: JSON, status: Int = 200) -> Self {
        .init(status: status, contentType: "application/json", body: Array((json.text() + "\n").utf8))
    }

    /// An error in one shape for all routes: `{"code":404,"message":"..."}`.
    package static func error(_ status: Int, _ message: String) -> Self {
        .json(.object(.init([(key: "code", value: .int(status)), (key: "message", value: .string(message))])), status: status)
    }
}

/// What answers at a path. `GET` also serves `HEAD`.
package struct Route: Sendable {
    /// Exact; one that ends in `/` stands for all paths below it.
    package var path: String
    package var methods: [String]
    package var respond: @Sendable (ServedRequest) async -> ServedResponse

    package init(_ path: String, methods: [String] = ["GET"], respond: @escaping @Sendable (ServedRequest) async -> ServedResponse) {
        self.path = path
        self.methods = methods
        self.respond = respond
    }
}

/// All routes of a server.
package struct RouteTable: Sendable {
    private let routes: [String: Route]

    /// Of two routes with the same path the later one counts.
    package init(_ routes: [Route]) { self.routes = Dictionary(routes.map { ($0.path, $0) }) { $1 } }

    package var paths: [String] { routes.keys.sorted() }

    package func respond(to request: ServedRequest) async -> ServedResponse {
        guard let route = routes[request.path] ?? branch(above: request.path) else {
            return .error(404, "nothing is served at this path; there are \(paths.joined(separator: ", "))")
        }
        guard route.methods.contains(request.method == "HEAD" ? "GET" : request.method) else {
            let allowed = (route.methods.contains("GET") ? ["HEAD"] : []) + route.methods
            var response = ServedResponse.error(405, "\(route.path) answers \(allowed.sorted().joined(separator: ", ")) only")
            response.headers.append((name: "allow", value: allowed.sorted().joined(separator: ", ")))
            return response
        }
        return await route.respond(request)
    }

    /// The longest of the routes that end in `/` and begin the path.
    private func branch(above path: String) -> Route? {
        routes.values.filter { $0.path.hasSuffix("/") && path.hasPrefix($0.path) }.max { $0.path.count < $1.path.count }
    }

    /// The routes of every daemon: metrics, liveness, readiness.
    package static func standard(registry: PrometheusRegistry, probes: Probes) -> [Route] {
        let queue = RenderQueue(registry)
        func probe(_ name: String, _ report: @escaping @Sendable () -> ProbeReport) -> Route {
            Route("/\(name)") { request in
                let report = report()
                return .text(report.text(name, verbose: request.has("verbose")), status: report.isGood ? 200 : 503)
            }
        }
        return [
            probe("healthz", probes.live), probe("livez", probes.live), probe("readyz", probes.ready),
            Route("/metrics") { _ in .init(contentType: ExpositionText.contentType, buffer: await queue.exposition()) },
        ]
    }
}
