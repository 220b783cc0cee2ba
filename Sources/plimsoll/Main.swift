import ArgumentParser
import Glibc
import KubeRuntime

/// The process's end, by DESIGN.md: 0 good, 1 the input is at fault, 2 usage, 3 the world is at fault.
enum ProcessExit {
    static let good: Int32 = 0
    static let input: Int32 = 1
    static let usage: Int32 = 2
    static let world: Int32 = 3
}

/// Ends a command with a message on stderr and one of the exit codes.
struct CommandFailure: Error {
    let code: Int32
    let message: String

    static func input(_ message: String) -> CommandFailure { .init(code: ProcessExit.input, message: message) }
    static func usage(_ command: String, _ message: String) -> CommandFailure {
        .init(code: ProcessExit.usage, message: "\(message); see plimsoll \(command) --help")
    }
    static func world(_ message: String) -> CommandFailure { .init(code: ProcessExit.world, message: message) }
}

@main
struct Main {
    /// Not `async`: the main thread would then wait for all signals, also those that `ContinueGuard` keeps for one thread.
    static func main() {
        // A reader that goes away is told by the write that fails.
        signal(SIGPIPE, SIG_IGN)
        ContinueGuard.block()
        // Detached, as the main actor's thread is the one that waits here.
        Task.detached {
            await run()
            exit(ProcessExit.good)
        }
        while true { pause() }
    }

    private static func run() async {
        do {
            let command = try Plimsoll.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                var command = command
                try command.run()
            }
        } catch let failure as CommandFailure {
            if !failure.message.isEmpty { StandardError.write("plimsoll: \(failure.message)") }
            exit(failure.code)
        } catch {
            // Help and the version are "errors" to the parser, printed on stdout with code 0; the rest is usage.
            if Plimsoll.exitCode(for: error).isSuccess {
                StandardOutput.write(Plimsoll.fullMessage(for: error) + "\n")
                exit(ProcessExit.good)
            }
            StandardError.write(Plimsoll.fullMessage(for: error))
            exit(ProcessExit.usage)
        }
    }
}

/// The root command.
struct Plimsoll: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plimsoll",
        abstract: "The error budget governs everything that happens after release.",
        discussion: """
            Plimsoll is a Kubernetes operator. `plimsoll run` is the daemon; the other commands check and render the same objects with no \
            cluster, so that a GitOps repository can be tested before it is applied.

            Exit codes: 0 good, 1 the input is at fault, 2 usage, 3 the world is at fault (a server that cannot be reached, missing rights).
            """,
        version: PlimsollVersion.text,
        subcommands: [
            RunCommand.self, CRDsCommand.self, ValidateCommand.self, RenderCommand.self, BacktestCommand.self, ReplayCommand.self,
            SupportBundleCommand.self, ToggleDebugCommand.self,
            VersionCommand.self,
        ])
}

/// Writes lines to stderr, unbuffered.
enum StandardError {
    static func write(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        bytes.withUnsafeBytes { _ = Glibc.write(2, $0.baseAddress, $0.count) }
    }
}

/// Writes text to stdout.
enum StandardOutput {
    /// A closed pipe ends the process quietly, as `head` expects; anything else that fails is the world's fault.
    /// - Parameter code: the exit code of a process whose reader went away.
    static func write(_ text: String, ifClosed code: Int32 = ProcessExit.good) {
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(1, $0.baseAddress?.advanced(by: offset), bytes.count - offset) }
            if count > 0 {
                offset += count
            } else if count < 0, errno == EPIPE {
                exit(code)
            } else if count < 0, errno != EINTR {
                StandardError.write("plimsoll: cannot write to standard output: \(String(cString: strerror(errno)))")
                exit(ProcessExit.world)
            }
        }
    }
}
