import Glibc

/// The release binary, running as the daemon for one namespace.
package final class Daemon: Sendable {
    package let process: ChildProcess
    /// The configuration file.
    package let config: String
    package let instance: String
    /// Rules go into ConfigMaps, not into the shared directory.
    package let configMaps: Bool

    /// - Parameters:
    ///   - prometheusURL: another server than the world's, for what a healthy one can't be made to do.
    ///   - kubeconfig: another than the admin's.
    ///   - output: the log's name; replicas of one world need different ones.
    ///   - instance: another than the namespace's name.
    ///   - configMaps: rules go into ConfigMaps instead of the shared directory.
    ///   - layout: of the rules, with what belongs to it, in YAML's flow style.
    ///   - settings: more of the configuration.
    ///   - serving: more of its part of that name, in YAML's flow style.
    ///   - arguments: more of them.
    package init(
        _ world: World, prometheusURL: String? = nil, kubeconfig: String? = nil, interval: String = "5s", poll: String = "2s", timeout: String = "5s",
        output: String = "plimsoll.log", instance: String? = nil, configMaps: Bool = false, layout: String = "layout: PerSLO",
        settings: String = "", serving: String = "",
        arguments: [String] = [],
        environment: [String: String] = [:]
    ) throws {
        guard let binary = TestEnvironment.binary, let admin = TestEnvironment.kubeconfig else {
            throw Missing("the release binary: run by Deploy/test.sh")
        }
        let config = world.scratch.file("\(output).yaml")
        self.config = config
        self.configMaps = configMaps
        self.instance = instance ?? world.namespace
        let rules =
            configMaps
            ? "output: ConfigMap"
            : """
            output: Directory
                  directory: {path: \(world.rulesDirectory), reloadURL: "\(world.prometheusURL)/-/reload"}
            """
        try writeFile(
            config,
            """
            instance: \(self.instance)
            namespaces: {include: [\(world.namespace)]}
            prometheus:
              - name: default
                url: \(prometheusURL ?? world.prometheusURL)
                scrapeInterval: \(interval)
                pollInterval: \(poll)
                timeout: \(timeout)
                rules:
                  \(rules)
                  \(layout)
                  interval: \(interval)
            serving: {address: "127.0.0.1:0"\(serving.isEmpty ? "" : ", \(serving)")}
            \(settings)

            """)
        process = try ChildProcess(
            binary, ["run", "--config", config, "--kubeconfig", kubeconfig ?? admin] + arguments, environment: environment,
            output: world.scratch.file(output))
    }

    /// A daemon with a configuration of the test's own, which lets it serve on any port of 127.0.0.1.
    package init(
        _ world: World, config: String, arguments: [String] = [], environment: [String: String] = [:], output: String = "plimsoll.log"
    ) throws {
        guard let binary = TestEnvironment.binary, let admin = TestEnvironment.kubeconfig else {
            throw Missing("the release binary: run by Deploy/test.sh")
        }
        self.config = config
        configMaps = false
        instance = world.namespace
        process = try ChildProcess(
            binary, ["run", "--config", config, "--kubeconfig", admin] + arguments, environment: environment, output: world.scratch.file(output))
    }

    /// Where it serves: the kernel chooses the port, so that nobody else can have it, and another with a new configuration. From the last line of
    /// the log, in either format, that says `serving`; leads nowhere before there is one.
    package var metricsURL: String {
        let lines = process.output.split(separator: "\n")
        let serving = lines.last { $0.contains("msg=serving ") || $0.contains(#""msg":"serving""#) } ?? ""
        let port = serving.firstRange(of: "127.0.0.1:").map { serving[$0.upperBound...].prefix { $0.isNumber } }
        return "http://127.0.0.1:\(port ?? "0")"
    }

    /// Waits for /readyz.
    package func ready(_ world: World) async throws {
        if await eventually(within: .seconds(30), { (try? await world.fetch("\(self.metricsURL)/readyz"))?.status == 200 }) { return }
        throw Missing("a ready daemon; its log:\n\(process.output)")
    }

    /// SIGTERM and the wait for the end.
    @discardableResult
    package func stop(within timeout: Swift.Duration = .seconds(40)) async throws -> ChildProcess.Exit {
        process.signal(SIGTERM)
        guard let exit = await process.wait(timeout: timeout) else {
            throw Missing("the daemon's end within \(timeout); its log:\n\(process.output)")
        }
        return exit
    }
}

/// A loopback port that nobody listens on now.
package func freePort() throws -> UInt16 {
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
