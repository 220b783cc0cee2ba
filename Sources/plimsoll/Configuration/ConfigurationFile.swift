import Values

/// Reads and checks the daemon's configuration file.
enum ConfigurationFile {
    /// The configuration of a file.
    /// - Throws: a failure that lists every problem as `file:line: path: message`.
    static func load(_ path: String) throws(CommandFailure) -> DaemonConfiguration {
        let file: InputFile
        do throws(FileReading.Failure) {
            file = try FileReading.file(path)
        } catch {
            throw .input(error.message)
        }
        let documents: [YAMLDocument]
        do throws(YAMLError) {
            documents = try YAML.parseManifest(bytes: file.bytes, file: file.name)
        } catch {
            throw .input(error.description)
        }
        guard documents.count <= 1 else { throw .input("\(path): holds \(documents.count) documents; a configuration is one") }
        guard let document = documents.first else { return DaemonConfiguration() }
        var problems: [Problem] = []
        if let configuration = DaemonConfiguration.decode(document.json, at: .root, problems: &problems) { return configuration }
        throw .input(
            "the configuration has \(Count.of(problems.count, "problem")):\n"
                + problems.map { PlacedProblem(position: document.position(of: $0.path), text: $0.description).description }.joined(separator: "\n"))
    }
}
