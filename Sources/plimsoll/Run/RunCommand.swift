import ArgumentParser
import Glibc
import KubeClient
import KubeRuntime
import Logging
import UnixSignals

/// `plimsoll run`
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the daemon.",
        discussion: """
            Watches Plimsoll's objects on an API server and reconciles them until SIGTERM or SIGINT. Without --kubeconfig, the KUBECONFIG \
            variable, the pod's service account and ~/.kube/config are tried in this order. Without --config, the defaults hold, and there is \
            no Prometheus.

            SIGUSR1 turns debug messages on, and off again.
            """)

    @Option(help: "The daemon's configuration file.")
    var config: String?

    @Option(help: "A kubeconfig file.")
    var kubeconfig: String?

    @Option(help: "A context of the kubeconfig other than the current one.")
    var context: String?

    @Option(
        help: "The least severe messages to log: trace, debug, info, notice, warning, error, critical.",
        transform: { text in
            guard let level = Logger.Level(rawValue: text) else { throw ValidationError("'\(text)' is no log level") }
            return level
        })
    var logLevel: Logger.Level = .info

    @Option(help: "How lines of log look: \(LogFormat.allCases.map(\.rawValue).joined(separator: ", ")) (logfmt, or a JSON object a line).")
    var logFormat: LogFormat = .text

    mutating func run() async throws {
        let (control, format) = (LogControl(level: logLevel), logFormat)
        LoggingSystem.bootstrap(
            { StructuredLogHandler(label: $0, format: format, control: control, metadataProvider: $1, now: WallClock.now) },
            metadataProvider: ReconcileContext.metadataProvider)
        // Trapped before anything else, as the signal would end the process.
        let signals = await UnixSignalsSequence(trapping: .sigusr1)
        let listener = Task {
            for await _ in signals {
                let isDebugging = control.toggleDebug()
                Logger(label: "plimsoll").notice("SIGUSR1: debug messages are \(isDebugging ? "on" : "off")", metadata: ["level": "\(control.level)"])
            }
        }
        defer { listener.cancel() }
        let configuration = try config.map { try ConfigurationFile.load($0) } ?? DaemonConfiguration()
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

extension LogFormat: ExpressibleByArgument {}
