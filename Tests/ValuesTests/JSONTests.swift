import Testing
import Values

@Suite struct JSONTests {
    @Test(
        arguments: [
            ("null", JSON.null), (" true ", true), ("false", false), ("0", 0), ("-12", -12), ("1.50e+3", .number("1.50e+3")), ("\"\"", ""),
            (#""a\"\\\/\b\f\n\r\t\u0041é""#, "a\"\\/\u{8}\u{C}\n\r\tAé"), (#""\ud83d\ude00""#, "😀"), (#""\ud83d""#, "\u{FFFD}"),
            (#""\ude00x""#, "\u{FFFD}x"),
            (#""\ud83d\u0041""#, "\u{FFFD}A"), (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"), (#""\u0000""#, "\u{0}"), ("[]", []),
            ("[1,[2],{}]", [1, [2], [:]]),
            ("{\"a\":1,\n\t\"b\" : [ true , null ]\r}", ["a": 1, "b": [true, nil]]), (#"{"a":1,"b":2,"a":3}"#, ["a": 3, "b": 2]),
            ("\"12345678901234567890\"", "12345678901234567890"),
        ] as [(String, JSON)])
    func reads(text: String, value: JSON) throws {
        #expect(try JSON(parsing: text) == value)
    }

    @Test(arguments: [
        ("", "no JSON: the input is empty at byte 0"), (" ", "expected a value, found the end of the input at byte 1"),
        ("nul", "expected null, found 'n' at byte 0"),
        ("01", "unexpected '1' after the end of the value at byte 1"), ("1.", "expected a digit, found the end of the input at byte 2"),
        ("-", "expected a digit, found the end of the input at byte 1"), ("1e+", "expected a digit, found the end of the input at byte 3"),
        ("+1", "expected a value, found '+' at byte 0"), ("NaN", "expected a value, found 'N' at byte 0"),
        ("[1,]", "expected a value, found ']' at byte 3"),
        ("[1 2]", "expected ',' or ']', found '2' at byte 3"), ("[,1]", "expected a value, found ',' at byte 1"),
        ("{\"a\" 1}", "expected ':', found '1' at byte 5"),
        ("{\"a\":1,}", "expected a key in quotes, found '}' at byte 7"), ("{,}", "expected a key in quotes, found ',' at byte 1"),
        ("{\"a\":1", "expected ',' or '}', found the end of the input at byte 6"), ("{a:1}", "expected a key in quotes, found 'a' at byte 1"),
        ("\"abc", "the string that begins here has no end at byte 0"),
        ("\"a\nb\"", "a control character in a string must be escaped, found byte 0x0A at byte 2"),
        (#""\x""#, #"no such escape; use one of \" \\ \/ \b \f \n \r \t \u at byte 1"#),
        (#""\u12g4""#, #"\u takes four hexadecimal digits at byte 1"#),
        ("[1]]", "unexpected ']' after the end of the value at byte 3"), ("[}", "expected a value, found '}' at byte 1"),
        ("\u{FEFF}1", "expected a value, found byte 0xEF at byte 0"),
    ])
    func refuses(text: String, message: String) {
        #expect { try JSON(parsing: text) } throws: { "\($0)" == message }
        #expect(throws: JSONError.self) { try skips(Array(text.utf8)) }
    }

    @Test func refusesWhatIsNotUTF8() {
        for bytes: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82]] {
            #expect { try JSON(parsing: [0x22, 0x61] + bytes + [0x22]) } throws: { "\($0)" == "not UTF-8 at byte 2" }
            #expect { try JSON(parsing: Array(#"{""#.utf8) + bytes + Array(#"":1}"#.utf8)) } throws: { "\($0)" == "not UTF-8 at byte 2" }
            #expect(throws: JSONError.self) { try skips([0x22, 0x61] + bytes + [0x22]) }
        }
    }

    @Test func depthIsLimited() throws {
        func nested(_ depth: Int, _ open: String, _ close: String) -> String {
            String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
        }
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deepest = nested(JSONReader.maximumDepth, open, close)
            #expect(try JSON(parsing: deepest).text() == deepest)
            try skips(Array(deepest.utf8))
            #expect { try JSON(parsing: nested(129, open, close)) } throws: { "\($0)".hasPrefix("nested deeper than 128 levels") }
            #expect { try skips(Array(nested(129, open, close).utf8)) } throws: { "\($0)".hasPrefix("nested deeper than 128 levels") }
            #expect(throws: JSONError.self) { try JSON(parsing: String(repeating: open, count: 1_000_000)) }
        }
    }

    @Test func writes() throws {
        let value: JSON = ["b": [1, 2.description.isEmpty ? nil : true, []], "a/b": "\u{1}\n\"\\é", "c": [:]]
        #expect(value.text() == #"{"b":[1,true,[]],"a/b":"\u0001\n\"\\é","c":{}}"#)
        #expect(value.text(sortedKeys: true) == #"{"a/b":"\u0001\n\"\\é","b":[1,true,[]],"c":{}}"#)
        #expect(value["b"]?.text(pretty: true) == "[\n  1,\n  true,\n  []\n]")
        #expect(JSON.object(["a": ["b": 1]]).text(pretty: true) == "{\n  \"a\": {\n    \"b\": 1\n  }\n}")
    }

    @Test func numbers() {
        let cases: [(Double, String)] = [
            (0, "0"), (-0.0, "-0.0"), (5, "5"), (0.1, "0.1"), (1e-5, "1e-05"), (1e300, "1e+300"), (.nan, "null"), (.infinity, "null"),
            (-.infinity, "null"),
        ]
        for (value, text) in cases {
            #expect(JSON.double(value).text() == text)
            if value.isFinite { #expect(JSON.double(value).doubleValue == value) }
        }
        #expect(JSON.number("1.0").intValue == nil)
        #expect(JSON.number("9223372036854775808").intValue == nil)
        #expect(JSON.number("1e999").doubleValue == nil)
        #expect(JSON.int(UInt64.max).text() == "18446744073709551615")
    }

    @Test func subscripts() {
        var value: JSON = nil
        value["a"] = ["b": [10, 20]]
        #expect(value["a"]?["b"]?[1]?.intValue == 20)
        #expect(value["a"]?["b"]?[2] == nil)
        #expect(value["a"]?["b"]?[-1] == nil)
        #expect(value[path: "a.b[0]"] == 10)
        #expect(value[path: "a.c[0]"] == nil)
        #expect(value[path: .root] == value)
        value["a"]?["b"] = nil
        #expect(value.text() == #"{"a":{}}"#)
        value["x"] = nil
        value["a"] = nil
        #expect(value == [:])
        var text: JSON = "text"
        text["a"] = nil
        #expect(text == "text")
    }

    @Test func objectsIgnoreOrderAndKeepIt() {
        for count in [3, 16, 17, 100] {
            let pairs = (0..<count).map { (key: "k\($0)", value: JSON.int($0)) }
            let forth = JSONObject(pairs)
            var back = JSONObject(pairs.reversed())
            #expect(forth == back)
            #expect(forth.hashValue == back.hashValue)
            #expect(forth.keys == pairs.map(\.key))
            for pair in pairs.dropFirst(2) { back[pair.key] = nil }
            #expect(back == ["k0": 0, "k1": 1])
            back["k1"] = "x"
            #expect(back != ["k0": 0, "k1": 1])
        }
    }

    @Test func stringsCompareByTheirBytes() {
        #expect(JSON.string("é") != JSON.string("e\u{301}"))
        #expect(JSON.mergePatch(from: ["a": "é"], to: ["a": "e\u{301}"]) == ["a": "e\u{301}"])
    }

    // RFC 7386, appendix A
    @Test(arguments: [
        (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#), (#"{"a":"b"}"#, #"{"a":null}"#, "{}"),
        (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#), (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
        (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
        (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#), (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
        (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#), (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#), (#"{"a":"foo"}"#, "null", "null"),
        (#"{"a":"foo"}"#, #""bar""#, #""bar""#),
        (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#), ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
        ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
    ])
    func mergePatchOfTheRFC(target: String, patch: String, result: String) throws {
        #expect(try JSON(parsing: target).merged(patch: JSON(parsing: patch)) == JSON(parsing: result))
    }

    @Test(arguments: seeds)
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<40 {
            let value = random.json()
            for text in [
                value.text(), value.text(pretty: true), value.text(pretty: true, sortedKeys: true),
                String(decoding: value.bytes(sortedKeys: true), as: UTF8.self),
            ] {
                #expect(try JSON(parsing: text) == value)
                try skips(Array(text.utf8))
            }
            let again = try JSON(parsing: value.text(sortedKeys: true))
            #expect(again.text(sortedKeys: true) == value.text(sortedKeys: true))
            #expect(again.hashValue == value.hashValue)
        }
    }

    @Test(arguments: seeds)
    func mergePatchTurnsOneIntoTheOther(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<40 {
            let from = random.json()
            var to = random.json(nulls: false)
            if case .object(var object) = from, random.below(2) == 0 {  // so that something is in common
                for (key, value) in random.object(depth: 2, nulls: false) { object[key] = value }
                if let gone = object.keys.first { object[gone] = nil }
                to = JSON.object(object)
            }
            let patch = JSON.mergePatch(from: from, to: to)
            if !hasNewNull(from: from, to: to) { #expect(from.merged(patch: patch).text(sortedKeys: true) == to.text(sortedKeys: true)) }
            if from == to, from.objectValue != nil { #expect(patch == [:]) }
        }
    }

    /// Whether `to` has a null member that `from` does not have too: what a merge patch can't say.
    private func hasNewNull(from: JSON?, to: JSON) -> Bool {
        guard let object = to.objectValue else { return false }
        return object.contains { key, value in
            if from?[key] == value { return false }
            return value.isNull || hasNewNull(from: from?[key], to: value)
        }
    }

    @Test(arguments: seeds)
    func mutatedDocumentsNeverTrap(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var bytes = random.json().bytes()
            for _ in 0...random.below(4) where !bytes.isEmpty {
                let position = random.below(bytes.count)
                switch random.below(5) {
                case 0: bytes[position] = UInt8(random.below(256))
                case 1: bytes.remove(at: position)
                case 2: bytes.insert(random.pick(Array("{}[]\",:\\u0-+.eE\0".utf8)), at: position)
                case 3: bytes.removeSubrange(position...)
                default: bytes.insert(contentsOf: bytes[position...].prefix(9), at: position)
                }
            }
            let tree = try? JSON(parsing: bytes)
            let skipped = (try? skips(bytes)) != nil
            #expect((tree != nil) == skipped, "reading and skipping differ on \(bytes)")
            if let tree { #expect((try? JSON(parsing: tree.bytes())) == tree) }
        }
    }

    private func skips(_ bytes: [UInt8]) throws {
        let all = try JSONReader.read(bytes) { reader in
            let range = try reader.skipValue()
            return range
        }
        #expect(all.upperBound <= bytes.count)
    }
}
