package import HTTPTransport

/// Why a Prometheus gave no answer. Its text names the source by its configured name and holds no credentials.
package struct PrometheusError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// No connection, or it broke: down, no such host, refused by TLS or by the guard on addresses.
        case unreachable(String)
        /// An HTTP status other than 2xx, with no error of Prometheus's API in the body.
        case refused(status: Int, message: String)
        /// Prometheus's own error: `bad_data`, `timeout`, `execution`, `internal`, `unavailable`, ...
        case queryFailed(errorType: String, message: String)
        /// An answer that no Prometheus gives: not JSON, of the wrong shape, cut short, too large.
        case nonsense(why: String)
        case timedOut(String)
        /// The settings can't work: a bad URL, a credential file that can't be read.
        case misconfigured(String)
        case cancelled
    }

    /// The configured name.
    package let source: String
    package let kind: Kind

    package init(source: String, kind: Kind) {
        self.source = source
        self.kind = kind
    }

    package var description: String {
        switch kind {
        case .unreachable(let why): "Prometheus '\(source)' can't be reached: \(why)"
        case .refused(let status, let message): "Prometheus '\(source)' refused: HTTP \(status)\(message.isEmpty ? "" : ": \(message)")"
        case .queryFailed(let type, let message): "Prometheus '\(source)' failed: \(type): \(message)"
        case .nonsense(let why): "Prometheus '\(source)' answered nonsense: \(why)"
        case .timedOut(let why): "Prometheus '\(source)' did not answer in time: \(why)"
        case .misconfigured(let why): "Prometheus '\(source)' is configured wrongly: \(why)"
        case .cancelled: "the request to Prometheus '\(source)' was cancelled"
        }
    }

    /// The server's words where it does not take the query as it is; nil where something else failed.
    ///
    /// Prometheus says `bad_data`; VictoriaMetrics the status' code, such as `422`. What parses and can't be evaluated on the data (`execution`) is
    /// no matter of the text.
    package var queryRefusal: String? {
        guard case .queryFailed(let type, let message) = kind else { return nil }
        if let status = Int(type) { return (400..<500).contains(status) && ![401, 403, 408, 429].contains(status) ? message : nil }
        let others: Set = ["execution", "timeout", "canceled", "cancelled", "unavailable", "internal", "too_many_requests"]
        return others.contains(type) ? nil : message
    }

    package init(_ error: HTTPError, source: String) {
        self.source = source
        switch error.kind {
        case .timeout(.whole), .timeout(.idle): kind = .timedOut(error.message)
        case .tooLarge, .protocolViolation: kind = .nonsense(why: error.message)
        case .cancelled, .shutdown, .withdrawn: kind = .cancelled
        case .invalidRequest: kind = .misconfigured(error.message)
        case .tls(.ownMaterial): kind = .misconfigured(error.message)
        case .connect, .resolve, .tls, .timeout(.connect), .connectionLost, .forbiddenAddress: kind = .unreachable(error.message)
        }
    }
}
