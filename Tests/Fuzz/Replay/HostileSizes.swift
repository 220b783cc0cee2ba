/// Inputs of a quarter of a mebibyte that would take for ever, or all memory, where a reader's cost grows faster than its input.
enum HostileSizes {
    static let size = 1 << 18

    /// By reader: the shapes that concern it, each with its name.
    static func inputs(for reader: String) -> [(name: String, bytes: [UInt8])] {
        if reader == "zone" { return HostileZones.inputs }
        let texts: [(String, String)] =
            switch reader {
            case "json", "pull": json
            case "yaml", "kubeconfig": json + yaml
            case "watch": json.map { ($0, "\u{0}" + #"{"type":"ADDED","object":"# + $1 + "}\n") } + [("lines", "\u{0}" + many { _ in "{}\n" })]
            case "list": json.map { ($0, #"{"kind":"SLOList","items":["# + $1 + "]}") } + [("items", #"{"items":["# + many { _ in "{}," } + "1]}")]
            case "status": json.map { ($0, "\u{5}\u{1}\n" + $1) } + [("tags", "\u{5}\u{1}\n" + many { _ in "<" })]
            case "execcredential", "prometheus": json
            case "slo": json.map { ($0, #"{"metadata":{"name":"a","labels":"# + $1 + #"},"spec":"# + $1 + "}") } + keys
            case "promql": promql
            case "notation": notation
            case "cron": cron
            case "notify":
                json.flatMap { name, text in
                    [0, 1, 2, 3, 4].map { dialogue in ("\(name), dialogue \(dialogue)", String(UnicodeScalar(UInt8(dialogue))) + "\u{1}" + text) }
                } + [("placeholders", "\u{6}[\"" + many { _ in "${title}" } + "\"]"), ("openings", "\u{6}" + many { _ in "${" })]
            default: []
            }
        return texts.map { (name: $0.0, bytes: Array($0.1.utf8)) }
    }

    /// Pieces until the size is reached.
    private static func many(_ piece: (Int) -> String) -> String {
        var text = ""
        var index = 0
        while text.utf8.count < size {
            text += piece(index)
            index += 1
        }
        return text
    }

    /// Keys in descending order, so that each new one goes before all others where they are kept in order.
    private static func descending(_ index: Int) -> String { String(9_999_999 - index) }

    private static let keys: [(String, String)] = [
        ("labels in descending order", #"{"metadata":{"name":"a","labels":{"# + many { "\"\(descending($0))\":\"\"," } + #""z":""}}}"#),
        ("a field with a long name", #"{"metadata":{"name":"a"},"spec":{""# + many { _ in "k" } + #"":1}}"#),
        ("fields that there are not", #"{"metadata":{"name":"a"},"spec":{"# + many { "\"k\($0)\":1," } + #""z":1}}"#),
    ]

    private static let json: [(String, String)] = [
        ("nested arrays", String(repeating: "[", count: size)),
        ("nested objects", many { _ in #"{"a":"# }),
        ("nested to the limit, often", "[" + many { _ in String(repeating: "[", count: 100) + String(repeating: "]", count: 100) + "," } + "1]"),
        ("keys in descending order", "{" + many { "\"\(descending($0))\":0," } + #""z":0}"#),
        ("one key", "{" + many { _ in #""a":0,"# } + #""a":1}"#),
        ("one string", "\"" + String(repeating: "a", count: size) + "\""),
        ("escapes", "\"" + many { _ in #"\ud83d"# } + "\""),
        ("marks", "\"e" + many { _ in "\u{301}" } + "\""),
        ("one number", String(repeating: "9", count: size)),
        ("one fraction", "0." + String(repeating: "1", count: size)),
        ("small numbers", "[" + many { _ in "1," } + "1]"),
        ("blanks", String(repeating: " ", count: size)),
        ("a string without end", "\"" + String(repeating: "a", count: size)),
    ]

    private static let yaml: [(String, String)] = [
        ("documents", many { _ in "---\n" }),
        ("documents with values", many { "---\n\($0)\n" }),
        ("nested flow", String(repeating: "{a: ", count: size / 4)),
        ("nested blocks", (0..<1000).map { String(repeating: " ", count: $0) + "a:\n" }.joined()),
        ("nested lists", many { _ in "- " }),
        ("anchors", many { "- &a\($0) 1\n" }),
        ("aliases of one", "a: &a [1, 2, 3]\nb:\n" + many { _ in "- *a\n" }),
        ("aliases of aliases", laughs),
        ("merges", "a: &a {x: 1}\nb:\n  <<: [" + many { _ in "*a," } + "]\n"),
        ("keys in descending order", many { "\(descending($0)): 0\n" }),
        ("question marks", many { _ in "? " }),
        ("colons", many { _ in ":\n" }),
        ("comments", many { _ in "#\n" }),
        ("a folded text", ">\n" + many { _ in " a\n\n" }),
        ("a quoted text", "\"" + many { _ in "a\n" } + "\""),
        ("tags", many { "- !<a\($0)> 1\n" }),
        ("directives", many { "%TAG !a\($0)! b\n" }),
        ("one number", many { _ in "1_" }),
        ("one word", many { _ in "a" }),
        ("exclamation marks", many { _ in "!" }),
    ]

    private static let laughs: String = {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 { text += "a\(level): &a\(level) [" + String(repeating: "*a\(level - 1),", count: 10) + "]\n" }
        return text
    }()

    private static let promql: [(String, String)] = [
        ("matchers", "m{" + many { "a\($0)=\"b\"," } + "}"),
        ("one matcher often", "m{" + many { _ in "a=\"b\"," } + "}"),
        ("one value", "m{a=\"" + many { _ in "b" } + "\"}"),
        ("escapes", "m{a=\"" + many { _ in "\\x41" } + "\"}"),
        ("groups", "m{a=~\"" + many { _ in "(" } + "\"}"),
        ("groups side by side", "m{a=~\"" + many { _ in "(a)" } + "\"}"),
        ("alternatives", "m{a=~\"" + many { "a\($0)|" } + "\"}"),
        ("names of groups", "m{a=~\"" + many { "(?P<n\($0)>a)" } + "\"}"),
        ("braces", "m{a=~\"" + many { _ in "{" } + "\"}"),
        ("digits in braces", "m{a=~\"" + many { _ in "a{1" } + "\"}"),
        ("digits", "m{a=~\"a{" + many { _ in "1" } + "\"}"),
        ("classes", "m{a=~\"" + many { _ in "[a-z]" } + "\"}"),
        ("one class", "m{a=~\"[" + many { _ in "a-z" } + "]\"}"),
        ("brackets", "m{a=~\"" + many { _ in "[:" } + "\"}"),
        ("quotations", "m{a=~\"" + many { _ in "\\\\Qa" } + "\"}"),
        ("unfinished classes", "m{a=~\"" + many { _ in "\\\\p{" } + "\"}"),
        ("hexadecimal", "m{a=~\"\\\\x{" + many { _ in "0" } + "41}\"}"),
        ("one name", many { _ in "a" }),
        ("blanks", many { _ in " " }),
    ]

    private static let cron: [(String, String)] = [
        ("digits", many { _ in "9" } + " * * * *"), ("minutes", "0" + many { ",\($0 % 60)" } + " * * * *"),
        ("blanks", "0 0 1 1" + many { _ in " " } + "*"),
        ("fields", many { _ in "* " }), ("steps", "*" + many { _ in "/1" } + " * * * *"), ("ranges", "1" + many { _ in "-1" } + " * * * *"),
        ("far", "0 0 29 2 *"), ("each minute", "* * * * *"),
    ]

    private static let notation: [(String, String)] = [
        ("digits", many { _ in "9" }),
        ("fraction", "0." + many { _ in "1" }),
        ("zeros", "0." + many { _ in "0" } + "1"),
        ("exponent", "1e" + many { _ in "9" }),
        ("percentage", many { _ in "9" } + "%"),
        ("seconds", many { _ in "1s" }),
        ("fraction of a second", "2026-11-21T08:47:38." + many { _ in "1" } + "Z"),
        ("terms", many { "a\($0)=b," } + "c"),
        ("values", "a in (" + many { "b\($0)," } + "c)"),
        ("negations", many { _ in "!" }),
        ("blanks", many { _ in " " }),
        ("a dotted name", many { _ in "a." } + "a"),
    ]
}
