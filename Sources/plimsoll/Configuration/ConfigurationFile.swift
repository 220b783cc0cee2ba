import Values

/// Reads and checks the daemon's configuration file.
enum ConfigurationFile {
    /// The configuration of a file.
    /// - Throws: a failure that lists every problem as `file:line: path: message`.
    static func load(_ path: String) throws(CommandFailure) -> DaemonConfiguration {
        try load(try read(path))
    }

    static func read(_ path: String) throws(CommandFailure) -> InputFile {
        do throws(FileReading.Failure) { return try FileReading.file(path) } catch { throw .input(error.message) }
    }

    /// - Parameter overrides: put over what the file says.
    static func load(_ file: InputFile, _ overrides: ConfigurationOverrides? = nil) throws(CommandFailure) -> DaemonConfiguration {
        let documents: [YAMLDocument]
        do throws(YAMLError) {
            documents = try YAML.parseManifest(bytes: file.bytes, file: file.name)
        } catch {
            throw .input(Redaction().text(error.description))
        }
        guard documents.count <= 1 else { throw .input("\(file.name): holds \(documents.count) documents; a configuration is one") }
        let json = documents.first?.json ?? .object(JSONObject())
        var problems: [Problem] = []
        if let configuration = DaemonConfiguration.decode(overrides?.applied(to: json) ?? json, at: .root, problems: &problems) {
            return configuration
        }
        let lines = problems.map { problem in
            if let origin = overrides?.origin(of: problem.path) { return "\(origin): \(problem)" }
            guard let document = documents.first else { return "\(file.name): \(problem)" }
            return PlacedProblem(position: document.position(of: problem.path), text: problem.description).description
        }
        // They go into logs and events too, and a refused URL may hold a password.
        throw .input(Redaction().text("the configuration has \(Count.of(problems.count, "problem")):\n" + lines.joined(separator: "\n")))
    }
}
