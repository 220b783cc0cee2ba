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

    /// Strikes while `stage` is at work, and sees that it struck; whatever comes of it, the servers run afterwards as they did before.
    ///
    /// - Parameter relay: what the stage's daemon reaches the API server through; `goaway` shows there.
    package func strike(_ cluster: RestartableCluster, _ stage: FaultStage, relay: TCPRelay? = nil, for time: Swift.Duration) async throws {
        do {
            try await perform(cluster, stage, relay, time)
            // Edits that the servers take while the daemon still finds its way back: nobody could make any before.
            try await Task.sleep(for: .seconds(5))
        } catch {
            // The first failure counts, and those that come next must not suffer from it.
            try? await cluster.restore(apiserverFlags: [])
            throw error
        }
    }

    private func perform(_ cluster: RestartableCluster, _ stage: FaultStage, _ relay: TCPRelay?, _ time: Swift.Duration) async throws {
        switch self {
        case .apiServerKilled:
            try await cluster.kill("kube-apiserver")
            try await Task.sleep(for: time)
            try await cluster.restore()
        case .apiServerStopped: try await cluster.whileStopped("kube-apiserver") { try await Task.sleep(for: time) }
        case .compacted:
            // Changes that the watches have not seen, gone when they come back.
            let lists = try await stage.metric("plimsoll_reflector_lists")
            try await cluster.kill("kube-apiserver")
            try await Self.compact()
            try await Task.sleep(for: time)
            try await cluster.restore()
            try await Self.compact()
            guard await eventually(within: .seconds(60), { (try? await stage.metric("plimsoll_reflector_lists")) ?? 0 > lists }) else {
                throw Missing("a list anew after \(rawValue): no watch stood on what was forgotten")
            }
        case .etcdKilled:
            try await cluster.kill("etcd")
            try await Task.sleep(for: time)
            try await cluster.restore()
        case .goaway:
            guard let relay else { throw Missing("a relay to count connections at: without one \(rawValue) shows nothing") }
            let before = relay.connections
            try await cluster.restore(apiserverFlags: ["--goaway-chance=0.02"])
            // The restart itself cost all connections: from when they are there again, only a GOAWAY opens another.
            guard before > 0, await eventually(within: .seconds(60), { relay.connections >= before }) else {
                throw Missing("\(before) connections again after the API server's restart; there are \(relay.connections)")
            }
            let opened = relay.connectionsOpened
            try await Task.sleep(for: time)
            guard await eventually(within: .seconds(60), { relay.connectionsOpened > opened }) else {
                throw Missing("a new connection while the API server bids others farewell")
            }
            try await cluster.restore(apiserverFlags: [])
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
