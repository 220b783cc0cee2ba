import TestSupport
import Testing
import Values

@Suite struct TarArchiveTests {
    @Test(.enabled(if: TestEnvironment.executable("tar") != nil, "needs tar"))
    func tarReadsIt() async throws {
        let scratch = try ScratchDirectory()
        var archive = TarArchive(modified: Instant(seconds: 1_700_000_000))
        let deep = "plimsoll/" + String(repeating: "d", count: 90) + "/" + String(repeating: "n", count: 95)
        let files = [
            "plimsoll/empty": "", "plimsoll/a.txt": "hello\n", deep: String(repeating: "x", count: 512),
            "plimsoll/long": String(repeating: "y", count: 1025),
        ]
        for (name, text) in files.sorted(by: { $0.key < $1.key }) {
            let added = archive.add(name, Array(text.utf8))
            #expect(added)
        }
        #expect(archive.bytes.count.isMultiple(of: 512))
        try writeFile(scratch.file("a.tar"), String(decoding: archive.bytes, as: UTF8.self))
        let process = try ChildProcess(
            try #require(TestEnvironment.executable("tar")), ["-xvf", scratch.file("a.tar"), "-C", scratch.path], output: scratch.file("tar.log"))
        #expect(await process.wait(timeout: .seconds(10)) == .code(0))
        #expect(process.output == files.keys.sorted().map { "\($0)\n" }.joined(), "and no complaint")
        for (name, text) in files { #expect(try readFile(scratch.file(name)) == text) }
    }

    @Test(arguments: [
        "", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "a\0b", String(repeating: "x", count: 101),
        String(repeating: "x/", count: 200) + "x",
    ])
    func namesThatLeadAstrayOrDoNotFit(name: String) {
        var archive = TarArchive(modified: .epoch)
        let added = archive.add(name, [])
        #expect(!added)
        #expect(archive.bytes.count == 1024)
    }
}
