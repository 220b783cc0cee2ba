import Glibc
import HTTPTransport
import KubeClient
import KubeModel
import PlimsollAPI
import TestSupport
import Values

/// What a test wants that did not come about.
struct Missing: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A namespace of a test's own on the real cluster, and a client to act with as a user would.
final class World: Sendable {
    let namespace: String
    let client: KubeClient
    let http: HTTPClient
    let prometheusURL: String
    let rulesDirectory: String
    let scratch: ScratchDirectory

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
    static func with(_ name: String, _ body: (World) async throws -> Void) async throws {
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
    func spec(objective: String = "99%", total: String = #"prometheus_http_requests_total{job="prometheus"}"#) -> JSON {
        [
            "service": "prometheus", "objective": .string(objective), "window": ["rolling": "1d"],
            "indicator": ["ratio": ["errors": #"prometheus_http_requests_total{job="prometheus",code=~"5.."}"#, "total": .string(total)]],
        ]
    }

    func apply(_ name: String, _ spec: JSON) async throws {
        try await client.patch(
            SLO.resource, key(name),
            .apply(
                [
                    "apiVersion": .string(SLO.resource.apiVersion), "kind": "SLO",
                    "metadata": ["name": .string(name), "namespace": .string(namespace)], "spec": spec,
                ], fieldManager: "e2e", force: true))
    }

    func delete(_ name: String) async throws { try await client.delete(SLO.resource, key(name)) }

    func key(_ name: String) -> ObjectKey { ObjectKey(namespace: namespace, name: name) }

    func get(_ name: String) async throws -> JSON { try await client.get(SLO.resource, key(name), as: JSON.self) }

    func condition(_ name: String, _ type: String) async throws -> Condition? {
        let conditions = try await get(name)["status"]?["conditions"]?.arrayValue ?? []
        return conditions.compactMap(Condition.init(json:)).first { $0.type == type }
    }

    /// Waits until a condition has a status; says what it was instead.
    func wait(_ name: String, _ type: String, _ status: ConditionStatus, within timeout: Swift.Duration = .seconds(60)) async throws {
        if try await eventually(within: timeout, { try await self.condition(name, type)?.status == status }) { return }
        throw Missing("\(type)=\(status.rawValue) of \(key(name)) within \(timeout); its status: \(try await get(name)["status"]?.text() ?? "none")")
    }

    // MARK: Prometheus

    func fetch(_ url: String) async throws -> (status: Int, text: String) {
        let response = try await http.send(HTTPRequest(url: url, deadlines: HTTPDeadlines(whole: .seconds(10))))
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    /// How many rule groups of this namespace Prometheus has loaded.
    func loadedGroups(_ name: String) async throws -> Int {
        let json = try JSON(parsing: try await fetch("\(prometheusURL)/api/v1/rules").text)
        return (json["data"]?["groups"]?.arrayValue ?? []).count { $0["name"]?.stringValue?.contains("/\(namespace)/\(name)/") ?? false }
    }

    func waitForGroups(_ name: String, _ test: (Int) -> Bool, within timeout: Swift.Duration = .seconds(30)) async throws {
        if try await eventually(within: timeout, { test(try await self.loadedGroups(name)) }) { return }
        throw Missing("rule groups of \(key(name)) in Prometheus: \(try await loadedGroups(name)) within \(timeout)")
    }
}

/// The release binary, running as the daemon for one namespace.
final class Daemon: Sendable {
    let process: ChildProcess
    let metricsURL: String

    /// - Parameters:
    ///   - prometheusURL: another server than the world's, for what a healthy one can't be made to do.
    ///   - kubeconfig: another than the admin's.
    init(_ world: World, prometheusURL: String? = nil, kubeconfig: String? = nil, output: String = "plimsoll.log") throws {
        guard let binary = TestEnvironment.binary, let admin = TestEnvironment.kubeconfig else { throw Missing("the release binary: run by Deploy/test.sh") }
        let port = try freePort()
        let config = world.scratch.file("plimsoll.yaml")
        try writeFile(
            config,
            """
            instance: \(world.namespace)
            namespaces: {include: [\(world.namespace)]}
            prometheus:
              - name: default
                url: \(prometheusURL ?? world.prometheusURL)
                scrapeInterval: 5s
                pollInterval: 2s
                timeout: 5s
                rules:
                  output: Directory
                  directory: {path: \(world.rulesDirectory), reloadURL: "\(world.prometheusURL)/-/reload"}
                  interval: 5s
            serving: {address: "127.0.0.1:\(port)"}

            """)
        metricsURL = "http://127.0.0.1:\(port)"
        process = try ChildProcess(
            binary, ["run", "--config", config, "--kubeconfig", kubeconfig ?? admin], output: world.scratch.file(output))
    }

    /// Waits for /readyz.
    func ready(_ world: World) async throws {
        if try await eventually(within: .seconds(30), { (try? await world.fetch("\(self.metricsURL)/readyz"))?.status == 200 }) { return }
        throw Missing("a ready daemon; its log:\n\(process.output)")
    }

    /// SIGTERM and the wait for the end.
    @discardableResult
    func stop(within timeout: Swift.Duration = .seconds(40)) async throws -> ChildProcess.Exit {
        process.signal(SIGTERM)
        guard let exit = await process.wait(timeout: timeout) else { throw Missing("the daemon's end within \(timeout); its log:\n\(process.output)") }
        return exit
    }
}

/// A loopback port that nobody listens on now.
func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Missing("a socket") }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0 }
    }
    guard bound else { throw Missing("a free port") }
    return UInt16(bigEndian: address.sin_port)
}
