import Testing
import Values

@Suite struct YAMLTests {
    private func one(_ text: String) throws -> JSON {
        let documents = try YAML.parse(text)
        try #require(documents.count == 1)
        return documents[0].json
    }

    @Test(
        arguments: [
            ("a: null", ["a": nil]), ("a: ~", ["a": nil]), ("a:", ["a": nil]), ("a: true", ["a": true]), ("a: False", ["a": false]),
            ("a: 'true'", ["a": "true"]),
            ("a: yes", ["a": true]), ("a: Off", ["a": false]), ("a: y", ["a": true]), ("a: N", ["a": false]), ("a: \"no\"", ["a": "no"]),
            ("a: yEs", ["a": "yEs"]),
            ("a: 12", ["a": 12]), ("a: -12", ["a": -12]), ("a: +12", ["a": 12]), ("a: 0777", ["a": 511]), ("a: 0o17", ["a": 15]),
            ("a: 0x1F", ["a": 31]),
            ("a: -0x1F", ["a": -31]), ("a: 0b101", ["a": 5]), ("a: 1_000", ["a": 1000]), ("a: 0", ["a": 0]), ("a: 1.50", ["a": .number("1.50")]),
            ("a: .5", ["a": .number("0.5")]), ("a: 5.", ["a": 5]), ("a: -.5", ["a": .number("-0.5")]), ("a: 1e3", ["a": .number("1e3")]),
            ("a: 08", ["a": 8]),
            ("a: 09.5", ["a": .number("9.5")]), ("a: 18446744073709551616", ["a": .number("18446744073709551616")]), ("a: 1.2.3", ["a": "1.2.3"]),
            ("a: 0x", ["a": "0x"]),
            ("a: +", ["a": "+"]), ("a: .", ["a": "."]), ("a: 1e", ["a": "1e"]), ("a: 99.9%", ["a": "99.9%"]),
            ("a: 30d", ["a": "30d"]),
            ("a: 2026-01-01", ["a": "2026-01-01"]), ("a: 12:30:45", ["a": "12:30:45"]), ("a: !!str 12", ["a": "12"]), ("a: !!int '12'", ["a": 12]),
            ("a: !!float 1", ["a": 1]),
            ("a: !!bool yes", ["a": true]), ("a: !!null ''", ["a": nil]),
            ("1: a\ny: b\n1.50: c\n1e3: d\n-0: e\n0x1F: f", ["1": "a", "true": "b", "1.5": "c", "1000": "d", "0": "e", "31": "f"]),
            ("a: .5_0", ["a": .number("0.50")]),
            ("a: |\n  x\n  y\n", ["a": "x\ny\n"]), ("a: >-\n  x\n  y\n", ["a": "x y"]), ("a: \"\\u00e9\\n\\0\"", ["a": "é\n\u{0}"]),
            ("{a: [1, {b: c}], d: {}}", ["a": [1, ["b": "c"]], "d": [:]]), ("- a\n- - b\n  - c\n-\n", ["a", ["b", "c"], nil]),
            ("just text", "just text"), ("null", nil),
            ("a: &x {b: 1}\nc: *x\nd: [*x, *x]", ["a": ["b": 1], "c": ["b": 1], "d": [["b": 1], ["b": 1]]]),
            ("a: &x 1\nb: &x 2\nc: *x", ["a": 1, "b": 2, "c": 2]), ("&k key: v\nb: *k", ["key": "v", "b": "key"]),
            ("base: &b {x: 1, z: 2}\nd:\n  <<: *b\n  z: 3", ["base": ["x": 1, "z": 2], "d": ["z": 3, "x": 1]]),
            ("- &a {x: 1, u: 1}\n- &b {x: 2, z: 2}\n- <<: [*a, *b]\n  u: 0", [["x": 1, "u": 1], ["x": 2, "z": 2], ["u": 0, "x": 1, "z": 2]]),
            ("'<<': 1", ["<<": 1]), ("\u{FEFF}a: 1", ["a": 1]), ("%YAML 1.1\n---\na: 1\n...\n", ["a": 1]), ("a: 日本 # comment", ["a": "日本"]),
        ] as [(String, JSON)])
    func reads(text: String, value: JSON) throws {
        #expect(try one(text) == value)
    }

    @Test(arguments: [
        ("a: 1\nb: 2\na: 3", "3:1: the key a is here a second time; it is also in line 1"),
        ("{a: 1, 'a': 2}", "1:8: the key a is here a second time; it is also in line 1"),
        ("1: a\n'1': b", "2:1: the key 1 is here a second time; it is also in line 1"), ("a:\n\tb: 1", "2:1: a tab can't indent YAML; use blanks"),
        ("a: *x", "1:4: no anchor &x before this alias"), ("a: &x [*x]", "1:8: the anchor &x contains an alias of itself"),
        ("a: .inf", "1:4: .inf is no number that JSON can hold"),
        ("a: !!int x", "1:4: 'x' is no !!int"), ("a: !!int 1.5", "1:4: '1.5' is no !!int"),
        ("a: !thing x", "1:4: the tag !thing is not supported; use !!str, !!int, !!float, !!bool, !!null or none"),
        ("a: !!binary aGk=", "1:4: the tag !!binary is not supported; use !!str, !!int, !!float, !!bool, !!null or none"),
        ("a: !!set {x}", "1:4: the tag !!set is not supported here"), ("? [a]\n: b", "1:3: a key must be a string"),
        ("~: b", "1:1: a key must be a string"),
        ("a:\n  <<: 1", "2:7: << merges a mapping or a list of mappings"),
        ("<<: {a: 1}\n<<: {b: 2}", "2:1: a second << in this mapping; merge a list of mappings instead"),
        ("a: \u{1}", "1:4: control characters are not allowed; YAML is UTF-8 text without control characters"),
        ("é: x\nü: \u{0}", "2:4: control characters are not allowed; YAML is UTF-8 text without control characters"),
        ("a: [1, 2", "2:1: did not find expected ',' or ']' while parsing a flow sequence that begins in line 1"),
        ("a: b\n c: d", "2:3: mapping values are not allowed in this context"),
        ("a: 1\n b\nc", "4:1: could not find expected ':' while scanning a simple key that begins in line 3"),
        ("a: 'x", "1:6: found unexpected end of stream while scanning a quoted scalar"),
        ("a: @x", "1:4: found character that cannot start any token while scanning for the next token"),
        ("a: 1\n---\nb: [\n", "4:1: did not find expected node content while parsing a flow node"),
    ])
    func refuses(text: String, message: String) {
        #expect { try YAML.parse(text, file: "f.yaml") } throws: { "\($0)".hasPrefix("f.yaml:") && "\($0)" == "f.yaml:\(message)" }
    }

    @Test func encodings() throws {
        let text = "a: é😀\n"
        let utf16 = Array(text.utf16)
        let little: [UInt8] = [0xFF, 0xFE] + utf16.flatMap { (unit: UInt16) -> [UInt8] in [UInt8(unit & 0xFF), UInt8(unit >> 8)] }
        let big: [UInt8] = [0xFE, 0xFF] + utf16.flatMap { (unit: UInt16) -> [UInt8] in [UInt8(unit >> 8), UInt8(unit & 0xFF)] }
        for bytes in [little, big, [0xEF, 0xBB, 0xBF] + Array(text.utf8)] {
            #expect(try YAML.parse(bytes: bytes).map(\.json) == [["a": "é😀"]])
        }
        #expect { try YAML.parse(bytes: Array("a: 1\nb: x".utf8) + [0xFF]) } throws: { "\($0)".hasPrefix("<stdin>:2:5: invalid leading UTF-8 octet") }
        #expect(throws: YAMLError.self) { try YAML.parse(bytes: [0xFF, 0xFE, 0x00, 0xD8, 0x61]) }
    }

    @Test func documents() throws {
        let documents = try YAML.parse("---\n# nothing\n---\na: 1\n---\n---\n- b\n...\n---\nnull\n", file: "x.yaml")
        #expect(documents.map(\.json) == [["a": 1], ["b"], nil])
        #expect(documents.map { $0.position(of: .root).description } == ["x.yaml:4:1", "x.yaml:7:1", "x.yaml:10:1"])
        #expect(try YAML.parse("").isEmpty)
        #expect(try YAML.parse("# only a comment\n").isEmpty)
        #expect(throws: YAMLError.self) { try YAML.parse("a: &x 1\n---\nb: *x") }
    }

    @Test func positions() throws {
        let text = """
            apiVersion: v1
            spec:
              # a comment
              tiers:
                - name: fast
                  long: 1h
                - {name: slow, long: 6h}
              labels: &l
                日本: x
              more:
                <<: *l
                own: y
            """
        let document = try #require(try YAML.parse(text, file: "slo.yaml").first)
        let cases: [(FieldPath, String)] = [
            ("spec", "2:1"), ("spec.tiers", "4:3"), ("spec.tiers[0]", "5:7"), ("spec.tiers[0].long", "6:7"), ("spec.tiers[1].long", "7:20"),
            ("spec.tiers[1].burnRate", "7:7"), ("spec.tiers[7].long", "4:3"), ("spec.labels.日本", "9:5"), ("spec.more.日本", "9:5"),
            ("spec.more.own", "12:5"),
            ("spec.nothing.at.all", "2:1"), ("status", "1:1"), (.root, "1:1"), ("apiVersion.x", "1:1"),
        ]
        for (path, position) in cases { #expect(document.position(of: path).description == "slo.yaml:\(position)") }
    }

    @Test func aliasesAreBounded() throws {
        var laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for i in 1...9 { laughs += "a\(i): &a\(i) [\((0..<9).map { _ in "*a\(i - 1)" }.joined(separator: ", "))]\n" }
        #expect { try YAML.parse(laughs) } throws: { "\($0)".contains("aliases repeat more than 100000 values") }
        let long = "a: &a \(String(repeating: "x", count: 1_000_000))\nb: [\(Array(repeating: "*a", count: 100).joined(separator: ", "))]\n"
        #expect(throws: YAMLError.self) { try YAML.parse(long) }
        var deep = "a0: &a0 x\n"
        for i in 1...200 { deep += "a\(i): &a\(i) [*a\(i - 1)]\n" }
        #expect { try YAML.parse(deep) } throws: { "\($0)".contains("nested deeper than 128 levels") }
        var merges = "a0: &a0 {x: [\(Array(repeating: "1", count: 1000).joined(separator: ", "))]}\n"
        for i in 1...200 { merges += "a\(i): &a\(i) {<<: *a\(i - 1), k\(i): *a\(i - 1)}\n" }
        #expect(throws: YAMLError.self) { try YAML.parse(merges) }
    }

    @Test func depthIsLimited() throws {
        #expect(try YAML.parse(String(repeating: "[", count: 128) + String(repeating: "]", count: 128)).count == 1)
        #expect { try YAML.parse(String(repeating: "[", count: 129) + String(repeating: "]", count: 129)) } throws: {
            "\($0)" == "<stdin>:1:129: nested deeper than 128 levels"
        }
        #expect(throws: YAMLError.self) { try YAML.parse(String(repeating: "[", count: 1_000_000)) }
        #expect(throws: YAMLError.self) { try YAML.parse(String(repeating: "- ", count: 200_000)) }
        #expect(throws: YAMLError.self) { try YAML.parse(String(repeating: "{a: ", count: 100_000)) }
    }

    @Test func writes() {
        let value: JSON = [
            "apiVersion": "v1",
            "data": ["rules.yaml": "groups:\n- name: x\n", "expr": #"sum(rate(x{job="a"}[5m])) > 0.5"#, "on": "yes", "empty": "", "n": "12"],
            "items": [["a": 1, "b": [true, nil]], [], [:], [[1], "x: y"], "it's", "\u{1}", "- a", "5m", "2026-01-01", "99.9%"], "none": [:],
        ]
        #expect(
            YAML.text(value) == #"""
                apiVersion: v1
                data:
                  rules.yaml: |
                    groups:
                    - name: x
                  expr: sum(rate(x{job="a"}[5m])) > 0.5
                  'on': 'yes'
                  empty: ''
                  'n': '12'
                items:
                - a: 1
                  b:
                  - true
                  - null
                - []
                - {}
                - - - 1
                  - 'x: y'
                - it's
                - "\x01"
                - '- a'
                - 5m
                - '2026-01-01'
                - 99.9%
                none: {}

                """#)
    }

    @Test func awkwardStringsSurvive() throws {
        for string in SeededGenerator.awkward {
            for value in [
                JSON.string(string), [.string(string)], .object([string: .string(string)]), ["a": ["b": [.string(string), 1]]],
                [[.string(string), [:]]],
            ] {
                #expect(try one(YAML.text(value)) == value, "\(YAML.text(value))")
            }
        }
    }

    @Test(arguments: seeds)
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            let value = random.json()
            let text = YAML.text(value)
            let documents = try YAML.parse("---\n\(text)---\n\(text)")
            #expect(documents.map(\.json) == [value, value], "\(text)")
            #expect(documents.first.map { YAML.text($0.json) } == text)
        }
    }

    @Test(arguments: seeds)
    func mutatedDocumentsNeverTrap(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            var bytes = Array(YAML.text(random.json()).utf8)
            for _ in 0...random.below(4) where !bytes.isEmpty {
                let position = random.below(bytes.count)
                switch random.below(5) {
                case 0: bytes[position] = UInt8(random.below(256))
                case 1: bytes.remove(at: position)
                case 2: bytes.insert(random.pick(Array("{}[]\"':,-?&*!|>#%@`\t\n \0".utf8)), at: position)
                case 3: bytes.insert(contentsOf: random.pick(["&a ", "*a", "<<: ", "!!int ", "\n---\n", "? ", "- "]).utf8, at: position)
                default: bytes.insert(contentsOf: bytes[position...].prefix(9), at: position)
                }
            }
            do {
                for document in try YAML.parse(bytes: bytes) {
                    #expect(try one(YAML.text(document.json)) == document.json)
                    #expect(document.position(of: "a.b[0]").line > 0)
                }
            } catch let error as YAMLError {
                #expect(error.position.line > 0 && error.position.column > 0 && !error.message.isEmpty)
            } catch {
                Issue.record(error)
            }
        }
    }
}
