package import Glibc
import Synchronization

/// A real process that a test starts and ends by its pid. Its output goes to a file.
package final class ChildProcess: Sendable {
    /// How a process ended.
    package enum Exit: Sendable, Equatable { case code(Int32), signal(Int32) }

    package struct SpawnError: Error, CustomStringConvertible {
        package let description: String
    }

    package let pid: pid_t
    private let outputPath: String
    private let ended = Mutex<Exit?>(nil)

    /// Starts `executable` with `arguments`; stdout and stderr go to `output`. `environment` is added to the test's own.
    package init(_ executable: String, _ arguments: [String] = [], environment: [String: String] = [:], output: String) throws(SpawnError) {
        outputPath = output
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var merged: [String: String] = [:]
        var cursor = environ
        while let entry = cursor.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { merged[String(parts[0])] = String(parts[1]) }
            cursor += 1
        }
        merged.merge(environment) { $1 }
        var argv: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = merged.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            argv.forEach { free($0) }
            envp.forEach { free($0) }
        }
        var child: pid_t = 0
        let code = posix_spawn(&child, executable, &actions, nil, &argv, &envp)
        guard code == 0 else { throw SpawnError(description: "cannot start \(executable): \(String(cString: strerror(code)))") }
        pid = child
    }

    deinit {
        if reap(block: false) == nil {
            kill(pid, SIGKILL)
            _ = reap(block: true)
        }
    }

    /// What it has written so far.
    package var output: String { (try? readFile(outputPath)) ?? "" }

    package func signal(_ number: Int32) { if reap(block: false) == nil { kill(pid, number) } }

    package var isRunning: Bool { reap(block: false) == nil }

    /// Waits for the end without blocking a cooperative thread; nil after `timeout`.
    package func wait(timeout: Swift.Duration) async -> Exit? {
        let deadline = ContinuousClock.now + timeout
        while ContinuousClock.now < deadline {
            if let exit = reap(block: false) { return exit }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return reap(block: false)
    }

    private func reap(block: Bool) -> Exit? {
        ended.withLock { ended in
            if let ended { return ended }
            var status: Int32 = 0
            guard waitpid(pid, &status, block ? 0 : WNOHANG) == pid else { return nil }
            let low = status & 0x7f
            let exit: Exit = low == 0 ? .code((status >> 8) & 0xff) : .signal(low)
            ended = exit
            return exit
        }
    }
}

/// The whole of a small file.
package func readFile(_ path: String) throws(ChildProcess.SpawnError) -> String {
    guard let file = fopen(path, "r") else { throw .init(description: "cannot read \(path): \(String(cString: strerror(errno)))") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        if count == 0 { break }
        bytes.append(contentsOf: buffer[..<count])
    }
    return String(decoding: bytes, as: UTF8.self)
}

package func writeFile(_ path: String, _ text: String) throws(ChildProcess.SpawnError) {
    guard let file = fopen(path, "w") else { throw .init(description: "cannot write \(path): \(String(cString: strerror(errno)))") }
    defer { fclose(file) }
    let bytes = Array(text.utf8)
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw .init(description: "cannot write \(path)") }
}
