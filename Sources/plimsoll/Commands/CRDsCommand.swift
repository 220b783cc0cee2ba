import ArgumentParser
import PlimsollAPI

/// `plimsoll crds`
struct CRDsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crds", abstract: "Print the custom resource definitions, or write them to a directory.",
        discussion: """
            The definitions come from the same tables of fields that the daemon checks with. On a server older than 1.25, apply them with \
            kubectl apply --validate=false: its client does not know x-kubernetes-validations, the server takes it.
            """)

    @Option(name: [.customShort("o"), .customLong("output")], help: "Directory for one file a kind; without it all go to stdout.")
    var output: String?

    mutating func run() throws {
        for definition in CRDs.all() {
            if let output {
                try OutputFiles.write(definition.yaml, to: definition.fileName, in: output)
            } else {
                StandardOutput.write("---\n" + definition.yaml)
            }
        }
    }
}
