import Glibc
import KubeClient
import KubeModel
import ServiceLevels

/// A directory of rule files that a Prometheus loads: one file an SLO, replaced whole, so that a reader never sees half of one.
///
/// File names begin with `plimsoll_<instance>_`. No instance's name holds an underscore, so instances that share a directory touch only their
/// own files.
actor RuleDirectory {
    /// A file operation that the system refused.
    struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ action: String, _ path: String) { description = "cannot \(action) \(path): \(String(cString: strerror(errno)))" }
    }

    private let executor = DiskExecutor()
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    let path: String
    private let instance: String
    /// Asked right before each change that a reader sees.
    private let fence: WriteFence?
    private var prefix: String { "plimsoll_\(instance)_" }

    init(path: String, instance: String, fence: WriteFence? = nil) {
        self.path = path
        self.instance = instance
        self.fence = fence
    }

    nonisolated private func fileName(for key: ObjectKey) -> String { RuleObjects.fileName(instance: instance, key: key) }

    /// Makes the object's file hold `text`.
    /// - Returns: whether anything changed on disk.
    func write(_ text: String, for key: ObjectKey) throws -> Bool { try write(text, to: fileName(for: key)) }

    /// Makes a file of the directory hold `text`.
    /// - Returns: whether anything changed on disk.
    func write(_ text: String, to name: String) throws -> Bool {
        let target = "\(path)/\(name)"
        let bytes = Array(text.utf8)
        if contents(of: target) == bytes { return false }
        // The dot keeps Prometheus's glob from loading the unfinished file.
        let unfinished = "\(path)/.\(name).new"
        let descriptor = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Failure("create", unfinished) }
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: offset), bytes.count - offset) }
            guard count > 0 else {
                if count < 0, errno == EINTR { continue }
                let failure = Failure("write", unfinished)
                close(descriptor)
                throw discard(unfinished, failure)
            }
            offset += count
        }
        guard close(descriptor) == 0 else { throw discard(unfinished, Failure("write", unfinished)) }
        do { try fence?.check() } catch {
            unlink(unfinished)
            throw error
        }
        guard rename(unfinished, target) == 0 else { throw discard(unfinished, Failure("replace", target)) }
        return true
    }

    private func discard(_ unfinished: String, _ failure: Failure) -> Failure {
        unlink(unfinished)
        return failure
    }

    /// Removes the object's file.
    /// - Returns: whether there was one.
    func remove(_ key: ObjectKey) throws -> Bool { try remove(fileName(for: key)) }

    /// Removes a file of the directory.
    /// - Returns: whether there was one.
    func remove(_ name: String) throws -> Bool {
        try fence?.check()
        let target = "\(path)/\(name)"
        if unlink(target) == 0 { return true }
        if errno == ENOENT { return false }
        throw Failure("remove", target)
    }

    /// The text of an object's file; nil when there is none.
    func text(of key: ObjectKey) -> String? { contents(of: "\(path)/\(fileName(for: key))").map { String(decoding: $0, as: UTF8.self) } }

    /// The texts of this instance's rule files, by name.
    func texts() throws -> [String: String] {
        var texts: [String: String] = [:]
        for name in try names() where name.hasPrefix(prefix) {
            if let bytes = contents(of: "\(path)/\(name)") { texts[name] = String(decoding: bytes, as: UTF8.self) }
        }
        return texts
    }

    /// Names of all files.
    func names() throws -> [String] {
        guard let folder = opendir(path) else { throw Failure("read", path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            names.append(name)
        }
        return names
    }

    /// Removes this instance's files of all other objects, and leftovers of an interrupted write. What SLOs share is left.
    /// - Returns: whether a rule file was removed.
    func sweep(keeping keys: @Sendable () -> Set<ObjectKey>) throws -> Bool {
        let names = try names()
        let kept = Set(keys().map(fileName))
        var removed = false
        for name in names {
            if name.hasPrefix(".\(prefix)") || name.hasPrefix(prefix) { try fence?.check() }
            if name.hasPrefix(".\(prefix)") { unlink("\(path)/\(name)") }
            guard name.hasPrefix(prefix), FleetPart.Name(file: name) == nil, !kept.contains(name) else { continue }
            guard unlink("\(path)/\(name)") == 0 || errno == ENOENT else { throw Failure("remove", "\(path)/\(name)") }
            removed = true
        }
        return removed
    }

    private func contents(of file: String) -> [UInt8]? {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                return nil
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
        }
    }
}
