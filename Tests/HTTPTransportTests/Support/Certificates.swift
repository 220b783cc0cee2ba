import FoundationEssentials
import Glibc
import Synchronization
import TestSupport

/// Keys and certificates of a test run, made by the openssl command line in a folder that goes with them.
final class Certificates: Sendable {
    let folder: ScratchDirectory

    /// One set for all tests: making keys takes longer than the tests do.
    static let shared = Task { try await Certificates() }

    private init() async throws {
        folder = try ScratchDirectory("plimsoll-certificates")
        let path = folder.path
        sharedFolder.withLock { $0 = path }
        // The shared set is never let go otherwise.
        atexit { sharedFolder.withLock { path in if let path { try? FileManager.default.removeItem(atPath: path) } } }
        for ca in ["ca", "other-ca"] {
            try await openssl(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-keyout", folder.file("\(ca).key"), "-out", folder.file("\(ca).pem"), "-subj", "/CN=plimsoll test \(ca)")
        }
        let local = "subjectAltName=IP:127.0.0.1,DNS:localhost"
        try await issue("server", by: "ca", extensions: local)
        try await issue("other-server", by: "other-ca", extensions: local)
        try await issue("expired", by: "ca", extensions: local, days: -1)
        try await issue("named", by: "ca", extensions: "subjectAltName=DNS:api.cluster.test")
        try await issue("client", by: "ca", extensions: "extendedKeyUsage=clientAuth")
        try await issue("other-client", by: "other-ca", extensions: "extendedKeyUsage=clientAuth")
    }

    func bytes(_ name: String) throws -> [UInt8] {
        Array(try readFile(folder.file(name)).utf8)
    }

    private func issue(_ name: String, by ca: String, extensions: String, days: Int = 2) async throws {
        try writeFile(folder.file("\(name).ext"), extensions)
        try await openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder.file("\(name).key"),
            "-out", folder.file("\(name).csr"), "-subj", "/CN=\(name)")
        try await openssl(
            "x509", "-req", "-in", folder.file("\(name).csr"), "-CA", folder.file("\(ca).pem"), "-CAkey", folder.file("\(ca).key"),
            "-CAcreateserial", "-days", "\(days)", "-extfile", folder.file("\(name).ext"), "-out", folder.file("\(name).pem"))
    }

    private func openssl(_ arguments: String...) async throws {
        let process = try ChildProcess("/usr/bin/openssl", arguments, output: folder.file("openssl.log"))
        guard await process.wait(timeout: .seconds(30)) == .code(0) else {
            throw TestFailure("openssl \(arguments) failed: \(process.output)")
        }
    }
}

private let sharedFolder = Mutex<String?>(nil)

struct TestFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
