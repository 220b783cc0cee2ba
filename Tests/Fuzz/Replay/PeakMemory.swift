import FoundationEssentials

/// How far this process's memory grows at the most between two moments.
struct PeakMemory {
    struct Unreadable: Error {}

    private let before: Int

    /// Begins anew: the kernel forgets the peak so far.
    init() throws {
        try Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs"))
        before = try Self.bytes("VmRSS:")
    }

    /// In bytes, since the beginning.
    func growth() throws -> Int { try Self.bytes("VmHWM:") - before }

    private static func bytes(_ name: String) throws -> Int {
        let status = String(decoding: try Data(contentsOf: URL(filePath: "/proc/self/status")), as: UTF8.self)
        let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
        guard let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) }) else { throw Unreadable() }
        return kibibytes << 10
    }
}
