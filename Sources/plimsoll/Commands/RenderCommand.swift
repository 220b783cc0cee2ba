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
            groups go to stdout as one rule file; with it each SLO becomes a file, as does what SLOs share in the layout Fleet, and with --tests there \
            are tests of its alerts beside it, for promtool test rules; --dashboards writes dashboards for Grafana. Scrape and evaluation interval and \
            the layout come from --config (the source that an SLO names), or are 30s and PerSLO. The rules of an SLO with a calendar window or \
            exclusions hold moments of time: those of its present period, and of the exclusions to come; the daemon writes them anew in time.
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
        let instance = configuration?.instance ?? "main"
        var rendered: [(slo: CheckedSLO, rules: GeneratedRules)] = []
        for slo in check.slos.sorted(by: { $0.key < $1.key }) {
            let settings = configuration?.prometheus.first { $0.name == slo.spec.source }?.ruleSettings ?? RuleSettings()
            do {
                let rules = try RuleGenerator.generate(
                    instance: instance, key: slo.key, spec: slo.spec, settings: settings, now: now)
                rendered.append((slo, rules))
            } catch {
                lines += error.problems.map { "SLO \(slo.key): \($0)" }
            }
        }
        guard lines.isEmpty else { throw CommandFailure.input("nothing was rendered:\n" + lines.joined(separator: "\n")) }
        for note in check.notes { StandardError.write("note: \(note)") }
        for path in set.idlePaths(inputs, problems: check.problems) { StandardError.write("note: \(path) holds no object of Plimsoll's") }
        let shards = Self.shards(rendered, configuration, now)
        if let output, dashboards {
            try OutputFiles.write(Dashboard.fleet(instance: instance).text() + "\n", to: "dashboard-fleet.json", in: output)
            for service in Set(rendered.map(\.slo.spec.service)).sorted() {
                try OutputFiles.write(Dashboard.service(service, instance: instance).text() + "\n", to: "dashboard_\(service).json", in: output)
            }
        }
        guard let output else {
            return StandardOutput.write(
                RuleFile(groups: rendered.flatMap(\.rules.groups) + shards.values.sorted(by: { $0.place.name < $1.place.name }).flatMap(\.groups))
                    .yaml)
        }
        for part in shards.values.flatMap(\.parts) { try OutputFiles.write(part.file.yaml, to: part.name.file, in: output) }
        for (slo, rules) in rendered {
            let name = RuleObjects.fileName(instance: instance, key: slo.key)
            try OutputFiles.write(Self.text(slo, rules, configuration), to: name, in: output)
            guard tests else { continue }
            let base = name.hasSuffix(".yaml") ? String(name.dropLast(5)) : name
            let shared = rules.place.flatMap { shards[$0] }.map { (shard: $0, files: $0.parts.map(\.name.file)) }
            for file in RuleTests(rules, spec: slo.spec, ruleFile: name, shared: shared).files {
                try OutputFiles.write(YAML.text(file.json), to: "\(base).\(file.tier).test.yaml", in: output)
            }
        }
    }

    /// An SLO's file as the daemon writes it: only a directory's files say of what they are a member, as objects have annotations for that.
    private static func text(_ slo: CheckedSLO, _ rules: GeneratedRules, _ configuration: DaemonConfiguration?) -> String {
        guard configuration?.prometheus.first(where: { $0.name == slo.spec.source })?.rules.output == .directory else { return rules.file.yaml }
        // As it was written: a composite's members have got their namespaces since.
        var object = SLO(json: slo.object.json)
        object.metadata.namespace = slo.key.namespace
        return RuleObjects.fileText(rules, for: object)
    }

    /// The rules that the SLOs of sources with the layout Fleet share.
    private static func shards(
        _ rendered: [(slo: CheckedSLO, rules: GeneratedRules)], _ configuration: DaemonConfiguration?, _ now: Instant
    ) -> [FleetPlace: FleetShard] {
        var members: [FleetPlace: [FleetMember]] = [:]
        for (slo, rules) in rendered {
            guard let place = rules.place else { continue }
            members[place, default: []].append(FleetMember(key: slo.key, spec: slo.spec, digest: rules.digest))
        }
        return Dictionary(
            uniqueKeysWithValues: members.map { place, members in
                let settings = configuration?.prometheus.first { $0.name == place.source }?.ruleSettings ?? RuleSettings()
                return (place, FleetShard(place, members: members, settings: settings, now: now))
            })
    }
}
