import Testing

@testable import PlimsollAPI

struct RegularExpressionTests {
    /// What Go's regexp takes; run against the real promtool 2.42 when the table was made.
    static let accepted = [
        "", "a", "5..", "a|b", "|", "a|", "(a)", "()", "(?:a)", "(?i)a", "(?i:a)", "(?s-i:a)", "(?P<x>a)", "(?-s).", "a*", "a+?", "a??", "a{2}",
        "a{2,}",
        "a{2,3}?", "a{", "a{,3}", "a{x}", "{", "}", "]", "^a$", "^*", "(a*)*", "(a{10}){100}", "a{1000}", "a{0}", "[a]", "[^a]", "[]a]", "[^]a]",
        "[a-z]", "[a-]",
        "[-a]", "[a-z-9]", "[\\d-]", "[\\w.]", "[[:alpha:]]", "[[:^digit:]x]", "[\\]]", "[a\\-z]", "\\d\\D\\s\\S\\w\\W", "\\bx\\B", "\\Ax\\z", "\\.",
        "\\/", "\\-",
        "\\_", "\\x41", "\\x{1F600}", "\\101", "\\0", "\\pL", "\\p{Greek}", "\\P{Lu}", "\\p{^Lu}", "\\Qa(b\\E", "\\a\\f\\t\\n\\r\\v", "ø|é", ".*",
        ".+",
        "[[:x]", "[[.a.]]", "a{2}b{3}", "(|a)*", "x{01}", "(a{2}){500}",
    ]

    /// Those that it refuses.
    static let refused = [
        "(", ")", "a)", "(a", "[", "[a", "[]", "[^]", "*", "+a", "?", "|*", "(*)", "a**", "a*+", "a{2}{3}", "a+*", "a???", "a{1001}", "a{3,2}",
        "(a{100}){11}",
        "a{1,1001}", "[z-a]", "[a-\\d]", "[[:foo:]]", "\\", "a\\", "\\1", "\\9", "\\8", "\\c", "\\C", "\\Z", "\\G", "\\h", "\\é", "\\x4", "\\xg1",
        "\\x{110000}", "\\x{}",
        "\\x{41", "\\p{Foo}", "\\p{", "\\pX", "\\p", "(?", "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "(?#a)", "(?P=x)", "(?P>x)", "(?Px)", "(?P<>a)",
        "(?P<a-b>x)",
        "(?P<x", "\\Qa(b", "\\Qa(b\\E)", "(?x)a", "(?i", "(?i-)a", "(?--i)a", "(?>a)", "[\\b]", "[\\", "[\\Z]", "(?i)*", "{2}", "\\E",
    ]

    @Test(arguments: accepted)
    func accepts(pattern: String) {
        #expect(RegularExpression.problem(in: pattern) == nil)
    }

    @Test(arguments: refused)
    func refuses(pattern: String) {
        #expect(RegularExpression.problem(in: pattern) != nil)
    }

    /// RE2 itself refuses it, though Prometheus 2.42 takes it.
    @Test func namesOfGroupsAreDifferent() {
        #expect(RegularExpression.problem(in: "(?P<a>x)(?P<a>y)") != nil)
    }

    @Test func deepNestingIsRefusedAndNothingOverflows() {
        let deep = 100_000
        #expect(RegularExpression.problem(in: String(repeating: "(", count: deep) + String(repeating: ")", count: deep)) != nil)
        #expect(RegularExpression.problem(in: String(repeating: "[", count: deep)) != nil)
        #expect(RegularExpression.problem(in: "a{99999999999999999999}") != nil)
    }
}
