import Glibc
import KubeClient
import KubeModel
import KubeRuntime
import TestSupport
import Testing
import Values

/// The real API server, if Deploy/test.sh started one.
enum RealCluster {
    static let isThere = TestEnvironment.kubeconfig != nil
    static let why: Comment = "needs the real API server (PLIMSOLL_TEST_KUBECONFIG)"

    /// Runs a test in a namespace of its own.
    static func withNamespace(_ body: (KubeClient, String) async throws -> Void) async throws {
        let client = try KubeClient(configuration: try KubeConfiguration.load(explicitPath: TestEnvironment.kubeconfig, context: nil))
        let namespace = "runtime-\(UInt32.random(in: 0..<1_000_000))"
        try await client.create(.namespaces, body: ["metadata": ["name": .string(namespace)]])
        let result: Result<Void, any Error>
        do { result = .success(try await body(client, namespace)) } catch { result = .failure(error) }
        _ = try? await client.delete(.namespaces, ObjectKey(name: namespace))
        await client.shutdown()
        try result.get()
    }

    static func configMap(_ name: String, labels: JSON = ["app": "test"], word: String = "") -> JSON {
        ["metadata": ["name": .string(name), "labels": labels], "data": ["word": .string(word)]]
    }

    static let wallClock: @Sendable () -> Instant = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }
}

/// A ConfigMap's metadata and one datum.
struct WordMap: KubeObject, Hashable {
    static let resource = ResourceKind.configMaps
    var metadata = ObjectMeta()
    var word = ""

    init(reading reader: inout JSONReader) throws {
        try reader.readObject { key, reader in
            switch key {
            case "metadata": metadata = try ObjectMeta(reading: &reader)
            case "data":
                if try reader.readNullIfPresent() { return }
                try reader.readObject { key, reader in if key == "word" { word = try reader.readString() } }
            default: break
            }
        }
    }
}

/// Runs background tasks while `body` checks, then cancels them.
func whileRunning(_ parts: [@Sendable () async -> Void], _ body: () async throws -> Void) async throws {
    let tasks = parts.map { part in Task { await part() } }
    let result: Result<Void, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
    try result.get()
}
