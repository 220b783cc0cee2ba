import Glibc
import Synchronization

/// The image of Tests/SampleService on the node of the cluster that the test scripts started.
package enum SampleImage {
    package static let name = "localhost/plimsoll/sample-service:1"

    /// Whether the cluster has a node that runs containers; what needs one is `.enabled(if:)` on it.
    package static var hasNode: Bool {
        guard let cluster else { return false }
        return TestEnvironment.kubeconfig != nil && access("\(cluster)/bin/ctr", X_OK) == 0
    }

    /// The folder of the cluster.
    private static var cluster: String? { TestEnvironment.value("CLUSTER_DIR") }

    /// One load for all tests: two imports of an image at a time disturb one another.
    private static let loading = Mutex<Task<Void, any Error>?>(nil)

    /// Builds the image where nobody has and loads it; once in a process.
    package static func load() async throws {
        let task = loading.withLock { loading in
            if let loading { return loading }
            let started = Task { try await buildAndLoad() }
            loading = started
            return started
        }
        try await task.value
    }

    private static func buildAndLoad() async throws {
        guard let cluster, let scripts = TestEnvironment.value("PLIMSOLL_TEST_ROOT").map({ "\($0)/Deploy/cluster" }) else {
            throw Missing("a cluster with a node: run by Deploy/test.sh")
        }
        let scratch = try ScratchDirectory()
        let build = try await run("\(scripts)/build-sample-service", [], scratch.file("build"))
        let archive = build.split(separator: "\n").last.map(String.init) ?? ""
        let name = cluster.split(separator: "/").last.map(String.init) ?? ""
        _ = try await run("\(scripts)/load-image", [name, archive], scratch.file("load"))
    }

    private static func run(_ executable: String, _ arguments: [String], _ output: String) async throws -> String {
        let process = try ChildProcess(executable, arguments, output: output)
        guard await process.wait(timeout: .seconds(180)) == .code(0) else { throw Missing("\(executable): \(process.output)") }
        return process.output
    }
}
