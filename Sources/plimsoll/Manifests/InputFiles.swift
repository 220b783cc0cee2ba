import FoundationEssentials
import Glibc

/// A file that was read, or the standard input.
struct InputFile {
    let name: String
    let bytes: [UInt8]
}

/// Reads one file at a time, by descriptor.
enum FileReading {
    /// Larger than any manifest; a bound so that a wrong path can't eat the memory.
    private static let limit = 64 << 20

    /// Why a file was not read, in words.
    struct Failure: Error {
        let message: String
    }

    static func file(_ path: String) throws(Failure) -> InputFile {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        return InputFile(name: path, bytes: try contents(descriptor: descriptor, name: path))
    }

    static func standardInput() throws(Failure) -> InputFile {
        InputFile(name: "<stdin>", bytes: try contents(descriptor: 0, name: "<stdin>"))
    }

    static func failure(_ path: String) -> Failure { Failure(message: "\(path): cannot be read: \(String(cString: strerror(errno)))") }

    private static func contents(descriptor: Int32, name: String) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw failure(name)
            }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= limit else { throw Failure(message: "\(name): is larger than \(limit >> 20) MiB, which no manifest is") }
        }
    }
}

/// The YAML and JSON files that a command was given, each read once, and why others were not.
struct InputFiles {
    /// In order: a directory stands for its *.yaml, *.yml and *.json files, at any depth, sorted; `-` for stdin.
    private(set) var files: [InputFile] = []
    private(set) var problems: [String] = []
    /// What the command was given, with the names of the files it stands for; those that were read for an earlier one too.
    private(set) var arguments: [(path: String, files: [String])] = []

    private let excluded: [String]
    /// By device and inode, so that a link is the file it leads to.
    private var read: [Identity: String] = [:]
    private var hasReadStandardInput = false

    private struct Identity: Hashable {
        let device: dev_t
        let inode: ino_t
    }

    /// - Parameter excluded: paths, or patterns with `*`, of what is passed over; relative to the directory given, or with it.
    init(_ paths: [String], excluding excluded: [String] = []) {
        self.excluded = excluded.map { $0.count > 1 && $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        for path in paths {
            arguments.append((path, []))
            do throws(FileReading.Failure) {
                try add(path)
            } catch {
                problems.append(error.message)
            }
        }
    }

    private mutating func add(_ path: String) throws(FileReading.Failure) {
        if path == "-" {
            arguments[arguments.count - 1].files.append("<stdin>")
            guard !hasReadStandardInput else { return }
            hasReadStandardInput = true
            files.append(try FileReading.standardInput())
            return
        }
        var information = stat()
        guard stat(path, &information) == 0 else { throw FileReading.failure(path) }
        guard information.st_mode & S_IFMT == S_IFDIR else {
            // A pipe is good here: the shell's <(helm template ...) is one.
            if !isExcluded(path, path) { try readOnce(path, information) }
            return
        }
        let base = path.hasSuffix("/") ? path : "\(path)/"
        var found: [String] = []
        walk(base, "", &found)
        for name in found.sorted() {
            let file = base + name
            do throws(FileReading.Failure) {
                guard stat(file, &information) == 0 else { throw FileReading.failure(file) }
                // A pipe would wait for a writer that never comes.
                if information.st_mode & S_IFMT == S_IFREG { try readOnce(file, information) }
            } catch {
                problems.append(error.message)
            }
        }
    }

    /// The manifests below a directory, by relative name. Links to directories are not followed: they may lead in circles.
    private mutating func walk(_ base: String, _ folder: String, _ found: inout [String]) {
        let path = base + folder
        // For the reason in the system's words.
        guard let stream = opendir(path) else {
            problems.append(FileReading.failure(path).message)
            return
        }
        closedir(stream)
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            problems.append("\(path): the directory cannot be read")
            return
        }
        // Hidden folders hold no manifests (.git, .github).
        for name in names where !name.hasPrefix(".") {
            let relative = folder + name
            guard !isExcluded(relative, base + relative) else { continue }
            var information = stat()
            guard lstat(base + relative, &information) == 0 else { continue }
            if information.st_mode & S_IFMT == S_IFDIR {
                walk(base, relative + "/", &found)
            } else if [".yaml", ".yml", ".json"].contains(where: name.hasSuffix), !Self.isNoManifest(name) {
                found.append(relative)
            }
        }
    }

    /// Files of kustomize and Helm that stand beside manifests and hold no object.
    private static func isNoManifest(_ name: String) -> Bool {
        ["kustomization.yaml", "kustomization.yml", "Chart.yaml", "values.schema.json"].contains(name)
            || ["values.yaml", "values-*.yaml", "values.*.yaml"].contains { (pattern: String) in fnmatch(pattern, name, 0) == 0 }
    }

    private mutating func readOnce(_ path: String, _ information: stat) throws(FileReading.Failure) {
        let identity = Identity(device: information.st_dev, inode: information.st_ino)
        let isFile = information.st_mode & S_IFMT == S_IFREG
        if isFile, let earlier = read[identity] {
            arguments[arguments.count - 1].files.append(earlier)
            return
        }
        if isFile { read[identity] = path }
        arguments[arguments.count - 1].files.append(path)
        files.append(try FileReading.file(path))
    }

    private func isExcluded(_ relative: String, _ whole: String) -> Bool {
        excluded.contains { pattern in
            [relative, whole].contains { name in
                name == pattern || name.hasPrefix(pattern + "/") || fnmatch(pattern, name, 0) == 0
            }
        }
    }
}
