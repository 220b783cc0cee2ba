import Glibc

/// A cluster whose servers a test may stop, kill and start again: nobody else uses it meanwhile (Deploy/test.sh's last phase, Deploy/soak.sh).
package struct RestartableCluster: Sendable {
    package static let why = "may disturb the cluster's servers (PLIMSOLL_TEST_RESTARTABLE_CLUSTER)"
    package static var isThere: Bool { TestEnvironment.value("PLIMSOLL_TEST_RESTARTABLE_CLUSTER") != nil && TestEnvironment.kubeconfig != nil }

    private let name: String
    private let directory: String
    private let scripts: String

    package init() throws {
        guard let name = TestEnvironment.value("PLIMSOLL_TEST_RESTARTABLE_CLUSTER"), let directory = TestEnvironment.value("CLUSTER_DIR"),
            let root = TestEnvironment.value("PLIMSOLL_TEST_ROOT")
        else { throw Missing("a cluster to disturb: run by Deploy/test.sh") }
        self.name = name
        self.directory = directory
        scripts = "\(root)/Deploy/cluster"
    }

    /// Sends a signal to a server (`kube-apiserver`, `etcd`, `prometheus`).
    package func signal(_ server: String, _ number: Int32) throws {
        let text = try readFile("\(directory)/pids/\(server)").prefix { $0.isNumber }
        guard let pid = pid_t(text), kill(pid, number) == 0 else { throw Missing("a running \(server) of cluster \(name)") }
    }

    /// Starts whatever of the cluster doesn't run, and waits until it is ready.
    package func restore() async throws {
        let scratch = try ScratchDirectory()
        let up = try ChildProcess("\(scripts)/up", [name], output: scratch.file("up.log"))
        guard await up.wait(timeout: .seconds(120)) == .code(0) else { throw Missing("cluster \(name) again:\n\(up.output)") }
    }

    /// A stopped server, which goes on when `body` is over, whatever comes of it.
    package func whileStopped(_ server: String, _ body: () async throws -> Void) async throws {
        try signal(server, SIGSTOP)
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        try signal(server, SIGCONT)
        try result.get()
    }
}
