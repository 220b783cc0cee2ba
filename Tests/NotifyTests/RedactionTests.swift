import Testing

@testable import Notify

struct RedactionTests {
    @Test(arguments: [
        #"a/b"c&d"#, #"a/b\"c&d"#, #"a\/b\"c&d"#, #"a/b\"c\u0026d"#, "a/b&quot;c&amp;d",
    ]) func everyForm(shown: String) {
        #expect(Redaction([#"a/b"c&d"#]).redacted("<\(shown)>") == "<***>")
    }

    @Test func theLongestFirst() {
        #expect(Redaction(["abc", "abcdef", ""]).redacted("abcdef abc") == "*** ***")
        #expect(Redaction([]).redacted("abc") == "abc")
    }

    @Test(arguments: [
        ("https://hooks.slack.com/services/T0/B0/s3cr3ts3", ["/services/T0/B0/s3cr3ts3", "services/T0/B0/s3cr3ts3", "s3cr3ts3"]),
        ("https://proxy.example.com/x/?token=abcdefgh", ["/x/?token=abcdefgh", "x/?token=abcdefgh", "token=abcdefgh"]),
        ("https://a.example.com/", []), ("https://a.example.com", []), ("", []),
    ]) func allAfterTheAuthority(url: String, secrets: [String]) {
        #expect(Redaction.path(of: url) == secrets)
    }
}
