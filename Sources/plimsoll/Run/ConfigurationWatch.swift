import Dispatch
import KubeRuntime
import Logging
import Serving
import Synchronization
import Values

/// Whether the configuration that is there is the one that works; what metrics tell of it.
final class ReloadStatus: Sendable {
    private struct State: Sendable {
        var isGood = true
        var lastSuccess: Instant
    }

    private let state = Mutex(State(lastSuccess: WallClock.now()))

    func succeeded() { state.withLock { $0 = State(isGood: true, lastSuccess: WallClock.now()) } }
    func failed() { state.withLock { $0.isGood = false } }

    var families: [MetricFamily] {
        let state = state.withLock { $0 }
        return [
            MetricFamily(
                name: "plimsoll_config_last_reload_successful", help: "Whether the configuration file as it stands is in use (1) or was refused (0).",
                samples: [.init([], state.isGood ? 1 : 0)]),
            MetricFamily(
                name: "plimsoll_config_last_reload_success_timestamp_seconds", help: "When a configuration was last taken into use.",
                samples: [.init([], state.lastSuccess.secondsSinceEpoch)]),
        ]
    }
}

/// Reads the configuration file again and again, until it holds another good configuration.
///
/// It compares contents: a ConfigMap is swapped by a symbolic link, and time stamps tell nothing.
struct ConfigurationWatch: Sendable {
    let path: String
    /// Reads and checks a file's contents.
    let load: @Sendable (_ file: InputFile) throws(CommandFailure) -> DaemonConfiguration
    let status: ReloadStatus
    /// Told of each refused one, once.
    let refused: @Sendable (_ problems: String) -> Void
    let logger: Logger
    var period = Swift.Duration.seconds(10)

    /// The next configuration, after `current`, which was read from `contents`; nil when the task is cancelled.
    func next(after current: DaemonConfiguration, contents: [UInt8]) async -> (configuration: DaemonConfiguration, contents: [UInt8])? {
        var seen: Result<[UInt8], FileReading.Failure> = .success(contents)
        while (try? await Task.sleep(for: period)) != nil {
            let read = await Self.read(path)
            switch (seen, read) {
            case (.success(let before), .success(let now)) where before == now.bytes: continue
            case (.failure(let before), .failure(let now)) where before.message == now.message: continue
            default: seen = read.map(\.bytes)
            }
            do throws(CommandFailure) {
                let file: InputFile
                do throws(FileReading.Failure) { file = try read.get() } catch { throw .input(error.message) }
                let configuration = try load(file)
                status.succeeded()
                if configuration != current { return (configuration, file.bytes) }
                logger.info("the configuration file says the same as before", metadata: ["file": "\(path)"])
            } catch {
                status.failed()
                logger.error(
                    "the configuration file is refused; the old configuration stays", metadata: ["file": "\(path)", "problems": "\(error.message)"])
                refused(error.message)
            }
        }
        return nil
    }

    /// On a thread of its own: a mounted folder may hang.
    private static func read(_ path: String) async -> Result<InputFile, FileReading.Failure> {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "plimsoll.configuration").async {
                continuation.resume(returning: Result { () throws(FileReading.Failure) in try FileReading.file(path) })
            }
        }
    }
}
