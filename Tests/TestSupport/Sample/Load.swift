import HTTPTransport
import Synchronization
package import Values

/// Requests at an even rate, whatever becomes of them, each on a connection of its own so that kube-proxy chooses a pod anew.
package final class Load: Sendable {
    package struct Failure: Sendable, Hashable {
        /// When it was sent.
        package var at: Instant
        /// The status, or why there was none.
        package var what: String
    }

    /// What became of the requests so far.
    package struct Report: Sendable {
        package var sent = 0
        /// By status.
        package var answers: [Int: Int] = [:]
        /// All but those of 200, in the order they came back.
        package var failures: [Failure] = []
        /// By the first line of the body: the pod that answered.
        package var pods: [String: Int] = [:]
        /// In seconds, of all that had an answer.
        package var durations: [Double] = []

        package init() {}

        package var answered: Int { answers.values.reduce(0, +) }

        /// Nil without any answer.
        package func quantile(_ share: Double) -> Double? {
            let sorted = durations.sorted()
            return sorted.isEmpty ? nil : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
        }
    }

    private let http: HTTPClient
    private let url: String
    private let perSecond: Double
    private let isOver = Mutex(false)
    private let recorded = Mutex(Report())

    private init(_ url: String, perSecond: Double) {
        self.url = url
        self.perSecond = perSecond
        http = HTTPClient(configuration: HTTPClientConfiguration(label: "load", maxInFlight: 4096, guardPolicy: .any))
    }

    package var report: Report { recorded.withLock(\.self) }

    /// Sends requests while `body` runs; every answer is in when it returns.
    @discardableResult
    package static func against(_ url: String, perSecond: Double, _ body: (Load) async throws -> Void) async throws -> Report {
        let load = Load(url, perSecond: perSecond)
        let result: Result<Void, any Error>
        async let sending: Void = load.send()
        do { result = .success(try await body(load)) } catch { result = .failure(error) }
        load.isOver.withLock { $0 = true }
        await sending
        await load.http.shutdown()
        try result.get()
        return load.report
    }

    private func send() async {
        await withDiscardingTaskGroup { group in
            let clock = ContinuousClock()
            let interval = Swift.Duration.seconds(1) / perSecond
            var next = clock.now
            while !isOver.withLock(\.self), !Task.isCancelled {
                group.addTask { await self.sendOne() }
                next += interval
                try? await Task.sleep(until: next, clock: clock)
            }
        }
    }

    private func sendOne() async {
        let at = wallNow()
        let start = ContinuousClock.now
        recorded.withLock { $0.sent += 1 }
        do throws(HTTPError) {
            let response = try await http.send(
                HTTPRequest(url: url, headers: [HTTPHeader("Connection", "close")], deadlines: HTTPDeadlines(whole: .seconds(10))))
            let took = (ContinuousClock.now - start) / .seconds(1)
            let pod = String(decoding: response.body.prefix { $0 != 10 }, as: UTF8.self)
            recorded.withLock {
                $0.answers[response.status, default: 0] += 1
                $0.pods[pod, default: 0] += 1
                $0.durations.append(took)
                if response.status != 200 { $0.failures.append(Failure(at: at, what: "\(response.status)")) }
            }
        } catch {
            recorded.withLock { $0.failures.append(Failure(at: at, what: error.message)) }
        }
    }
}
