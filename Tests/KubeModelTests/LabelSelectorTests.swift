import KubeModel
import Testing
import Values

struct LabelSelectorTests {
    static let frontend: StringPairs = ["environment": "production", "tier": "frontend"]
    static let backend: StringPairs = ["environment": "qa", "tier": "backend"]
    static let bare: StringPairs = [:]

    /// The cases of Kubernetes' page on labels and selectors; whether each matches frontend, backend and no labels at all.
    @Test(arguments: [
        ("", true, true, true),
        ("environment=production", true, false, false),
        ("environment==production", true, false, false),
        ("tier!=frontend", false, true, true),
        ("environment=production,tier!=frontend", false, false, false),
        ("environment in (production, qa)", true, true, false),
        ("tier notin (frontend, backend)", false, false, true),
        ("partition", false, false, false),
        ("!partition", true, true, true),
        ("environment,environment notin (frontend)", true, true, false),
        ("environment in (production),tier in (frontend)", true, false, false),
        ("environment = production , tier = frontend", true, false, false),
        ("environment=production,environment=qa", false, false, false),
        ("environment=", false, false, false),
        ("! environment", false, false, true),
        ("a.b/c-d_e notin ()", true, true, true),
    ])
    func documentedCases(text: String, first: Bool, second: Bool, third: Bool) throws {
        let selector = try LabelSelector.parse(text)
        #expect(selector.matches(Self.frontend) == first)
        #expect(selector.matches(Self.backend) == second)
        #expect(selector.matches(Self.bare) == third)
        let again = try LabelSelector.parse(selector.text)
        #expect(again.text == selector.text)
        #expect(again.matches(Self.frontend) == first)
        #expect(again.matches(Self.bare) == third)
    }

    @Test(arguments: [
        ("a b", 2), ("a=b c", 4), ("=b", 0), (",a", 0), ("a,", 2), ("a in b", 5), ("a in (b", 7), ("a in (b c)", 8), ("a/b/c", 0), ("/b", 0),
        ("-a", 0),
        ("a=-b", 2), ("a>1", 1), ("a notin", 7), ("!", 1), ("a=\u{E9}", 2),
    ])
    func refused(text: String, offset: Int) {
        let error = #expect(throws: LabelSelectorError.self) { try LabelSelector.parse(text) }
        #expect(error?.offset == offset, "\(error?.description ?? "")")
    }

    @Test func keysAndValuesAreBounded() {
        let long = String(repeating: "x", count: 63)
        #expect(throws: Never.self) { try LabelSelector.parse("\(long)=\(long)") }
        #expect(throws: LabelSelectorError.self) { try LabelSelector.parse("\(long)x") }
        #expect(throws: LabelSelectorError.self) { try LabelSelector.parse("a=\(long)x") }
    }

    @Test func fromAnObject() throws {
        let json = try JSON(
            parsing: """
                {"matchLabels":{"component":"redis"},"matchExpressions":[{"key":"tier","operator":"In","values":["cache"]},
                 {"key":"environment","operator":"NotIn","values":["dev"]},{"key":"a","operator":"Exists"},{"key":"b","operator":"DoesNotExist","values":[]}]}
                """)
        let selector = try #require(LabelSelector(json: json))
        #expect(selector.text == "component=redis,tier in (cache),environment notin (dev),a,!b")
        #expect(selector.matches(["component": "redis", "tier": "cache", "a": ""]))
        #expect(!selector.matches(["component": "redis", "tier": "cache", "a": "", "environment": "dev"]))
        #expect(try #require(LabelSelector(json: [:])).isEmpty)
    }

    @Test(arguments: [
        #"{"matchExpressions":[{"key":"a","operator":"Near"}]}"#, #"{"matchExpressions":[{"key":"a","operator":"In","values":[]}]}"#,
        #"{"matchExpressions":[{"key":"a","operator":"Exists","values":["b"]}]}"#, #"{"matchExpressions":[{"operator":"Exists"}]}"#,
    ])
    func wrongObjectsSelectNothing(text: String) throws {
        #expect(LabelSelector(json: try JSON(parsing: text)) == nil)
    }
}
