import Serving
import Testing

@Suite struct ListenAddressTests {
    @Test(arguments: [
        ("0.0.0.0:8080", "0.0.0.0", 8080, "0.0.0.0:8080"), (":8080", "0.0.0.0", 8080, "0.0.0.0:8080"), ("[::1]:0", "::1", 0, "[::1]:0"),
        ("[::]:65535", "::", 65535, "[::]:65535"), ("localhost:9443", "localhost", 9443, "localhost:9443"),
        ("my-host.example:1", "my-host.example", 1, "my-host.example:1"),
    ])
    func accepted(text: String, host: String, port: Int, shown: String) throws {
        let address = try ListenAddress(parsing: text)
        #expect((address.host, address.port, address.description) == (host, port, shown))
    }

    @Test(arguments: [
        ("", "it is empty"), ("0.0.0.0", "it has no port"), ("8080", "it has no port"), ("host:", "it has no port after the colon"),
        ("host:http", "'http' is no port: a number from 0 to 65535 (0 takes a free one)"),
        ("host:65536", "'65536' is no port: a number from 0 to 65535 (0 takes a free one)"),
        ("host:-1", "'-1' is no port: a number from 0 to 65535 (0 takes a free one)"),
        ("host:99999999999999999999", "'99999999999999999999' is no port: a number from 0 to 65535 (0 takes a free one)"),
        ("::1:8080", "an IPv6 address goes in brackets"), ("[::1:8080", "the bracket is not closed"), ("[::1]", "it has no port"),
        ("[hello]:1", "'hello' is no IPv6 address"), ("300.1.1.1:80", "'300.1.1.1' is no IPv4 address"), ("1.2.3:80", "'1.2.3' is no IPv4 address"),
        ("http://x:80", "an IPv6 address goes in brackets"), ("a b:80", "'a b' is no host name"), ("\u{E9}:80", "'\u{E9}' is no host name"),
    ])
    func refused(text: String, why: String) {
        let error = #expect(throws: ListenAddressError.self) { try ListenAddress(parsing: text) }
        #expect(error?.message == why)
        #expect(error?.description == "'\(text)' is no address to listen on: \(why); write HOST:PORT, such as 0.0.0.0:8080 or [::]:8080")
    }
}
