/// Cuts a stream of bytes into lines, wherever the chunks' borders fall. Pure.
///
/// Lines come without their newline (and without a carriage return before it); empty ones are left out.
package struct LineSplitter: Sendable {
    package struct LineTooLong: Error, Sendable, Hashable {
        package let limit: Int
    }

    /// An object is at most 1.5 MiB in etcd, but aggregated API servers have no such bound.
    package static let defaultLimit = 32 << 20

    private let limit: Int
    private var partial: [UInt8] = []

    package init(limit: Int = LineSplitter.defaultLimit) { self.limit = limit }

    /// The lines that `chunk` completes. After a throw the splitter is of no use any more.
    package mutating func push(_ chunk: [UInt8]) throws(LineTooLong) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var rest = chunk[...]
        while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let tail = rest[..<newline]
            rest = rest[(newline + 1)...]
            guard partial.count + tail.count <= limit else { throw LineTooLong(limit: limit) }
            if partial.isEmpty {
                Self.add(Array(tail), to: &lines)
            } else {
                partial += tail
                Self.add(partial, to: &lines)
                partial = []
            }
        }
        guard partial.count + rest.count <= limit else { throw LineTooLong(limit: limit) }
        partial += rest
        return lines
    }

    /// What came after the last newline, at the stream's end; nil when nothing did.
    package mutating func finish() -> [UInt8]? {
        var lines: [[UInt8]] = []
        Self.add(partial, to: &lines)
        partial = []
        return lines.first
    }

    private static func add(_ line: [UInt8], to lines: inout [[UInt8]]) {
        var line = line
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        if !line.isEmpty { lines.append(line) }
    }
}
