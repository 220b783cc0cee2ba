import FoundationEssentials
import Glibc

/// A temporary folder that is removed, with what is in it, when the value is let go.
package final class ScratchDirectory: Sendable {
    package let path: String

    package init(_ prefix: String = "plimsoll-test") throws(ChildProcess.SpawnError) {
        var template = Array("/tmp/\(prefix).XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw .init(description: "cannot make a temporary folder: \(String(cString: strerror(errno)))") }
        path = template.withUnsafeBufferPointer { buffer in
            String(decoding: buffer.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    package func file(_ name: String) -> String { "\(path)/\(name)" }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
