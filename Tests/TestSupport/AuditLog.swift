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
    /// The file itself: another under the name is another log.
    private let file: UInt

    /// Only what is written from now on.
    package init() throws {
        guard let path = TestEnvironment.value("AUDIT_LOG") else { throw Missing("the API server's audit log (AUDIT_LOG)") }
        self.path = path
        var status = stat()
        guard stat(path, &status) == 0 else { throw Missing("the audit log \(path)") }
        start = Int(status.st_size)
        file = status.st_ino
    }

    package static var isThere: Bool { TestEnvironment.value("AUDIT_LOG") != nil }

    /// Writes of the process that the server accepted, reviews of rights aside. A log that is not whole proves nothing: that throws.
    package func writes(of identity: String) throws -> [Write] {
        guard let stream = fopen(path, "r") else { throw Missing("the audit log \(path)") }
        defer { fclose(stream) }
        var status = stat()
        guard fstat(fileno(stream), &status) == 0, status.st_ino == file, status.st_size >= start else {
            throw Missing("the audit log \(path) as it was begun: it was rotated or cut")
        }
        fseek(stream, start, SEEK_SET)
        var writes: [Write] = []
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        let mark = "holder \(identity)"
        while case let count = getline(&line, &capacity, stream), count > 0 {
            guard let line, strstr(line, mark) != nil else { continue }
            let bytes = Array(UnsafeRawBufferPointer(start: line, count: count))
            // The last line may still be on its way into the file: it is read the next time.
            guard bytes.last == UInt8(ascii: "\n") else { break }
            let event: JSON
            do { event = try JSON(parsing: bytes) } catch {
                throw Missing("a line of the audit log that can be read (\(error)): \(Self.text(bytes))")
            }
            if let write = try Self.write(event, bytes) { writes.append(write) }
        }
        return writes
    }

    /// Accepted writes of a process after a moment, that of its successor's `acquireTime`.
    ///
    /// Of the Lease itself it counts when the request came in: its release is what the successor saw.
    package func writes(of identity: String, after moment: Instant) throws -> [Write] {
        try writes(of: identity).filter { ($0.resource == "leases" ? $0.received : $0.completed) > moment }
    }

    private static func text(_ line: [UInt8]) -> String { String(decoding: line, as: UTF8.self) }

    /// Nil for reads, for what was refused, and for reviews of rights.
    private static func write(_ event: JSON, _ line: [UInt8]) throws -> Write? {
        guard let verb = event["verb"]?.stringValue, let code = event["responseStatus"]?["code"]?.intValue else {
            throw Missing("verb and code in the audit log: \(text(line))")
        }
        guard ["create", "update", "patch", "delete", "deletecollection"].contains(verb), code < 400 else { return nil }
        guard let reference = event["objectRef"], let resource = reference["resource"]?.stringValue,
            let received = event["requestReceivedTimestamp"]?.stringValue.flatMap(Instant.init(rfc3339:)),
            let completed = event["stageTimestamp"]?.stringValue.flatMap(Instant.init(rfc3339:))
        else { throw Missing("object and times in the audit log: \(text(line))") }
        if resource == "selfsubjectaccessreviews" { return nil }
        let subresource = reference["subresource"]?.stringValue.map { "/\($0)" } ?? ""
        let key = [reference["namespace"]?.stringValue, reference["name"]?.stringValue].compactMap { $0 }.joined(separator: "/")
        return Write(verb: verb, resource: resource + subresource, key: key, received: received, completed: completed)
    }
}
