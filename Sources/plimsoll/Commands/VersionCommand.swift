import ArgumentParser
import HTTPTransport

/// `plimsoll version`
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version of Plimsoll and of libcurl.")

    mutating func run() throws {
        StandardOutput.write("plimsoll \(PlimsollVersion.text)\n\(HTTPLibrary.version)\n")
    }
}
