import KubeRuntime
import Synchronization

/// What parts of a manager did, in order.
final class Diary: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }

    /// A part that notes its start and its end.
    func part(_ name: String) -> ManagedPart {
        ManagedPart(name) { [self] in
            add("+\(name)")
            try? await Task.sleep(for: .seconds(3_600))
            add("-\(name)")
        }
    }
}

struct DiaryCache: CacheService {
    let name: String
    let diary: Diary
    let synced = Latch()
    var hasSynced: Bool { synced.isOpen }
    var trouble: String? = nil
    var objectCount: Int { 0 }
    var silence: Swift.Duration? { nil }
    var syncs = true
    func waitUntilSynced() async { await synced.wait() }
    func run() async {
        diary.add("+\(name)")
        if syncs { synced.open() }
        try? await Task.sleep(for: .seconds(3_600))
        diary.add("-\(name)")
    }
}
