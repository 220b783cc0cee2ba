import FoundationEssentials
import FuzzReaders
import Testing

/// The fuzzer's seeds, its minimised corpora and every input that once broke a reader, as plain tests; one after the other, as memory is measured.
@Suite(.serialized) struct CorpusTests {
    private static let folder = #filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/Corpus"

    private static func files(_ reader: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(reader)")) ?? []).sorted()
    }

    @Test(arguments: FuzzReader.all.map(\.name))
    func everyInputKeepsTheReadersPromises(name: String) throws {
        let reader = try #require(FuzzReader.all.first { $0.name == name })
        let files = Self.files(name)
        #expect(files.count >= 10, "the corpus of \(name) is in \(Self.folder)/\(name)")
        for file in files {
            let bytes = Array(try Data(contentsOf: URL(filePath: "\(Self.folder)/\(name)/\(file)")))
            if let complaint = reader.complaint(about: bytes) { Issue.record("Corpus/\(name)/\(file): \(complaint)") }
        }
    }

    /// What grows faster than its input would take hours here, or more memory than there is.
    @Test(.timeLimit(.minutes(5)), arguments: FuzzReader.all.map(\.name))
    func sizeAloneBreaksNoReader(name: String) throws {
        let reader = try #require(FuzzReader.all.first { $0.name == name })
        let inputs = HostileSizes.inputs(for: name)
        #expect(!inputs.isEmpty, "HostileSizes has nothing for \(name)")
        for input in inputs {
            let memory = try PeakMemory()
            if let complaint = reader.complaint(about: input.bytes) { Issue.record("\(name), \(input.name): \(complaint.prefix(500))") }
            let grown = try memory.growth()
            #expect(grown < 256 << 20, "\(name), \(input.name): \(grown >> 20) MiB for \(input.bytes.count >> 10) KiB")
        }
    }

    @Test func everyCorpusHasItsReader() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
        #expect(Set(folders) == Set(FuzzReader.all.map(\.name)))
    }
}
