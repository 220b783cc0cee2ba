import Glibc

/// A real Prometheus of a test's own, on a free loopback port, in a folder of its own; it ends when the value is let go.
package final class RealPrometheus: Sendable {
    package struct CannotStart: Error, CustomStringConvertible {
        package let description: String
    }

    package static let binary = TestEnvironment.executable("prometheus")
    package static let openssl = TestEnvironment.executable("openssl")

    package let process: ChildProcess
    package let port: Int
    package let scratch: ScratchDirectory

    /// `arguments` are added to what every instance gets; `files` are written beside `prometheus.yml` before the start. `PORT` in the
    /// configuration stands for its port.
    package init(configuration: String, files: [String: String] = [:], arguments: [String] = [], in scratch: ScratchDirectory) throws {
        guard let binary = Self.binary else { throw CannotStart(description: "no prometheus") }
        self.scratch = scratch
        port = Int(try freePort())
        for (name, text) in files { try writeFile(scratch.file(name), text) }
        try writeFile(scratch.file("prometheus.yml"), configuration.replacing("PORT", with: String(port)))
        process = try ChildProcess(
            binary,
            [
                "--config.file=\(scratch.file("prometheus.yml"))", "--storage.tsdb.path=\(scratch.file("data"))",
                "--web.listen-address=127.0.0.1:\(port)", "--log.level=warn",
            ] + arguments, output: scratch.file("log"))
    }

    package func stop() async {
        process.signal(SIGCONT)
        process.signal(SIGTERM)
        _ = await process.wait(timeout: .seconds(20))
    }
}
