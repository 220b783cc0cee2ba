/// One pool of connections, served by threads of its own: libcurl's multi interface, one handle a thread. HTTP/2 exchanges of a host
/// share `maxHTTP2ConnectionsPerHost` connections; hosts without HTTP/2 get a connection an exchange, on a second thread that is
/// started for the first such host.
///
/// No Swift task ever blocks on a transfer, and cancelling a task ends its exchange within milliseconds, wherever it is. Letting the last
/// reference go shuts the client down. Redirects are never followed and cookies never kept.
package final class HTTPClient: Sendable {
    package let configuration: HTTPClientConfiguration
    let core: ClientCore

    package init(configuration: HTTPClientConfiguration) {
        self.configuration = configuration
        core = ClientCore(configuration: configuration)
    }

    deinit {
        core.beginShutdown()
    }

    /// A whole response of any status.
    package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        defer { withExtendedLifetime(self) {} }
        let reply = Reply<HTTPResponse>()
        let exchange = try core.exchange(request, receiver: .unary(reply))
        return try await run(exchange) { await reply.value() }.get()
    }

    /// The response's head now, its body as it comes. `deadlines.whole` covers the body too: nil for a watch.
    package func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStream {
        let buffer = StreamBuffer(limit: HTTPStream.bufferedBytes)
        let exchange = try core.exchange(request, receiver: .stream(buffer))
        let lifetime = StreamLifetime(client: self, exchange: exchange, buffer: buffer)
        let head = try await run(exchange) { await buffer.head.value() }.get()
        return HTTPStream(head: head, lifetime: lifetime)
    }

    /// Later exchanges use these settings on new connections; what is under way ends on the old ones.
    package func replaceTLS(_ tls: TLSOptions) {
        core.replaceTLS(tls)
    }

    package var counters: HTTPCounters { core.counters }

    /// Ends everything under way with `.shutdown`, then the threads. Returns when they have freed all connections. Safe to call twice.
    package func shutdown() async {
        await core.shutdown()
    }

    private func run<Value: Sendable>(
        _ exchange: Exchange, _ wait: () async -> Result<Value, HTTPError>
    ) async -> Result<Value, HTTPError> {
        await withTaskCancellationHandler {
            core.submit(exchange)
            return await wait()
        } onCancel: {
            core.cancel(exchange)
        }
    }
}
