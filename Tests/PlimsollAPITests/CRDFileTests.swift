import FoundationEssentials
import PlimsollAPI
import Testing
import Values

/// The files of Manifests/crds are what the tables say. With PLIMSOLL_REGENERATE=1 they are written instead.
struct CRDFileTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Manifests/crds").standardized

    @Test func filesAreUpToDate() throws {
        let regenerate = ProcessInfo.processInfo.environment["PLIMSOLL_REGENERATE"] == "1"
        for definition in CRDs.all() {
            let file = Self.folder.appending(path: definition.fileName)
            if regenerate { try Data(definition.yaml.utf8).write(to: file) }
            let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
            #expect(text == definition.yaml, "run: plimsoll crds -o Manifests/crds")
            #expect(try YAML.parse(text).map(\.json) == [definition.json])
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter { $0.hasSuffix(".yaml") }
        #expect(files.sorted() == CRDs.all().map(\.fileName).sorted())
    }
}
