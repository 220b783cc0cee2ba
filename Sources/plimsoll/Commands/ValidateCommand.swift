import ArgumentParser

/// `plimsoll validate`
struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Check Plimsoll's objects in files, with no cluster.",
        discussion: """
            Reads YAML and JSON files, directories (at any depth) and - for stdin; objects of other kinds are passed over. Every problem of \
            all files is printed as

                file:line: path: what is wrong and what would be accepted

            and the exit code is 1 if there is one.
            """)

    @Argument(help: "Files, directories, or - for stdin.")
    var paths: [String] = []

    @Option(help: "The daemon's configuration: checked itself, and the sources that objects name are checked against it.")
    var config: String?

    func validate() throws {
        if paths.isEmpty, config == nil { throw ValidationError("name at least one file or directory, or --config FILE") }
    }

    mutating func run() throws {
        let configuration = try config.map { try ConfigurationFile.load($0) }
        let set = ManifestSet(files: try InputFiles.read(paths))
        let check = ManifestCheck(set, configuration: configuration)
        let lines = set.unreadable + check.problems.map(\.description)
        for line in lines { StandardOutput.write(line + "\n", ifClosed: ProcessExit.input) }
        let passedOver = check.foreign == 0 ? "" : ", \(check.foreign) objects of other kinds passed over"
        StandardError.write("\(check.slos.count) SLOs are good, \(lines.count) problems\(passedOver)")
        if !lines.isEmpty { throw CommandFailure(code: ProcessExit.input, message: "") }
    }
}
