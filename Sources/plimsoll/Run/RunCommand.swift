import ArgumentParser
import Glibc
import KubeClient
import KubeRuntime
import Logging

/// `plimsoll run`
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the daemon.",
        discussion: """
            Watches Plimsoll's objects on an API server and reconciles them until SIGTERM or SIGINT. Without --kubeconfig, the KUBECONFIG \
            variable, the pod's service account and ~/.kube/config are tried in this order. Without --config, the defaults hold, and there is \
            no Prometheus.
            """)

    @Option(help: "The daemon's configuration file.")
    var config: String?

    @Option(help: "A kubeconfig file.")
    var kubeconfig: String?

    @Option(help: "A context of the kubeconfig other than the current one.")
    var context: String?

    @Flag(
        inversion: .prefixedNo,
        help: "Work only while holding the lease, and stand by otherwise; overrides leaderElection.enabled of the configuration.")
    var leaderElect: Bool?

    @Option(
        help: "The least severe messages to log: trace, debug, info, notice, warning, error, critical.",
        transform: { text in
            guard let level = Logger.Level(rawValue: text) else { throw ValidationError("'\(text)' is no log level") }
            return level
        })
    var logLevel: Logger.Level = .info

    mutating func run() async throws {
        let level = logLevel
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        var configuration = try config.map { try ConfigurationFile.load($0) } ?? DaemonConfiguration()
        if let leaderElect { configuration.leaderElection.enabled = leaderElect }
        let server: KubeConfiguration
        do {
            server = try KubeConfiguration.load(explicitPath: kubeconfig, context: context)
        } catch {
            throw CommandFailure.world("\(error)")
        }
        let daemon = try Daemon(configuration: configuration, server: server)
        let code = await daemon.run()
        if code != .good { throw CommandFailure(code: code.rawValue, message: "") }
    }
}
