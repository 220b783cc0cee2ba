import FoundationEssentials
import Glibc

/// Writes what a command makes.
enum OutputFiles {
    /// Makes the file `name` in `folder` hold `text`, whole or not at all; the folder is made where it is missing.
    ///
    /// A name that could lead elsewhere is refused, whatever was checked before.
    static func write(_ text: String, to name: String, in folder: String) throws(CommandFailure) {
        guard !name.isEmpty, !name.hasPrefix("."), !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0) else {
            throw .input("cannot write a file named \"\(name)\": a file name begins with no '.' and holds no '/'")
        }
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .world("cannot make the directory \(folder): \(reason(of: error))")
        }
        do {
            try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"), options: .atomic)
        } catch {
            throw .world("cannot write \(folder)/\(name): \(reason(of: error))")
        }
    }

    /// The system's words for what went wrong, not Foundation's dump of it.
    private static func reason(of error: any Error) -> String {
        guard let error = error as? CocoaError else { return "\(error)" }
        if let cause = error.underlying as? POSIXError { return String(cString: strerror(cause.code.rawValue)) }
        return switch error.code {
        case .fileWriteNoPermission: "Permission denied"
        case .fileWriteOutOfSpace: "No space left on device"
        case .fileWriteVolumeReadOnly: "Read-only file system"
        case .fileWriteFileExists: "a file of that name is in the way"
        case .fileNoSuchFile, .fileReadNoSuchFile: "No such file or directory"
        default: "the system refused it (error \(error.code.rawValue))"
        }
    }
}
