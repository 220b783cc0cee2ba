import Glibc
package import Values

/// What the API server's audit log says of one process, told by the holder identity in its user agent.
package struct AuditLog: Sendable {
    /// A write that the server accepted.
    package struct Write: Sendable, CustomStringConvertible {
        package var verb: String
        /// `configmaps`, `slos/status`.
        package var resource: String
        package var key: String
        package var received: Instant
        package var completed: Instant

        package var description: String { "\(verb) \(resource) \(key) received \(received) completed \(completed)" }
    }

    private let path: String
    private let start: Int

    /// Only what is written from now on.
    package init() throws {
        guard let path = TestEnvironment.value("AUDIT_LOG") else { throw Missing("the API server's audit log (AUDIT_LOG)") }
        self.path = path
        var status = stat()
        guard stat(path, &status) == 0 else { throw Missing("the audit log \(path)") }
        start = Int(status.st_size)
    }

    package static var isThere: Bool { TestEnvironment.value("AUDIT_LOG") != nil }

    /// Writes of the process that the server accepted, reviews of rights aside.
    package func writes(of identity: String) throws -> [Write] {
        guard let file = fopen(path, "r") else { throw Missing("the audit log \(path)") }
        defer { fclose(file) }
        fseek(file, start, SEEK_SET)
        var writes: [Write] = []
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        let mark = "holder \(identity)"
        while case let count = getline(&line, &capacity, file), count > 0 {
            guard let line, strstr(line, mark) != nil else { continue }
            let bytes = UnsafeRawBufferPointer(start: line, count: count)
            guard let event = try? JSON(parsing: Array(bytes)), let write = Self.write(event) else { continue }
            writes.append(write)
        }
        return writes
    }

    /// Accepted writes of a process after a moment, that of its successor's `acquireTime`.
    ///
    /// Of the Lease itself it counts when the request came in: its release is what the successor saw.
    package func writes(of identity: String, after moment: Instant) throws -> [Write] {
        try writes(of: identity).filter { ($0.resource == "leases" ? $0.received : $0.completed) > moment }
    }

    private static func write(_ event: JSON) -> Write? {
        guard let verb = event["verb"]?.stringValue, ["create", "update", "patch", "delete", "deletecollection"].contains(verb),
            let code = event["responseStatus"]?["code"]?.intValue, code < 400, let reference = event["objectRef"],
            let resource = reference["resource"]?.stringValue, resource != "selfsubjectaccessreviews",
            let received = event["requestReceivedTimestamp"]?.stringValue.flatMap(Instant.init(rfc3339:)),
            let completed = event["stageTimestamp"]?.stringValue.flatMap(Instant.init(rfc3339:))
        else { return nil }
        let subresource = reference["subresource"]?.stringValue.map { "/\($0)" } ?? ""
        let key = [reference["namespace"]?.stringValue, reference["name"]?.stringValue].compactMap { $0 }.joined(separator: "/")
        return Write(verb: verb, resource: resource + subresource, key: key, received: received, completed: completed)
    }
}
