import ArgumentParser
import Glibc
import KubeClient
import KubeRuntime
import Logging
import ServiceLevelsController
import Serving
import UnixSignals

/// `plimsoll run`
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the daemon.",
        discussion: """
            Watches Plimsoll's objects on an API server and reconciles them until SIGTERM or SIGINT. Without --kubeconfig, the KUBECONFIG \
            variable, the pod's service account and ~/.kube/config are tried in this order. Without --config, the defaults hold, and there is \
            no Prometheus.

            The file is read again when it changes: a good one takes effect within seconds, in order and without a new process; a broken one is \
            refused, and the old one stays. Single settings are overridden by --set, or by variables such as PLIMSOLL_SERVING_ADDRESS.

            SIGUSR1 turns debug messages on, and off again.
            """)

    @Option(help: "The daemon's configuration file.")
    var config: String?

    @Option(
        help: ArgumentHelp(
            "A single setting of the configuration, such as serving.address=127.0.0.1:8080. May be repeated.", valueName: "path=value"))
    var set: [String] = []

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

    @Option(help: "How lines of log look: \(LogFormat.allCases.map(\.rawValue).joined(separator: ", ")) (logfmt, or a JSON object a line).")
    var logFormat: LogFormat = .text

    mutating func run() async throws {
        let (control, format) = (LogControl(level: logLevel), logFormat)
        LoggingSystem.bootstrap(
            { StructuredLogHandler(label: $0, format: format, control: control, metadataProvider: $1, now: WallClock.now) },
            metadataProvider: ReconcileContext.metadataProvider)
        // Trapped before anything else, as the signals would end the process.
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sigusr1)
        let host = DaemonHost(registry: PrometheusRegistry())
        let listener = Task { await host.listen(to: signals, control) }
        defer { listener.cancel() }

        let overrides = try ConfigurationOverrides(flags: set, environment: SmallFile.processEnvironment())
        let load: @Sendable (InputFile) throws(CommandFailure) -> DaemonConfiguration = { [leaderElect] file throws(CommandFailure) in
            var configuration = try ConfigurationFile.load(file, overrides)
            if let leaderElect { configuration.leaderElection.enabled = leaderElect }
            try Daemon.check(configuration)
            return configuration
        }
        var file = try config.map { path throws(CommandFailure) in try ConfigurationFile.read(path) } ?? InputFile(name: "the defaults", bytes: [])
        var configuration = try load(file)
        let server: KubeConfiguration
        do {
            server = try KubeConfiguration.load(explicitPath: kubeconfig, context: context)
        } catch {
            throw CommandFailure.world("\(error)")
        }
        var isFirst = true
        var ends = PendingEnds()
        while true {
            let daemon = try Daemon(configuration: configuration, server: server, host: host, ends: ends)
            if !isFirst { daemon.tellReload() }
            isFirst = false
            let watch = config.map { path in
                ConfigurationWatch(path: path, load: load, status: host.reloads, refused: daemon.tellRefusal, logger: Logger(label: "plimsoll"))
            }
            let (code, change) = await daemon.run { [file, configuration] in await watch?.next(after: configuration, contents: file.bytes) }
            guard code == .good else { throw CommandFailure(code: code.rawValue, message: "") }
            guard let change, !host.isStopping else { return }
            ends = daemon.pendingEnds
            Logger(label: "plimsoll").info("beginning anew with the new configuration", metadata: ["file": "\(file.name)"])
            (configuration, file) = (change.configuration, InputFile(name: file.name, bytes: change.contents))
        }
    }
}

extension LogFormat: ExpressibleByArgument {}
