import Glibc

/// The standard `process_*` metrics, read from /proc at scrape time.
package enum ProcessMetrics {
    /// What `/proc/<pid>/stat` says, in clock ticks and bytes.
    struct Stat: Equatable {
        var userTicks: UInt64
        var systemTicks: UInt64
        var threads: UInt64
        /// Ticks from boot to the process's start.
        var startTicks: UInt64
        var virtualBytes: UInt64
        var residentPages: UInt64

        /// The second field, the command's name in parentheses, may itself hold blanks and parentheses: count from the last one.
        init?(_ text: String) {
            guard let end = text.lastIndex(of: ")") else { return nil }
            let fields = text[text.index(after: end)...].split(whereSeparator: { $0 == " " || $0 == "\n" })
            guard fields.count >= 22 else { return nil }
            // fields[0] is proc(5)'s field 3.
            func field(_ number: Int) -> UInt64? { UInt64(fields[number - 3]) }
            guard let user = field(14), let system = field(15), let threads = field(20), let start = field(22), let size = field(23),
                let resident = field(24)
            else { return nil }
            self.init(
                userTicks: user, systemTicks: system, threads: threads, startTicks: start, virtualBytes: size, residentPages: resident)
        }

        init(userTicks: UInt64, systemTicks: UInt64, threads: UInt64, startTicks: UInt64, virtualBytes: UInt64, residentPages: UInt64) {
            self.userTicks = userTicks
            self.systemTicks = systemTicks
            self.threads = threads
            self.startTicks = startTicks
            self.virtualBytes = virtualBytes
            self.residentPages = residentPages
        }
    }

    /// The metrics as families; what /proc doesn't tell is left out.
    package static func families() -> [MetricFamily] {
        var out: [MetricFamily] = []
        func add(_ name: String, _ help: String, kind: MetricFamily.Kind = .gauge, _ value: Double?) {
            if let value { out.append(.init(name: name, help: help, kind: kind, samples: [.init([], value)])) }
        }
        let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        let stat = read("/proc/self/stat").flatMap(Stat.init)
        add(
            "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", kind: .counter,
            stat.map { Double($0.userTicks + $0.systemTicks) / ticks })
        add(
            "process_resident_memory_bytes", "Resident memory size in bytes.",
            stat.map { Double($0.residentPages) * Double(sysconf(Int32(_SC_PAGESIZE))) })
        add("process_virtual_memory_bytes", "Virtual memory size in bytes.", stat.map { Double($0.virtualBytes) })
        add("process_threads", "Number of operating system threads.", stat.map { Double($0.threads) })
        add("process_open_fds", "Number of open file descriptors.", openDescriptors().map(Double.init))
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            add("process_max_fds", "Maximum number of open file descriptors.", Double(limit.rlim_cur))
        }
        if let stat, let boot = read("/proc/stat").flatMap(bootTime) {
            add(
                "process_start_time_seconds", "Start time of the process since the Unix epoch in seconds.",
                Double(boot) + Double(stat.startTicks) / ticks)
        }
        return out
    }

    /// The `btime` line of /proc/stat: when the machine booted, in seconds since 1970.
    static func bootTime(_ text: String) -> UInt64? {
        for line in text.split(separator: "\n") where line.hasPrefix("btime ") { return UInt64(line.dropFirst(6)) }
        return nil
    }

    private static func openDescriptors() -> Int? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Not `.`, not `..`, not the one that reads.
        return max(0, count - 3)
    }

    private static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 8192)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// `plimsoll_build_info`, whose value is always 1.
package enum BuildInfo {
    package static func family(version: String, revision: String, instance: String) -> MetricFamily {
        .init(
            name: "plimsoll_build_info", help: "The daemon's version, source revision and instance as labels; the value is 1.",
            samples: [.init([("version", version), ("revision", revision), ("instance_name", instance)], 1)])
    }
}
