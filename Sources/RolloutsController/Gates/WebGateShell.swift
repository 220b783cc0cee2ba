package import HTTPTransport
package import KubeClient
import KubeModel
package import Rollouts
package import Values

/// A web source of the daemon's configuration.
package struct WebSource: Sendable, Hashable {
    /// What a gate's path is put after.
    package var url: String
    /// Such as a bearer token; never in a message.
    package var headers: [HTTPHeader]
    /// Of the objects that may ask it; nil: all.
    package var allowedNamespaces: Set<String>?

    package init(url: String, headers: [HTTPHeader] = [], allowedNamespaces: Set<String>? = nil) {
        self.url = url
        self.headers = headers
        self.allowedNamespaces = allowedNamespaces
    }
}

/// Carries out measurements by HTTP answers: of a named source of the configuration, or of a Service of the object's own namespace.
package struct WebGateShell: Sendable {
    package struct Question: Sendable, Hashable {
        package var target: WebTarget
        package var path: String
        package var jsonPath: JSONPath
        package var method: String
        package var body: [UInt8]?
        package var timeout: PromDuration

        package init(
            _ target: WebTarget, path: String, jsonPath: JSONPath = .whole, method: String = "GET", body: [UInt8]? = nil,
            timeout: PromDuration = WebMeasurement.timeout
        ) {
            self.target = target
            self.path = path
            self.jsonPath = jsonPath
            self.method = method
            self.body = body
            self.timeout = timeout
        }
    }

    private let http: HTTPClient
    private let sources: [String: WebSource]
    private let services: KubeClient

    /// - Parameters:
    ///   - http: whose guard keeps link-local and metadata addresses out; it follows no redirects.
    ///   - services: reads Services, as the daemon.
    package init(http: HTTPClient, sources: [String: WebSource], services: KubeClient) {
        self.http = http
        self.sources = sources
        self.services = services
    }

    /// An answer is to be small.
    private static let longestBody = 1 << 20

    package func measure(_ question: Question, namespace: String) async -> WebMeasurement.Reading {
        do {
            let (base, headers) = try await resolve(question.target, namespace)
            let request = HTTPRequest(
                method: question.method, url: try WebAddress.url(base: base, path: question.path),
                headers: headers + [HTTPHeader("Accept", "application/json")], body: question.body,
                deadlines: HTTPDeadlines(whole: .milliseconds(question.timeout.milliseconds)), maxBodyBytes: Self.longestBody)
            let response = try await http.send(request)
            return WebMeasurement.read(status: response.status, body: response.body, path: question.jsonPath)
        } catch {
            return .error("\(error)")
        }
    }

    private func resolve(_ target: WebTarget, _ namespace: String) async throws -> (base: String, headers: [HTTPHeader]) {
        switch target {
        case .source(let name):
            guard let source = sources[name] else {
                throw WebAddress.Refusal(description: "there is no web source \(name) in the daemon's configuration")
            }
            guard source.allowedNamespaces?.contains(namespace) ?? true else {
                throw WebAddress.Refusal(description: "the web source \(name) is not open to the namespace \(namespace)")
            }
            return (source.url, source.headers)
        case .service(let name, let port):
            let service = try await services.get(.services, ObjectKey(namespace: namespace, name: name), as: JSON.self)
            return (try WebAddress.base(of: service, port: port), [])
        }
    }
}
