import Glibc
import KubeModel
import TestSupport
import Testing

@testable import ServiceLevelsController

struct RuleDirectoryTests {
    private let scratch: ScratchDirectory
    private let key = ObjectKey(namespace: "shop", name: "checkout")

    init() throws { scratch = try ScratchDirectory("plimsoll-rules") }

    private func directory(_ instance: String = "main") -> RuleDirectory { RuleDirectory(path: scratch.path, instance: instance) }

    private func names() throws -> [String] {
        let folder = try #require(opendir(scratch.path))
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Inode and modification time: they move when a file is replaced or written.
    private func identity(_ name: String) throws -> [Int] {
        var info = stat()
        try #require(stat(scratch.file(name), &info) == 0)
        return [Int(info.st_ino), info.st_mtim.tv_sec, info.st_mtim.tv_nsec]
    }

    @Test func aChangeReplacesTheFileWhole() async throws {
        #expect(try await directory().write("groups: [] # 1", for: key))
        let names = try names()
        let name = try #require(names.first)
        #expect(names.count == 1)
        #expect(name.hasPrefix("plimsoll_main_") && name.hasSuffix(".yaml"))
        let reader = try #require(fopen(scratch.file(name), "r"))
        defer { fclose(reader) }

        #expect(try await directory().write("groups: [] # 2, longer", for: key))
        #expect(try readFile(scratch.file(name)) == "groups: [] # 2, longer")
        #expect(try self.names() == [name], "no unfinished file is left")
        // Whoever had the old file open reads the old text to its end.
        var buffer = [UInt8](repeating: 0, count: 100)
        let count = fread(&buffer, 1, buffer.count, reader)
        #expect(String(decoding: buffer[..<count], as: UTF8.self) == "groups: [] # 1")
    }

    @Test func equalTextIsNotWritten() async throws {
        #expect(try await directory().write("same", for: key))
        let name = try #require(try names().first)
        let before = try identity(name)
        #expect(try await !directory().write("same", for: key))
        #expect(try identity(name) == before)
    }

    @Test func aMeddledFileIsPutBack() async throws {
        #expect(try await directory().write("ours", for: key))
        try writeFile(scratch.file(try #require(try names().first)), "theirs")
        #expect(try await directory().write("ours", for: key))
        #expect(try readFile(scratch.file(try #require(try names().first))) == "ours")
    }

    @Test func removalSaysWhetherThereWasOne() async throws {
        #expect(try await !directory().remove(key))
        #expect(try await directory().write("text", for: key))
        #expect(try await directory().remove(key))
        #expect(try names() == [])
    }

    @Test func objectsOfTwoNamespacesHaveTheirOwnFiles() async throws {
        #expect(try await directory().write("a", for: ObjectKey(namespace: "a", name: "b")))
        #expect(try await directory().write("b", for: ObjectKey(namespace: "b", name: "b")))
        #expect(try names().count == 2)
        #expect(try await directory().remove(ObjectKey(namespace: "a", name: "b")))
        #expect(try names().count == 1)
    }

    @Test func aSweepRemovesOnlyThisInstancesOrphansAndLeftovers() async throws {
        let gone = ObjectKey(namespace: "shop", name: "gone")
        for instance in ["main", "main-2"] {
            for key in [key, gone] { #expect(try await directory(instance).write("text", for: key)) }
        }
        let users = ["alerts.yaml", "plimsoll.yaml", "plimsoll_mainframe_a_b.yaml"]
        for name in users { try writeFile(scratch.file(name), "theirs") }
        try writeFile(scratch.file(".plimsoll_main_shop_checkout.yaml.new"), "half")
        try writeFile(scratch.file(".plimsoll_main-2_shop_checkout.yaml.new"), "half")

        let kept: @Sendable () -> Set<ObjectKey> = { [key] in [key] }
        #expect(try await directory().sweep(keeping: kept))
        let left = try names()
        #expect(
            left
                == [
                    ".plimsoll_main-2_shop_checkout.yaml.new", "alerts.yaml", "plimsoll.yaml", "plimsoll_main-2_shop_checkout.yaml",
                    "plimsoll_main-2_shop_gone.yaml", "plimsoll_main_shop_checkout.yaml", "plimsoll_mainframe_a_b.yaml",
                ])
        // A leftover alone is no reason to reload.
        try writeFile(scratch.file(".plimsoll_main_shop_checkout.yaml.new"), "half")
        #expect(try await !directory().sweep(keeping: kept))
        #expect(try names() == left)
    }

    @Test func failuresNameActionPathAndReason() async throws {
        let nothing: @Sendable () -> Set<ObjectKey> = { [] }
        let missing = RuleDirectory(path: scratch.file("missing"), instance: "main")
        await #expect { try await missing.sweep(keeping: nothing) } throws: {
            "\($0)" == "cannot read \(scratch.file("missing")): No such file or directory"
        }
        await #expect { try await missing.write("text", for: key) } throws: {
            "\($0)" == "cannot create \(scratch.file("missing"))/.plimsoll_main_shop_checkout.yaml.new: No such file or directory"
        }
        try writeFile(scratch.file("file"), "no folder")
        let file = RuleDirectory(path: scratch.file("file"), instance: "main")
        await #expect { try await file.sweep(keeping: nothing) } throws: { "\($0)" == "cannot read \(scratch.file("file")): Not a directory" }
        await #expect { try await file.remove(key) } throws: { "\($0)".hasPrefix("cannot remove ") && "\($0)".hasSuffix(": Not a directory") }
    }

    @Test func aTargetThatCannotBeReplacedLeavesNoLeftoverBehindASweep() async throws {
        // A folder where the rule file belongs: it can't be renamed onto.
        #expect(mkdir(scratch.file("plimsoll_main_shop_checkout.yaml"), 0o755) == 0)
        await #expect { try await directory().write("text", for: key) } throws: {
            "\($0)".hasPrefix("cannot replace \(scratch.path)/plimsoll_main_shop_checkout.yaml: ")
        }
        #expect(try names() == ["plimsoll_main_shop_checkout.yaml"])
    }
}
