package import HTTPTransport
package import KubeClient
package import KubeModel
import PlimsollAPI
package import Values

/// What a test wants that did not come about.
package struct Missing: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// A namespace of a test's own on the real cluster, and a client to act with as a user would.
package final class World: Sendable {
    package let namespace: String
    package let client: KubeClient
    package let http: HTTPClient
    package let prometheusURL: String
    package let rulesDirectory: String
    package let scratch: ScratchDirectory

    private init(_ name: String) throws {
        guard let kubeconfig = TestEnvironment.kubeconfig, let prometheus = TestEnvironment.prometheusURL, let rules = TestEnvironment.rulesDirectory
        else { throw Missing("the real cluster: run by Deploy/test.sh") }
        namespace = "e2e-\(name)-\(UInt32.random(in: 0..<100_000))"
        client = try KubeClient(configuration: try KubeConfiguration.load(explicitPath: kubeconfig, context: nil))
        http = HTTPClient(configuration: HTTPClientConfiguration(label: "e2e", guardPolicy: .any))
        prometheusURL = prometheus
        rulesDirectory = rules
        scratch = try ScratchDirectory()
    }

    /// Runs a test in a namespace of its own, which is deleted afterwards.
    package static func with(_ name: String, _ body: (World) async throws -> Void) async throws {
        let world = try World(name)
        try await world.client.create(.namespaces, body: ["metadata": ["name": .string(world.namespace)]])
        let result: Result<Void, any Error>
        do { result = .success(try await body(world)) } catch { result = .failure(error) }
        _ = try? await world.client.delete(.namespaces, ObjectKey(name: world.namespace))
        await world.http.shutdown()
        await world.client.shutdown()
        try result.get()
    }

    // MARK: SLOs

    /// A spec over Prometheus's own requests, which are always there.
    package func spec(objective: String = "99%", total: String = #"prometheus_http_requests_total{job="prometheus"}"#) -> JSON {
        [
            "service": "prometheus", "objective": .string(objective), "window": ["rolling": "1d"],
            "indicator": ["ratio": ["errors": #"prometheus_http_requests_total{job="prometheus",code=~"5.."}"#, "total": .string(total)]],
        ]
    }

    package func apply(_ name: String, _ spec: JSON) async throws {
        try await client.patch(
            SLO.resource, key(name),
            .apply(
                [
                    "apiVersion": .string(SLO.resource.apiVersion), "kind": "SLO",
                    "metadata": ["name": .string(name), "namespace": .string(namespace)], "spec": spec,
                ], fieldManager: "e2e", force: true))
    }

    package func delete(_ name: String) async throws { try await client.delete(SLO.resource, key(name)) }

    package func key(_ name: String) -> ObjectKey { ObjectKey(namespace: namespace, name: name) }

    package func get(_ name: String) async throws -> JSON { try await client.get(SLO.resource, key(name), as: JSON.self) }

    package func condition(_ name: String, _ type: String) async throws -> Condition? {
        let conditions = try await get(name)["status"]?["conditions"]?.arrayValue ?? []
        return conditions.compactMap(Condition.init(json:)).first { $0.type == type }
    }

    /// Waits until a condition has a status; says what it was instead.
    package func wait(_ name: String, _ type: String, _ status: ConditionStatus, within timeout: Swift.Duration = .seconds(60)) async throws {
        if try await eventually(within: timeout, { try await self.condition(name, type)?.status == status }) { return }
        throw Missing("\(type)=\(status.rawValue) of \(key(name)) within \(timeout); its status: \(try await get(name)["status"]?.text() ?? "none")")
    }

    // MARK: Prometheus

    package func fetch(_ url: String, bearer: String? = nil) async throws -> (status: Int, text: String) {
        let headers = bearer.map { [HTTPHeader("Authorization", "Bearer \($0)")] } ?? []
        let response = try await http.send(HTTPRequest(url: url, headers: headers, deadlines: HTTPDeadlines(whole: .seconds(10))))
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    package func post(_ url: String, _ body: JSON) async throws -> (status: Int, text: String) {
        let request = HTTPRequest(
            method: "POST", url: url, headers: [HTTPHeader("Content-Type", "application/json")], body: body.bytes(sortedKeys: false),
            deadlines: HTTPDeadlines(whole: .seconds(10)))
        let response = try await http.send(request)
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    /// How many rule groups of this namespace Prometheus has loaded.
    package func loadedGroups(_ name: String) async throws -> Int {
        let json = try JSON(parsing: try await fetch("\(prometheusURL)/api/v1/rules").text)
        return (json["data"]?["groups"]?.arrayValue ?? []).count { $0["name"]?.stringValue?.contains("/\(namespace)/\(name)/") ?? false }
    }

    /// The rule files of this namespace that Prometheus has loaded.
    package func loadedFiles() async throws -> Set<String> {
        let json = try JSON(parsing: try await fetch("\(prometheusURL)/api/v1/rules").text)
        let files = (json["data"]?["groups"]?.arrayValue ?? []).compactMap { $0["file"]?.stringValue?.split(separator: "/").last.map(String.init) }
        return Set(files.filter { $0.contains("plimsoll_\(namespace)_") })
    }

    package func waitForGroups(_ name: String, _ test: (Int) -> Bool, within timeout: Swift.Duration = .seconds(30)) async throws {
        if try await eventually(within: timeout, { test(try await self.loadedGroups(name)) }) { return }
        throw Missing("rule groups of \(key(name)) in Prometheus: \(try await loadedGroups(name)) within \(timeout)")
    }
}
