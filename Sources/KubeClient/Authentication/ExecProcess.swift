import Glibc

/// Runs a plug-in to its end. Blocking: only on a thread of its own.
enum ExecProcess {
    static let outputLimit = 1 << 20

    /// The program's standard output if it exits with 0. Standard error goes to ours. Throws a sentence on any failure.
    static func run(_ plugin: ExecPluginConfiguration, environment inherited: [String: String], timeout: Swift.Duration) throws(ExecPluginError)
        -> [UInt8]
    {
        let terminal = isatty(STDIN_FILENO) == 1
        let interactive = plugin.interactiveMode != .never && terminal
        if plugin.interactiveMode == .always, !terminal {
            throw ExecPluginError(command: plugin.command, message: "has interactiveMode Always, but standard input is no terminal")
        }
        var environment = inherited
        for (name, value) in plugin.environment { environment[name] = value.reveal() }
        environment["KUBERNETES_EXEC_INFO"] = ExecCredentialCodec.request(plugin, interactive: interactive)
        let child = try spawn(plugin, environment, interactive: interactive)
        defer { close(child.output) }
        return try collect(child, plugin, interactive: interactive, timeout: timeout)
    }

    private struct Child {
        var pid: pid_t
        var output: Int32
    }

    private static func spawn(_ plugin: ExecPluginConfiguration, _ environment: [String: String], interactive: Bool) throws(ExecPluginError) -> Child
    {
        var pipe: [Int32] = [-1, -1]
        guard Glibc.pipe(&pipe) == 0 else {
            throw ExecPluginError(command: plugin.command, message: "can't be started: \(SmallFile.reason(errno))")
        }
        defer { close(pipe[1]) }
        keepDescriptorsFromChildren()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if !interactive { posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) }
        posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigfillset(&defaults)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        var mask = sigset_t()
        sigemptyset(&mask)
        posix_spawnattr_setsigmask(&attributes, &mask)
        var flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        // A group of its own lets a time-out end its children too; a group apart from the terminal's couldn't ask questions there.
        if !interactive { flags |= POSIX_SPAWN_SETPGROUP }
        posix_spawnattr_setflags(&attributes, Int16(flags))
        posix_spawnattr_setpgroup(&attributes, 0)

        var arguments = ([plugin.command] + plugin.arguments).map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        var pid: pid_t = 0
        let failure = posix_spawnp(&pid, plugin.command, &actions, &attributes, &arguments, &variables)
        guard failure == 0 else {
            close(pipe[0])
            let hint = plugin.installHint.isEmpty ? "" : "\n\(plugin.installHint)"
            throw ExecPluginError(command: plugin.command, message: "can't be started: \(SmallFile.reason(failure))\(hint)")
        }
        return Child(pid: pid, output: pipe[0])
    }

    /// Marks every open descriptor close-on-exec: a plug-in, or what it leaves running, must not hold our sockets.
    private static func keepDescriptorsFromChildren() {
        guard let folder = opendir("/proc/self/fd") else { return }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if let descriptor = Int32(name), descriptor > STDERR_FILENO { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        }
    }

    private static func collect(
        _ child: Child, _ plugin: ExecPluginConfiguration, interactive: Bool, timeout: Swift.Duration
    ) throws(ExecPluginError) -> [UInt8] {
        let deadline = ContinuousClock.now + timeout
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        var status: Int32 = 0
        var exited = false
        var open = true
        func stop(_ message: String) -> ExecPluginError {
            if !exited {
                kill(interactive ? child.pid : -child.pid, SIGKILL)
                while waitpid(child.pid, &status, 0) < 0, errno == EINTR {}
            }
            return ExecPluginError(command: plugin.command, message: message)
        }
        // A grandchild may hold the pipe open after the plug-in's exit, so both are watched: the pipe by poll, the process every 20 ms.
        while open || !exited {
            if ContinuousClock.now >= deadline { throw stop("didn't finish within \(timeout.components.seconds) s") }
            var descriptor = pollfd(fd: open ? child.output : -1, events: Int16(POLLIN), revents: 0)
            let ready = poll(&descriptor, 1, 20)
            if ready > 0 {
                let count = Glibc.read(child.output, &buffer, buffer.count)
                if count > 0 {
                    output += buffer[..<count]
                    if output.count > outputLimit { throw stop("printed more than \(outputLimit >> 20) MiB") }
                } else if count == 0 || errno != EINTR {
                    open = false
                }
            } else if exited {
                open = false
            }
            if !exited, waitpid(child.pid, &status, WNOHANG) == child.pid { exited = true }
        }
        let signal = status & 0x7F
        if signal != 0 { throw stop("was ended by signal \(signal)") }
        let code = status >> 8 & 0xFF
        if code != 0 { throw stop("exited with \(code) (its own words are on standard error)") }
        return output
    }
}
