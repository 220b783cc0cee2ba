/// One pool of connections to any number of hosts.
package final class HTTPClient: Sendable {
    package let configuration: HTTPClientConfiguration

    package init(configuration: HTTPClientConfiguration) {
        self.configuration = configuration
    }

    package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        throw HTTPError(kind: .shutdown, isRetrySafe: true, message: "not yet")
    }

    package func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStream {
        throw HTTPError(kind: .shutdown, isRetrySafe: true, message: "not yet")
    }

    package func replaceTLS(_ tls: TLSOptions) {}

    package var counters: HTTPCounters { HTTPCounters() }

    package func shutdown() async {}
}
