import ArgumentParser
import KubeModel
import PlimsollAPI
import PrometheusModel
import ServiceLevels
import Values

/// `plimsoll render`
struct RenderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render", abstract: "Write the rules of SLOs in files, with no cluster.",
        discussion: """
            The same rules as the daemon writes, byte for byte, in Prometheus's own rule file format. Without --output all \
            groups go to stdout as one rule file; with it each SLO becomes a file, and with --tests there are tests of its alerts beside it, for \
            promtool test rules; --dashboards writes dashboards for Grafana. Scrape and evaluation interval come from --config (the \
            source that an SLO names), or are 30s. The rules of an SLO with a calendar window or exclusions hold moments of time: those of its present \
            period, and of the exclusions to come; the daemon writes them anew in time.
            """)

    @Argument(help: "Files, directories, or - for stdin.")
    var paths: [String] = []

    @Option(name: [.customShort("o"), .customLong("output")], help: "Directory for one file an SLO.")
    var output: String?

    @Flag(help: "Write tests of the alerts too, as NAME.TIER.test.yaml.")
    var tests = false

    @Flag(help: "Write Grafana dashboards too: dashboard_SERVICE.json for each service, and dashboard-fleet.json.")
    var dashboards = false

    @Option(help: "The daemon's configuration.")
    var config: String?

    @Option(
        help: "Pass over what is at this path, below it, or fits this pattern with *; relative to the directory given. May be repeated.")
    var exclude: [String] = []

    mutating func run() throws {
        if paths.isEmpty { throw CommandFailure.usage("render", "name at least one file or directory") }
        if dashboards, output == nil { throw CommandFailure.usage("render", "--dashboards needs --output: each is a file") }
        if tests, output == nil { throw CommandFailure.usage("render", "--tests needs --output: tests name the file of the rules") }
        let configuration = try config.map { try ConfigurationFile.load($0) }
        let inputs = InputFiles(paths, excluding: exclude)
        let set = ManifestSet(inputs)
        let check = ManifestCheck(set, configuration: configuration)
        var lines = set.unreadable + check.problems.map(\.description)
        let now = WallClock.now()
        var rendered: [(slo: CheckedSLO, rules: GeneratedRules)] = []
        for slo in check.slos.sorted(by: { $0.key < $1.key }) {
            let settings = configuration?.prometheus.first { $0.name == slo.spec.source }?.ruleSettings ?? RuleSettings()
            do {
                let rules = try RuleGenerator.generate(
                    instance: configuration?.instance ?? "main", key: slo.key, spec: slo.spec, settings: settings, now: now)
                rendered.append((slo, rules))
            } catch {
                lines += error.problems.map { "SLO \(slo.key): \($0)" }
            }
        }
        guard lines.isEmpty else { throw CommandFailure.input("nothing was rendered:\n" + lines.joined(separator: "\n")) }
        for note in check.notes { StandardError.write("note: \(note)") }
        for path in set.idlePaths(inputs, problems: check.problems) { StandardError.write("note: \(path) holds no object of Plimsoll's") }
        if let output, dashboards {
            let instance = configuration?.instance ?? "main"
            try OutputFiles.write(Dashboard.fleet(instance: instance).text() + "\n", to: "dashboard-fleet.json", in: output)
            for service in Set(rendered.map(\.slo.spec.service)).sorted() {
                try OutputFiles.write(Dashboard.service(service, instance: instance).text() + "\n", to: "dashboard_\(service).json", in: output)
            }
        }
        if let output {
            for (slo, rules) in rendered {
                let name = RuleObjects.fileName(instance: configuration?.instance ?? "main", key: slo.key)
                try OutputFiles.write(rules.file.yaml, to: name, in: output)
                guard tests else { continue }
                let base = name.hasSuffix(".yaml") ? String(name.dropLast(5)) : name
                for file in RuleTests(rules, spec: slo.spec, ruleFile: name).files {
                    try OutputFiles.write(YAML.text(file.json), to: "\(base).\(file.tier).test.yaml", in: output)
                }
            }
        } else {
            StandardOutput.write(RuleFile(groups: rendered.flatMap(\.rules.groups)).yaml)
        }
    }
}
