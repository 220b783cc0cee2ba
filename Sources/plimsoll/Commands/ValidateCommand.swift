import ArgumentParser

/// `plimsoll validate`
struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Check Plimsoll's objects in files, with no cluster.",
        discussion: """
            Reads YAML and JSON files, directories (at any depth) and - for stdin; objects of other kinds are passed over and counted. Every problem of \
            all files is printed as

                file:line: path: what is wrong and what would be accepted

            and the exit code is 1 if there is one.
            """)

    @Argument(help: "Files, directories, or - for stdin.")
    var paths: [String] = []

    @Option(help: "The daemon's configuration: checked itself, and the sources that objects name are checked against it.")
    var config: String?

    @Option(
        help: "Pass over what is at this path, below it, or fits this pattern with *; relative to the directory given. May be repeated.")
    var exclude: [String] = []

    mutating func run() throws {
        if paths.isEmpty, config == nil { throw CommandFailure.usage("validate", "name at least one file or directory, or --config FILE") }
        let configuration = try config.map { try ConfigurationFile.load($0) }
        let inputs = InputFiles(paths, excluding: exclude)
        let set = ManifestSet(inputs)
        let check = ManifestCheck(set, configuration: configuration)
        let lines = set.unreadable + check.problems.map(\.description)
        for line in lines { StandardOutput.write(line + "\n", ifClosed: ProcessExit.input) }
        for path in set.idlePaths(inputs, problems: check.problems) { StandardError.write("note: \(path) holds no object of Plimsoll's") }
        let passedOver = check.foreign == 0 ? "" : ", \(Count.of(check.foreign, "object")) of other kinds passed over"
        let good = "\(Count.of(check.slos.count, "SLO")) \(check.slos.count == 1 ? "is" : "are") good"
        StandardError.write("\(good), \(Count.of(lines.count, "problem"))\(passedOver)")
        if !lines.isEmpty { throw CommandFailure(code: ProcessExit.input, message: "") }
    }
}
