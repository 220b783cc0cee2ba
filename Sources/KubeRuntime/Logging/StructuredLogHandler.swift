import Glibc
package import Logging
import Synchronization
package import Values

/// Writes each message as one line to standard error, in a format that machines read.
package struct StructuredLogHandler: LogHandler {
    private let label: String
    private let format: LogFormat
    private let control: LogControl
    private let write: @Sendable (String) -> Void
    private let now: @Sendable () -> Instant
    /// A level set on one logger, which then no longer follows the control.
    private var ownLevel: Logger.Level?
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    /// - Parameter write: takes a line without its newline; standard error by default.
    package init(
        label: String, format: LogFormat, control: LogControl, metadataProvider: Logger.MetadataProvider? = nil,
        now: @escaping @Sendable () -> Instant, write: @escaping @Sendable (String) -> Void = StandardErrorLines.write
    ) {
        self.label = label
        self.format = format
        self.control = control
        self.metadataProvider = metadataProvider
        self.now = now
        self.write = write
    }

    package var logLevel: Logger.Level {
        get { ownLevel ?? control.level }
        set { ownLevel = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var fields: [String: String] = [:]
        for metadata in [metadataProvider?.get(), metadata, event.metadata] {
            for (key, value) in metadata ?? [:] { fields[key] = "\(value)" }
        }
        if let error = event.error, fields["error"] == nil { fields["error"] = "\(error)" }
        write(LogLine(time: now(), level: event.level.rawValue, logger: label, message: event.message.description, fields: fields).text(format))
    }
}

/// Lines on standard error, never mixed up with each other.
package enum StandardErrorLines {
    private static let lock = Mutex(())

    package static let write: @Sendable (String) -> Void = { line in
        let bytes = Array("\(line)\n".utf8)
        lock.withLock { _ in
            var offset = 0
            while offset < bytes.count {
                let count = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress?.advanced(by: offset), bytes.count - offset) }
                if count > 0 {
                    offset += count
                } else if errno != EINTR {
                    // Nobody reads it: a daemon goes on without its log.
                    return
                }
            }
        }
    }
}

extension ReconcileContext {
    /// Puts the run's id on every line that is logged inside it, by whatever logger.
    package static let metadataProvider = Logger.MetadataProvider { id.map { ["reconcileID": "\($0)"] } ?? [:] }
}
