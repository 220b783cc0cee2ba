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
        guard Glibc.kill(try pid(server), number) == 0 else { throw Missing("a running \(server) of cluster \(name)") }
    }

    private func pid(_ server: String) throws -> pid_t {
        guard let pid = pid_t(try readFile("\(directory)/pids/\(server)").prefix(while: \.isNumber)) else {
            throw Missing("a running \(server) of cluster \(name)")
        }
        return pid
    }

    /// Kills a server, and waits for its end.
    package func kill(_ server: String) async throws {
        let pid = try pid(server)
        try signal(server, SIGKILL)
        // Another's child: its end shows in /proc, where a zombie has no command line.
        _ = await eventually(within: .seconds(10)) { ((try? readFile("/proc/\(pid)/cmdline")) ?? "").isEmpty }
    }

    /// Starts whatever of the cluster doesn't run, and waits until it is ready.
    ///
    /// - Parameter flags: of the API server, such as `--goaway-chance=0.02`, from now on; nil leaves them as they are.
    package func restore(apiserverFlags flags: [String]? = nil) async throws {
        let scratch = try ScratchDirectory()
        let options = flags.map { $0.isEmpty ? ["--no-apiserver-flags"] : $0.flatMap { ["--apiserver-flag", $0] } } ?? []
        let up = try ChildProcess("\(scripts)/up", [name] + options, output: scratch.file("up.log"))
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
