import Testing
import Values

@Suite struct PathTests {
    @Test(arguments: [
        (FieldPath(.key("spec"), .key("alerting"), .key("tiers"), .index(0), .key("burnRate")), "spec.alerting.tiers[0].burnRate"),
        (FieldPath(.key("metadata"), .key("annotations"), .key("plimsoll.dev/do")), "metadata.annotations[plimsoll.dev/do]"),
        (FieldPath(.index(3), .index(4)), "[3][4]"), (.root, "."), (FieldPath(.key("x-kubernetes-map"), .key("0a")), "x-kubernetes-map[0a]"),
    ])
    func text(path: FieldPath, text: String) {
        #expect(path.description == text)
        #expect(FieldPath(stringLiteral: text) == path)
    }

    @Test func appending() {
        let path: FieldPath = "spec.tiers"
        #expect(path.appending(2).appending("long").description == "spec.tiers[2].long")
        #expect(FieldPath.root.appending("a") == "a")
    }

    @Test func position() {
        #expect(SourcePosition(file: "a.yaml", line: 3, column: 7).description == "a.yaml:3:7")
    }
}
