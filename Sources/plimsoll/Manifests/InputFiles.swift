import FoundationEssentials
import Glibc

/// A file that was read, or the standard input.
struct InputFile {
    let name: String
    let bytes: [UInt8]
}

/// Finds and reads the YAML and JSON files that a command was given.
enum InputFiles {
    /// Larger than any manifest; a bound so that a wrong path can't eat the memory.
    private static let limit = 64 << 20

    /// The files of `paths` in order: a directory stands for its *.yaml, *.yml and *.json files, at any depth, sorted; `-` for stdin.
    static func read(_ paths: [String]) throws(CommandFailure) -> [InputFile] {
        var files: [InputFile] = []
        for path in paths {
            if path == "-" {
                files.append(InputFile(name: "<stdin>", bytes: try contents(descriptor: 0, name: "<stdin>")))
                continue
            }
            var information = stat()
            guard stat(path, &information) == 0 else { throw .input("cannot read \(path): \(String(cString: strerror(errno)))") }
            if information.st_mode & S_IFMT == S_IFDIR {
                for name in try manifests(below: path) { files.append(try file(name)) }
            } else {
                files.append(try file(path))
            }
        }
        return files
    }

    static func file(_ path: String) throws(CommandFailure) -> InputFile {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .input("cannot read \(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        return InputFile(name: path, bytes: try contents(descriptor: descriptor, name: path))
    }

    private static func manifests(below folder: String) throws(CommandFailure) -> [String] {
        let names: [String]
        do {
            names = try FileManager.default.subpathsOfDirectory(atPath: folder)
        } catch {
            throw .input("cannot read the directory \(folder): \(error)")
        }
        let manifests = names.filter { name in
            // Hidden folders hold no manifests (.git, .github).
            !name.split(separator: "/").contains { $0.hasPrefix(".") } && [".yaml", ".yml", ".json"].contains(where: name.hasSuffix)
        }
        let base = folder.hasSuffix("/") ? folder : "\(folder)/"
        return manifests.sorted().map { base + $0 }
    }

    private static func contents(descriptor: Int32, name: String) throws(CommandFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw .input("cannot read \(name): \(String(cString: strerror(errno)))")
            }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= limit else { throw .input("\(name) is larger than \(limit >> 20) MiB") }
        }
    }
}
