import KubeModel
import PlimsollAPI
import Values

/// An SLO is valid or has problems that name a field; a valid one is written and read back as the same; and text that is YAML tells the same as JSON.
enum SLOPromises {
    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        if let read = try? JSONReader.read(bytes, { reader in try SLO(reading: &reader) }) {
            try check(read)
            if let tree = try? JSON(parsing: bytes) { try promise(SLO(json: tree).spec == read.spec, "the spec differs between tree and reader") }
        } else {
            for document in (try? YAML.parseManifest(bytes: bytes, file: "fuzz.yaml")) ?? [] { try check(SLO(json: document.json)) }
        }
    }

    private static func check(_ slo: SLO) throws(BrokenPromise) {
        try promise((slo.spec == nil) != slo.problems.isEmpty, "an SLO is neither valid nor invalid, or both: \(slo.problems)")
        for problem in slo.problems {
            try promise(!problem.path.elements.isEmpty && !problem.message.isEmpty, "a problem without a path or a word: \(problem)")
        }
        try promise(slo.problems.summary(limit: 512).utf8.count <= 512 + 4 * 1024 + 64, "a summary without bounds")
        guard let spec = slo.spec else { return }
        var problems: [Problem] = []
        let again = SLOSpec.decode(spec.json, at: "spec", problems: &problems)
        try promise(again == spec && problems.isEmpty, "a valid spec is not read back: \(problems.summary())")
    }
}
