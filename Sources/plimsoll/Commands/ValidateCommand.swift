import ArgumentParser
import PlimsollAPI
import PrometheusClient
import ServiceLevels
import Values

/// `plimsoll validate`
struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Check Plimsoll's objects in files, with no cluster; on request against a Prometheus.",
        discussion: """
            Reads YAML and JSON files, directories (at any depth) and - for stdin; objects of other kinds are passed over and counted. Every problem of \
            all files is printed as

                file:line: path: what is wrong and what would be accepted

            and the exit code is 1 if there is one. With --against good SLOs are also tried on a Prometheus: whether their series are there and are \
            scraped often enough, whether a threshold is a bucket, whether the server takes the PromQL, keeps data for the window, and at what \
            cost. What may be meant so is printed as a warning, and is no problem.
            """)

    @Argument(help: "Files, directories, or - for stdin.")
    var paths: [String] = []

    @Option(help: "The daemon's configuration: checked itself, and the sources that objects name are checked against it.")
    var config: String?

    @Option(help: "The URL of a Prometheus: what can't be known from the files is asked there.")
    var against: String?

    @Option(
        help: "Pass over what is at this path, below it, or fits this pattern with *; relative to the directory given. May be repeated.")
    var exclude: [String] = []

    mutating func run() async throws {
        if paths.isEmpty, config == nil { throw CommandFailure.usage("validate", "name at least one file or directory, or --config FILE") }
        let configuration = try config.map { try ConfigurationFile.load($0) }
        let inputs = InputFiles(paths, excluding: exclude)
        let set = ManifestSet(inputs)
        let check = ManifestCheck(set, configuration: configuration)
        var lines = set.unreadable + check.problems.map(\.description)
        var warnings = 0
        if let against {
            let live = try LiveCheck(url: against)
            for slo in check.slos {
                let settings = configuration?.prometheus.first { $0.name == slo.spec.source }?.ruleSettings ?? RuleSettings()
                for finding in try await live.findings(slo.spec, settings) {
                    let placed = slo.object.placed(Problem(finding.path, finding.message)).description
                    if finding.weight == .problem {
                        lines.append(placed)
                    } else {
                        warnings += 1
                        StandardError.write("warning: \(placed)")
                    }
                }
            }
            await live.client.shutdown()
        }
        for line in lines { StandardOutput.write(line + "\n", ifClosed: ProcessExit.input) }
        for note in check.notes { StandardError.write("note: \(note)") }
        for path in set.idlePaths(inputs, problems: check.problems) { StandardError.write("note: \(path) holds no object of Plimsoll's") }
        let passedOver = check.foreign == 0 ? "" : ", \(Count.of(check.foreign, "object")) of other kinds passed over"
        let good = "\(Count.of(check.slos.count, "SLO")) \(check.slos.count == 1 ? "is" : "are") good"
        let analyses = check.analyses == 0 ? "" : ", \(Count.of(check.analyses, "RolloutAnalysis", "RolloutAnalyses")) too"
        StandardError.write(
            "\(good)\(analyses), \(Count.of(lines.count, "problem"))\(warnings == 0 ? "" : ", \(Count.of(warnings, "warning"))")\(passedOver)")
        if !lines.isEmpty { throw CommandFailure(code: ProcessExit.input, message: "") }
    }
}
