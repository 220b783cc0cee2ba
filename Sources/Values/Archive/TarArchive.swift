/// A tar archive in the making (POSIX ustar): plain files, one folder deep or more. Pure.
package struct TarArchive: Sendable {
    private static let block = 512

    /// The archive so far, without its end.
    private var body: [UInt8] = []
    private let modified: Instant

    /// - Parameter modified: every file's time.
    package init(modified: Instant) { self.modified = modified }

    /// Adds a file that its owner may read and write. False, and nothing added: the name can't be stored (longer than 255 bytes, or no place to part
    /// it), is absolute, or leads upwards.
    @discardableResult
    package mutating func add(_ name: String, _ contents: [UInt8]) -> Bool {
        guard let (prefix, rest) = Self.parted(name), contents.count < 1 << 33 else { return false }
        var header = [UInt8](repeating: 0, count: Self.block)
        func put(_ text: String, at offset: Int) {
            for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
        }
        func octal(_ value: Int64, _ width: Int) -> String {
            let digits = String(max(0, value), radix: 8)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
        put(rest, at: 0)
        put(octal(0o600, 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        put(octal(Int64(contents.count), 11), at: 124)
        put(octal(min(modified.wholeSeconds, 0o77_777_777_777), 11), at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        put(prefix, at: 345)
        put(octal(header.reduce(0) { $0 + Int64($1) }, 6), at: 148)
        // Six digits, a zero byte, and the blank that stands there.
        header[154] = 0
        body += header
        body += contents
        body += [UInt8](repeating: 0, count: (Self.block - contents.count % Self.block) % Self.block)
        return true
    }

    /// The whole archive: what was added, and the two empty blocks that end it.
    package var bytes: [UInt8] { body + [UInt8](repeating: 0, count: 2 * Self.block) }

    /// The name in ustar's two fields: up to 155 bytes and up to 100, parted at a slash.
    private static func parted(_ name: String) -> (prefix: String, rest: String)? {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !name.utf8.contains(0), parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else { return nil }
        if name.utf8.count <= 100 { return ("", name) }
        for count in 1..<max(parts.count, 1) {
            let (prefix, rest) = (parts[..<count].joined(separator: "/"), parts[count...].joined(separator: "/"))
            if prefix.utf8.count <= 155, rest.utf8.count <= 100, !rest.isEmpty { return (prefix, rest) }
        }
        return nil
    }
}
