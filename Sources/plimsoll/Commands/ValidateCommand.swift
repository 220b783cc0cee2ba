import ArgumentParser
import KubeClient
import KubeModel
import PlimsollAPI
import PrometheusClient
import ServiceLevels
import Values

/// `plimsoll validate`
struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Check Plimsoll's objects in files, with no cluster; on request against a Prometheus or a cluster.",
        discussion: """
            Reads YAML and JSON files, directories (at any depth) and - for stdin; objects of other kinds are passed over and counted. Every problem of \
            all files is printed as

                file:line: path: what is wrong and what would be accepted

            and the exit code is 1 if there is one. With --against good SLOs are also tried on a Prometheus: whether their series are there and are \
            scraped often enough, whether a threshold is a bucket, whether the server takes the PromQL, keeps data for the window, and at what \
            cost. With --context good SLOs are also held against a cluster: the members of composites and their consent are looked up there too, the \
            API server tries each without keeping it (schema, policies, fields that its CRD does not know), and composites there that would lose a \
            member are named. What may be meant so is printed as a warning, and is no problem.
            """)

    @Argument(help: "Files, directories, or - for stdin.")
    var paths: [String] = []

    @Option(help: "The daemon's configuration: checked itself, and the sources that objects name are checked against it.")
    var config: String?

    @Option(
        help:
            "The URL of a Prometheus, or its name in --config (what that says of it is used for its URL too): what can't be known from the files is asked there."
    )
    var against: String?

    @Option(help: "A context of the kubeconfig: what can't be known from the files is looked up and tried in that cluster; nothing is changed there.")
    var context: String?

    @Option(help: "The kubeconfig file of --context.")
    var kubeconfig: String?

    @Option(
        help: "Pass over what is at this path, below it, or fits this pattern with *; relative to the directory given. May be repeated.")
    var exclude: [String] = []

    mutating func run() async throws {
        if paths.isEmpty, config == nil { throw CommandFailure.usage("validate", "name at least one file or directory, or --config FILE") }
        let file = try config.map { try ConfigurationFile.read($0) }
        let configuration = try file.map { try ConfigurationFile.load($0) }
        let inputs = InputFiles(paths, excluding: exclude)
        let set = ManifestSet(inputs)
        let chosen = try against.map { try ChosenPrometheus($0, option: "--against", of: "validate", configuration) }
        let prometheus = try chosen?.client(option: "--against", of: "validate")
        let client = try context.map { try Self.client(context: $0, kubeconfig: kubeconfig) }
        var cluster: ClusterView?
        if let client { cluster = try await ClusterView(client, near: set.objects.filter(\.isOurs).map(\.key)) }
        let check = ManifestCheck(set, configuration: configuration, cluster: cluster)
        var lines = set.unreadable + check.problems.map(\.description)
        var warnings = 0
        func warn(_ placed: PlacedProblem) {
            warnings += 1
            StandardError.write("warning: \(placed)")
        }
        if let configuration, let file { for missing in ConfigurationFile.missing(configuration, in: file) { warn(missing) } }
        var live = LiveFindings()
        if let client, let cluster {
            await live.ask(ClusterCheck(client: client, view: cluster), check)
            await client.shutdown()
        }
        if let chosen, let prometheus {
            await live.ask(LiveCheck(client: prometheus), chosen, check, configuration)
            await prometheus.shutdown()
        }
        lines += live.problems.map(\.description)
        for warning in live.warnings { warn(warning) }
        for line in lines { StandardOutput.write(line + "\n", ifClosed: ProcessExit.input) }
        for note in check.notes { StandardError.write("note: \(note)") }
        for note in live.notes { StandardError.write("note: \(note)") }
        for path in set.idlePaths(inputs, problems: check.problems) { StandardError.write("note: \(path) holds no object of Plimsoll's") }
        let passedOver = check.foreign == 0 ? "" : ", \(Count.of(check.foreign, "object")) of other kinds passed over"
        let good = "\(Count.of(check.slos.count, "SLO")) \(check.slos.count == 1 ? "is" : "are") good"
        let analyses = check.analyses == 0 ? "" : ", \(Count.of(check.analyses, "RolloutAnalysis", "RolloutAnalyses")) too"
        StandardError.write(
            "\(good)\(analyses), \(Count.of(lines.count, "problem"))\(warnings == 0 ? "" : ", \(Count.of(warnings, "warning"))")\(passedOver)")
        // What was not asked may hold more: the world's fault comes first.
        if let failure = live.failure { throw failure }
        if !lines.isEmpty { throw CommandFailure(code: ProcessExit.input, message: "") }
    }

    private static func client(context: String, kubeconfig: String?) throws(CommandFailure) -> KubeClient {
        do {
            return try KubeClient(
                configuration: try KubeConfiguration.load(explicitPath: kubeconfig, context: context),
                options: KubeClientOptions(version: PlimsollVersion.text))
        } catch {
            throw .world("--context: \(error)")
        }
    }
}
