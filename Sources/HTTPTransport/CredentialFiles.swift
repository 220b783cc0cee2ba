import Glibc
import Synchronization

/// How the daemon proves itself to a server, by files.
package struct CredentialSettings: Sendable, Hashable {
    package enum Credentials: Sendable, Hashable {
        case none
        /// The file holds the token and nothing else; it is read again for every request.
        case bearerTokenFile(String)
        case basic(username: String, passwordFile: String)
    }

    package var credentials: Credentials
    /// PEM file of the authorities that vouch for an https URL; nil takes the system's.
    package var caFile: String?
    /// PEM files; both or none.
    package var clientCertificateFile: String?
    package var clientKeyFile: String?

    package init(
        credentials: Credentials = .none, caFile: String? = nil, clientCertificateFile: String? = nil, clientKeyFile: String? = nil
    ) {
        self.credentials = credentials
        self.caFile = caFile
        self.clientCertificateFile = clientCertificateFile
        self.clientKeyFile = clientKeyFile
    }
}

/// Reads credentials from their files for each request, so that a rotated Secret needs no restart. What was read last is kept while a file
/// can't be read, as in the moment when it is replaced.
package final class CredentialFiles: Sendable {
    package struct Material: Sendable, Hashable {
        /// The value of the `Authorization` header.
        package var authorization: String?
        /// What must not appear in a message.
        package var secret: String?
        package var tls: TLSOptions
    }

    package struct Unreadable: Error, CustomStringConvertible {
        package let description: String
    }

    private let settings: CredentialSettings
    private let last = Mutex<[String: [UInt8]]>([:])

    package init(_ settings: CredentialSettings) { self.settings = settings }

    /// Blocks on files.
    package func read() throws(Unreadable) -> Material {
        var material = Material(tls: TLSOptions())
        switch settings.credentials {
        case .none: break
        case .bearerTokenFile(let path):
            let token = try line(path, "the bearer token file")
            material.secret = token
            material.authorization = "Bearer \(token)"
        case .basic(let username, let path):
            let password = try line(path, "the password file")
            material.secret = password
            material.authorization = "Basic \(Base64Text.encode(Array("\(username):\(password)".utf8)))"
        }
        if let path = settings.caFile { material.tls.caPEM = try bytes(path, "the CA file") }
        if let path = settings.clientCertificateFile { material.tls.clientCertificatePEM = try bytes(path, "the client certificate file") }
        if let path = settings.clientKeyFile { material.tls.clientKeyPEM = try bytes(path, "the client key file") }
        return material
    }

    /// The one line that a token or password file holds; `what` names it in messages.
    package func line(_ path: String, _ what: String) throws(Unreadable) -> String {
        let text = String(decoding: try bytes(path, what), as: UTF8.self)
        let line = text.drop { $0.isWhitespace }
        guard let end = line.lastIndex(where: { !$0.isWhitespace }) else { throw .init(description: "\(what) \(path) is empty") }
        let value = String(line[...end])
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw .init(description: "\(what) \(path) holds more than one line") }
        return value
    }

    /// Why a file can't be read, as far as can be told without knowing what it is for. Blocks on it.
    package static func trouble(_ path: String, _ what: String) -> String? {
        do throws(Unreadable) {
            return try file(path, what).isEmpty ? "\(what) \(path) is empty" : nil
        } catch {
            return error.description
        }
    }

    private func bytes(_ path: String, _ what: String) throws(Unreadable) -> [UInt8] {
        do {
            let bytes = try Self.file(path, what)
            last.withLock { $0[path] = bytes }
            return bytes
        } catch {
            if let kept = last.withLock({ $0[path] }) { return kept }
            throw error
        }
    }

    private static let maxBytes = 1 << 20

    private static func file(_ path: String, _ what: String) throws(Unreadable) -> [UInt8] {
        func failure() -> Unreadable { .init(description: "cannot read \(what) \(path): \(String(cString: strerror(errno)))") }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        var out: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 { throw failure() }
            if count == 0 { return out }
            out.append(contentsOf: buffer[..<count])
            if out.count > maxBytes { throw .init(description: "\(what) \(path) is larger than \(maxBytes) bytes") }
        }
    }
}
