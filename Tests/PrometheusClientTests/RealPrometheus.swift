import Glibc
import TestSupport

/// A real Prometheus of a test's own, on a free loopback port, in a folder of its own; it ends when the value is let go.
final class RealPrometheus: Sendable {
    struct CannotStart: Error, CustomStringConvertible {
        let description: String
    }

    static let binary = TestEnvironment.executable("prometheus")
    static let openssl = TestEnvironment.executable("openssl")

    let process: ChildProcess
    let port: Int
    let scratch: ScratchDirectory

    /// `arguments` are added to what every instance gets; `files` are written beside `prometheus.yml` before the start. `PORT` in the
    /// configuration stands for its port.
    init(configuration: String, files: [String: String] = [:], arguments: [String] = [], in scratch: ScratchDirectory) throws {
        guard let binary = Self.binary else { throw CannotStart(description: "no prometheus") }
        self.scratch = scratch
        port = try Self.freePort()
        for (name, text) in files { try writeFile(scratch.file(name), text) }
        try writeFile(scratch.file("prometheus.yml"), configuration.replacing("PORT", with: String(port)))
        process = try ChildProcess(
            binary,
            [
                "--config.file=\(scratch.file("prometheus.yml"))", "--storage.tsdb.path=\(scratch.file("data"))",
                "--web.listen-address=127.0.0.1:\(port)", "--log.level=warn",
            ] + arguments, output: scratch.file("log"))
    }

    func stop() async {
        process.signal(SIGCONT)
        process.signal(SIGTERM)
        _ = await process.wait(timeout: .seconds(20))
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard bound else { throw CannotStart(description: "no free port: \(String(cString: strerror(errno)))") }
        return Int(in_port_t(bigEndian: address.sin_port))
    }
}
