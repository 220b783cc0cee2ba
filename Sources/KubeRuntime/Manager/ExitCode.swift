/// How the daemon ends.
package enum ExitCode: Int32, Sendable {
    case good = 0
    /// The input is at fault.
    case input = 1
    case usage = 2
    /// The world is at fault.
    case world = 3
}

/// Why a start or a run ended badly, and with which exit code.
package struct ManagerFailure: Error, Sendable, CustomStringConvertible {
    package var message: String
    package var exitCode: ExitCode

    package init(_ message: String, exitCode: ExitCode = .world) {
        self.message = message
        self.exitCode = exitCode
    }

    package var description: String { message }
}
