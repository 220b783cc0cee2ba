import Glibc

extension TimeZoneRules {
    private static let largestFile = 1 << 20

    /// Reads a zone of the system's time zone database. This is the one place of the pure targets that touches files: the zones of FoundationEssentials
    /// are missing from static binaries.
    ///
    /// An unknown zone is an error, never UTC.
    package static func load(_ identifier: String, from directory: String = "/usr/share/zoneinfo") throws(TimeZoneError) -> TimeZoneRules {
        func error(_ message: String) -> TimeZoneError { TimeZoneError(identifier: identifier, message: message) }
        guard isName(identifier) else { throw error("no name of a time zone; use an IANA name such as Europe/Oslo, or UTC") }
        let path = "\(directory)/\(identifier)"
        guard let bytes = contents(path) else {
            guard access(directory, F_OK) == 0 else { throw error("there is no \(directory) to look it up in; install the package tzdata") }
            throw error("unknown: \(path) can't be read; use an IANA name such as Europe/Oslo (upper and lower case matter), or UTC")
        }
        do {
            return try TimeZoneRules(identifier: identifier, tzif: bytes)
        } catch let problem {
            throw error("\(path) is of no use: \(problem.message)")
        }
    }

    /// Words joined by slashes: no dots, so no way out of the directory, and none of the database's tables.
    private static func isName(_ identifier: String) -> Bool {
        let words = identifier.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return identifier.utf8.count < 128
            && words.allSatisfy { word in
                !word.isEmpty
                    && word.allSatisfy { byte in
                        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                            || "_+-".utf8.contains(byte)
                    }
            }
    }

    /// A regular file's bytes.
    private static func contents(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= largestFile else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                read(file, buffer.baseAddress.map { $0 + count }, buffer.count - count)
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return nil }
            count += got
        }
        return bytes
    }
}
