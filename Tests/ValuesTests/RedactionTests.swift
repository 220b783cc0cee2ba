import Testing
import Values

@Suite struct RedactionTests {
    private static let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.AbC-_dEf"

    @Test(arguments: [
        ("nothing to hide: 42", "nothing to hide: 42"),
        ("get https://user:pa55@host:9090/x?y=1 failed", "get https://<redacted>@host:9090/x?y=1 failed"),
        ("https://user@host", "https://<redacted>@host"), ("https://host/a@b", "https://host/a@b"), ("nats://u:p@n", "nats://<redacted>@n"),
        ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer <redacted>"), ("Basic dXNlcjpwYXNz rest", "Basic <redacted> rest"),
        ("a Basic fact", "a Basic fact"), ("sent \(token) to", "sent <redacted> to"), ("\"\(token)\",", "\"<redacted>\","),
        ("password: hunter2 and more", "password: <redacted> and more"), ("PASSWORD=hunter2", "PASSWORD=<redacted>"),
        (#"{"db_password":"hunter2","x":1}"#, #"{"db_password":"<redacted>","x":1}"#),
        (#"msg="{\"token\":\"abc\",\"x\":1}""#, #"msg="{\"token\":\"<redacted>\",\"x\":1}""#),
        ("bearerTokenFile: /var/run/token", "bearerTokenFile: /var/run/token"), ("passwordFile=/etc/p", "passwordFile=/etc/p"),
        ("GET /x?access_token=abc&y=2", "GET /x?access_token=<redacted>&y=2"), ("secretName: web", "secretName: web"),
        ("object=shop/token-service reconcileID=5", "object=shop/token-service reconcileID=5"),
        (
            #"plimsoll_kube_credential_expiry_timestamp_seconds{credential="token"} 1"#,
            #"plimsoll_kube_credential_expiry_timestamp_seconds{credential="token"} 1"#
        ),
        ("a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----\nb", "a\n<redacted>\nb"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE", "<redacted>"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"),
        (
            #"{"automountServiceAccountToken":false,"secret":{"name":"x"},"token":null}"#,
            #"{"automountServiceAccountToken":false,"secret":{"name":"x"},"token":null}"#
        ),
        ("", ""), ("://", "://"), ("token=", "token="), ("password:", "password:"), ("-----BEGIN ", "-----BEGIN "), ("Bearer", "Bearer"),
    ])
    func texts(text: String, expected: String) {
        #expect(Redaction().text(text) == expected)
        #expect(Redaction().text(expected) == expected, "a second time changes nothing")
    }

    @Test func trees() throws {
        let tree = try JSON(
            parsing: """
                {"name":"default","url":"https://u:p@h","auth":{"bearerTokenFile":"/t","basic":{"username":"u","password":"hunter2"}},
                 "token":["a","b"],"secretRef":{"name":"web"},"apiKey":17,"password":null,"secret":"","note":"token: abc"}
                """)
        let expected = try JSON(
            parsing: """
                {"name":"default","url":"https://<redacted>@h","auth":{"bearerTokenFile":"/t","basic":{"username":"u","password":"<redacted>"}},
                 "token":["<redacted>","<redacted>"],"secretRef":{"name":"web"},"apiKey":"<redacted>","password":null,"secret":"","note":"token: <redacted>"}
                """)
        #expect(Redaction().json(tree) == expected)
    }

    @Test func whatIsKnownIsFoundEverywhere() {
        let redaction = Redaction(known: ["s3cr3t-value", "s3cr3t-value-longer", "abc"])
        #expect(redaction.text("x s3cr3t-value-longer y s3cr3t-value, s3cr3t abc") == "x <redacted> y <redacted>, s3cr3t abc")
        #expect(redaction.text("s3cr3t-valu") == "s3cr3t-valu")
    }

    /// No input crashes it, and nothing that looks like a token is left.
    @Test(arguments: 0..<50)
    func anything(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let parts = [
            "token", "=", ":", "\"", "\\", " ", "://", "@", "-----BEGIN ", "PRIVATE KEY-----", "-----END ", "Bearer ", "\n", "é", Self.token, "{",
            "}", "password",
        ]
        var text = ""
        for _ in 0..<200 { text += parts[Int.random(in: 0..<parts.count, using: &generator)] + (Bool.random(using: &generator) ? " " : "") }
        let redacted = Redaction(known: ["tokentoken"]).text(text)
        #expect(!redacted.contains(" \(Self.token) "), "seed \(seed)")
    }
}
