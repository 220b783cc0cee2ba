import HTTPTransport
import Values

/// What happens to the servers themselves, on a cluster of its own.
package enum ClusterFault: String, Sendable, CaseIterable {
    case apiServerKilled = "apiserver-killed"
    /// The API server hangs; its kernel goes on acknowledging.
    case apiServerStopped = "apiserver-stopped"
    /// etcd forgets the history that the daemon's watches stand on, and the API server's cache of it is gone too.
    case compacted = "etcd-compacted"
    case etcdKilled = "etcd-killed"
    /// The API server bids connections with active watches farewell.
    case goaway

    package func strike(_ cluster: RestartableCluster, for time: Swift.Duration) async throws {
        switch self {
        case .apiServerKilled:
            try await cluster.kill("kube-apiserver")
            try await Task.sleep(for: time)
            try await cluster.restore()
        case .apiServerStopped: try await cluster.whileStopped("kube-apiserver") { try await Task.sleep(for: time) }
        case .compacted:
            // Changes that the watches have not seen, gone when they come back.
            try await cluster.kill("kube-apiserver")
            try await Self.compact()
            try await Task.sleep(for: time)
            try await cluster.restore()
            try await Self.compact()
        case .etcdKilled:
            try await cluster.kill("etcd")
            try await Task.sleep(for: time)
            try await cluster.restore()
        case .goaway:
            try await cluster.restore(apiserverFlags: ["--goaway-chance=0.02"])
            let result: Result<Void, any Error>
            do { result = .success(try await Task.sleep(for: time)) } catch { result = .failure(error) }
            try await cluster.restore(apiserverFlags: [])
            try result.get()
        }
    }

    /// Compacts etcd at its newest revision, by its JSON gateway.
    private static func compact() async throws {
        guard let url = TestEnvironment.value("ETCD_URL") else { throw Missing("ETCD_URL: run by Deploy/soak.sh or Deploy/test.sh") }
        let http = HTTPClient(configuration: HTTPClientConfiguration(label: "etcd", guardPolicy: .any))
        func post(_ path: String, _ body: JSON) async throws -> JSON {
            let headers = [HTTPHeader("Content-Type", "application/json")]
            let response = try await http.send(HTTPRequest(method: "POST", url: "\(url)/v3/\(path)", headers: headers, body: body.bytes()))
            guard response.status == 200 else {
                throw Missing("\(path) of etcd: \(response.status) \(String(decoding: response.body, as: UTF8.self))")
            }
            return try JSON(parsing: response.body)
        }
        let result: Result<Void, any Error>
        do {
            // "/registry/x" in Base64: which key doesn't matter, the header tells the revision.
            let revision = try await post("kv/range", ["key": "L3JlZ2lzdHJ5L3g="])["header"]?["revision"]?.stringValue ?? ""
            result = .success(_ = try await post("kv/compaction", ["revision": .string(revision), "physical": true]))
        } catch { result = .failure(error) }
        await http.shutdown()
        try result.get()
    }
}
