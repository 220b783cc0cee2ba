import Glibc
import KubeClient
import KubeModel
import KubeRuntime
import Logging
import TestSupport
import Testing

@testable import ServiceLevelsController

/// Files have no API server to refuse a former leader's writes: the output asks itself.
struct FencedDirectoryTests {
    @Test func aFormerLeaderChangesNoFile() async throws {
        let scratch = try ScratchDirectory("plimsoll-fenced")
        let key = ObjectKey(namespace: "shop", name: "checkout")
        let directory = RuleDirectory(path: scratch.path, instance: "main")
        #expect(try await directory.write("groups: [] # of the leader", for: key))
        let closed = RuleDirectory(path: scratch.path, instance: "main", fence: WriteFence { nil })
        let output = DirectoryOutput(directory: closed, reloads: ReloadCoalescer(timeline: Timeline(), logger: Logger(label: "test")) {})
        await #expect(throws: KubeError.self) { try await closed.write("groups: [] # of a former leader", for: key) }
        await #expect(throws: KubeError.self) { try await output.remove(key) }
        await #expect(throws: KubeError.self) { try await output.sweep(keeping: { [] }) }
        #expect(try await !directory.write("groups: [] # of the leader", for: key), "it is still there as it was")
        let open = DirectoryOutput(
            directory: RuleDirectory(path: scratch.path, instance: "main", fence: WriteFence { .seconds(1) }),
            reloads: ReloadCoalescer(timeline: Timeline(), logger: Logger(label: "test")) {})
        try await open.sweep(keeping: { [] })
        #expect(try await directory.write("groups: [] # of the leader", for: key), "the sweep took it out")
    }
}
