import CoreMetrics
import Synchronization

/// A client's metrics under client-go's names (`rest_client_*`), labelled with the API server's host.
final class KubeClientMetrics: Sendable {
    private struct Result: Hashable {
        var method: String
        var code: String
    }

    /// What client-go writes where there was no answer.
    private static let noAnswer = "<error>"
    private static let methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]

    private let host: String
    private let results: Mutex<[Result: Counter]>
    private let retries = Mutex<[Result: Counter]>([:])
    private let durations: [String: Timer]
    private let waits: [String: Timer]

    init(server: String) {
        let host = Self.host(of: server)
        self.host = host
        // Series exist from the start, so that a rate over them sees the first event.
        var results: [Result: Counter] = [:]
        for method in Self.methods {
            for code in ["200", "429", "500", "503", Self.noAnswer] {
                let result = Result(method: method, code: code)
                results[result] = Self.results(result, host)
                results[result]?.increment(by: 0)
            }
        }
        self.results = Mutex(results)
        func timers(_ name: String) -> [String: Timer] {
            Dictionary(uniqueKeysWithValues: Self.methods.map { ($0, Timer(label: name, dimensions: [("verb", $0), ("host", host)])) })
        }
        durations = timers("rest_client_request_duration_seconds")
        waits = timers("rest_client_rate_limiter_duration_seconds")
    }

    /// Scheme, credentials and path of a URL cut off.
    static func host(of server: String) -> String {
        var rest = Substring(server)
        if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
        rest = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if let at = rest.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        return String(rest)
    }

    /// One attempt was answered; `status` nil: it was not. A watch has no `duration`.
    func ended(_ method: String, status: Int?, duration: Swift.Duration?) {
        let result = Result(method: method, code: status.map { "\($0)" } ?? Self.noAnswer)
        let counter = results.withLock { results in
            if let known = results[result] { return known }
            let new = Self.results(result, host)
            results[result] = new
            return new
        }
        counter.increment()
        if let duration { durations[method]?.recordNanoseconds(Self.nanoseconds(duration)) }
    }

    /// One request waited that long before it was sent, because the server had asked all to hold back.
    func waited(_ method: String, _ duration: Swift.Duration) { waits[method]?.recordNanoseconds(Self.nanoseconds(duration)) }

    /// The request is sent again.
    func retried(_ method: String, status: Int?) {
        let result = Result(method: method, code: status.map { "\($0)" } ?? Self.noAnswer)
        let counter = retries.withLock { retries in
            if let known = retries[result] { return known }
            let new = Counter(
                label: "rest_client_request_retries_total", dimensions: [("code", result.code), ("verb", result.method), ("host", host)])
            retries[result] = new
            return new
        }
        counter.increment()
    }

    private static func results(_ result: Result, _ host: String) -> Counter {
        Counter(label: "rest_client_requests_total", dimensions: [("code", result.code), ("method", result.method), ("host", host)])
    }

    private static func nanoseconds(_ duration: Swift.Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return min(max(seconds, 0), 1_000_000_000) * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
