import PlimsollAPI
import Testing
import Values

struct VectorSelectorTests {
    /// Text and its canonical form.
    static let accepted = [
        ("up", "up"),
        ("up{}", "up"),
        (" up { } ", "up"),
        ("job:up:sum", "job:up:sum"),
        (":up", ":up"),
        (#"up{job="a"}"#, #"up{job="a"}"#),
        (#"up{job="a",}"#, #"up{job="a"}"#),
        (#"up { job = "a" , instance != "b" }"#, #"up{instance!="b",job="a"}"#),
        (#"up{b="1",a="2"}"#, #"up{a="2",b="1"}"#),
        (#"up{a="1",a="1",a!="2"}"#, #"up{a!="2",a="1"}"#),
        (#"{__name__="up",job="a"}"#, #"up{job="a"}"#),
        (#"{job="a",__name__="up"}"#, #"up{job="a"}"#),
        (#"{__name__="my.metric"}"#, #"{__name__="my.metric"}"#),
        (#"{__name__="on"}"#, #"{__name__="on"}"#),
        (#"up{code=~"5..",path!~"/health|/ready"}"#, #"up{code=~"5..",path!~"/health|/ready"}"#),
        ("up{a='x\"y'}", #"up{a="x\"y"}"#),
        ("up{a=`x\\y`}", #"up{a="x\\y"}"#),
        ("up{a=`x\ny`}", #"up{a="x\ny"}"#),
        (#"up{a="\t\x41\u00e9\101\\\""}"#, #"up{a="\#tAéA\\\""}"#.replacing("\t", with: "\\t")),
        (#"up{a=~"\\d+\\.x"}"#, #"up{a=~"\\d+\\.x"}"#),
        (#"sum{a=""}"#, #"sum{a=""}"#),
        ("up{a=\"ø\"}", "up{a=\"ø\"}"),
        ("up{a=\"\\x01\"}", "up{a=\"\\x01\"}"),
    ]

    @Test(arguments: accepted)
    func canonicalForm(text: String, canonical: String) throws {
        let selector = try VectorSelector(parsing: text)
        #expect(selector.description == canonical)
        #expect(try VectorSelector(parsing: canonical) == selector)
    }

    /// Text, the error's offset and a word of its message.
    @Test(arguments: [
        ("", 0, "metric"),
        ("  ", 2, "metric"),
        ("{}", 0, "no metric"),
        (#"{job="a"}"#, 0, "no metric"),
        (#"{__name__=~"a|b"}"#, 1, "__name__"),
        (#"{__name__!="a"}"#, 1, "__name__"),
        (#"{__name__=""}"#, 1, "__name__"),
        (#"up{__name__="up"}"#, 3, "twice"),
        ("up{", 3, "the end"),
        ("up{job", 6, "expected ="),
        ("up{job=a}", 7, "in quotes"),
        (#"up{job="a"#, 7, "no end"),
        (#"up{job="a""#, 10, "expected ','"),
        (#"up{job="a" instance="b"}"#, 11, "expected ','"),
        (#"up{,}"#, 3, "label's name"),
        (#"up{9a="x"}"#, 3, "label's name"),
        (#"up{a:b="x"}"#, 4, "expected ="),
        (#"up{"a"="x"}"#, 3, "label's name"),
        (#"up{a=="x"}"#, 5, "in quotes"),
        (#"up{a>"x"}"#, 4, "expected ="),
        ("up{a=\"x\ny\"}", 7, "line break"),
        (#"up{a="\d"}"#, 6, "escape"),
        (#"up{a="\xff"}"#, 5, "UTF-8"),
        (#"up{a="\400"}"#, 6, "escape"),
        (#"up{a="\ud800"}"#, 6, "escape"),
        (#"up{a=~"("}"#, 6, "RE2"),
        (#"up{a=~"(?=x)"}"#, 6, "look-around"),
        ("up[5m]", 2, "range"),
        (#"up{a="x"}[5m]"#, 9, "range"),
        ("rate(up[5m])", 4, "the function or operator rate"),
        ("(up)", 0, "found '('"),
        ("sum by (a) (up)", 4, "the end of the selector"),
        ("up offset 5m", 3, "the end of the selector"),
        ("up / up", 3, "the end of the selector"),
        ("up @ 5", 3, "the end of the selector"),
        ("5", 0, "metric"),
        ("a-b", 1, "the end of the selector"),
        ("up # a comment", 3, "the end of the selector"),
        ("é", 0, "metric"),
    ])
    func refused(text: String, offset: Int, word: String) {
        let error = #expect(throws: VectorSelectorError.self) { try VectorSelector(parsing: text) }
        #expect(error?.offset == offset, "\(error?.description ?? "")")
        #expect(error?.message.contains(word) == true, "\(error?.description ?? "")")
    }

    @Test func equalWhereTheySelectTheSameByTheSameWords() throws {
        #expect(try VectorSelector(parsing: #"{b='1',__name__="x",a="2",}"#) == VectorSelector(parsing: #"x{a="2", b="1"}"#))
        #expect(try VectorSelector(parsing: #"x{a="2"}"#) != VectorSelector(parsing: #"x{a=~"2"}"#))
    }

    @Test func derivedSelectors() throws {
        let selector = try VectorSelector(parsing: #"h_seconds{job="a"}"#)
        #expect(selector.renamed("h_seconds_bucket").adding(LabelMatcher("le", .equal, "0.5")).description == #"h_seconds_bucket{job="a",le="0.5"}"#)
    }

    @Test(arguments: 1...40)
    func whateverIsReadIsReadAgain(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "up", "{", "}", "a", "=", "=~", "!=", "!~", "\"", "'", "`", "x", ",", " ", "\\", "\\n", "(", ")", "[", "]", "5m", "é", "__name__", "*",
            "\n",
        ]
        for _ in 0..<300 {
            let inner = (0..<Int.random(in: 0...7, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            let text = Bool.random(using: &random) ? inner : "up{a=~\"\(inner)\"}"
            guard let selector = try? VectorSelector(parsing: text) else { continue }
            #expect((try? VectorSelector(parsing: selector.description)) == selector, "seed \(seed): \(text.debugDescription)")
        }
    }
}
