import KubeModel
import Testing
import Values

struct StringPairsTests {
    @Test(arguments: 1...20)
    func behavesAsADictionaryDoes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var pairs = StringPairs()
        var model: [String: String] = [:]
        for step in 0..<200 {
            let key = "k\(Int.random(in: 0..<12, using: &random))"
            let value = Bool.random(using: &random) ? "v\(step)" : nil
            pairs[key] = value
            model[key] = value
            #expect(pairs[key] == value, "seed \(seed)")
        }
        #expect(pairs.keys == model.keys.sorted(), "seed \(seed)")
        #expect(pairs.allSatisfy { model[$0.key] == $0.value }, "seed \(seed)")
        #expect(StringPairs(json: pairs.json) == pairs, "seed \(seed)")
    }

    @Test func equalWhateverTheOrder() {
        #expect(StringPairs([("b", "2"), ("a", "1")]) == ["a": "1", "b": "2"])
        #expect(StringPairs([("a", "0"), ("a", "1")]) == ["a": "1"])
        #expect(StringPairs([("b", "2"), ("a", "1")]).json.text() == #"{"a":"1","b":"2"}"#)
    }

    @Test func readsOnlyStrings() {
        #expect(StringPairs(json: ["a": "1", "b": 2, "c": nil]) == ["a": "1"])
        #expect(StringPairs(json: "text").isEmpty)
        #expect(StringPairs(json: nil).isEmpty)
    }
}
