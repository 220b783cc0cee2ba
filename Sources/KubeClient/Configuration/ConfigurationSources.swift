import Glibc

/// What the configuration is read from: environment variables and files. Tests hand in their own.
package struct ConfigurationSources: Sendable {
    package var environment: [String: String]
    /// Where a pod finds its service account's `token`, `ca.crt` and `namespace`.
    package var serviceAccountDirectory: String
    /// Reads a whole file; nil when there is none.
    package var read: @Sendable (_ path: String) throws(FileReadError) -> [UInt8]?

    package init(
        environment: [String: String], serviceAccountDirectory: String = "/var/run/secrets/kubernetes.io/serviceaccount",
        read: @escaping @Sendable (_ path: String) throws(FileReadError) -> [UInt8]? = { path throws(FileReadError) in try SmallFile.read(path) }
    ) {
        self.environment = environment
        self.serviceAccountDirectory = serviceAccountDirectory
        self.read = read
    }

    /// This process's environment and disk.
    package static var system: ConfigurationSources { ConfigurationSources(environment: SmallFile.processEnvironment()) }
}

package struct FileReadError: Error, Sendable, Hashable, CustomStringConvertible {
    package let path: String
    package let reason: String

    package init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    package var description: String { "\(path): \(reason)" }
}

/// Blocking reads of files of at most a few megabytes: kubeconfigs, certificates, tokens.
package enum SmallFile {
    static let limit = 4 << 20

    /// The file's bytes; nil when it doesn't exist.
    package static func read(_ path: String) throws(FileReadError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw FileReadError(path: path, reason: reason(errno))
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileReadError(path: path, reason: reason(errno))
            }
            bytes += buffer[..<count]
            if bytes.count > limit { throw FileReadError(path: path, reason: "is larger than \(limit >> 20) MiB") }
        }
    }

    static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }

    /// This process's environment variables.
    package static func processEnvironment() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
            entry += 1
        }
        return variables
    }
}
