import ArgumentParser
import Glibc

/// `plimsoll toggle-debug`
struct ToggleDebugCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "toggle-debug", abstract: "Turn a running daemon's debug messages on, or off again.",
        discussion: """
            Sends SIGUSR1. In a container, where the daemon is process 1 and there is no kill:

                kubectl -n plimsoll-system exec POD -- plimsoll toggle-debug
            """)

    @Argument(help: "The daemon's process number.")
    var pid: Int32 = 1

    mutating func run() throws {
        // Others would be process groups.
        guard pid > 0 else { throw CommandFailure.usage("toggle-debug", "\(pid) is no process number") }
        guard kill(pid, SIGUSR1) == 0 else { throw CommandFailure.world("cannot signal process \(pid): \(String(cString: strerror(errno)))") }
    }
}
