/// What Prometheus reads. A code's series comes with its first answer, as with most client libraries.
struct SampleMetrics {
    private static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    private var answers: [Int: Int] = [:]
    /// Not cumulative; the last one has no bound.
    private var buckets = [Int](repeating: 0, count: bounds.count + 1)
    private var seconds = 0.0

    mutating func count(code: Int, seconds: Double) {
        answers[code, default: 0] += 1
        buckets[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        self.seconds += seconds
    }

    var text: String {
        var lines = ["# HELP http_requests_total Answers to work.", "# TYPE http_requests_total counter"]
        for (code, count) in answers.sorted(by: { $0.key < $1.key }) { lines.append(#"http_requests_total{code="\#(code)"} \#(count)"#) }
        lines += ["# HELP http_request_duration_seconds Time to answer work.", "# TYPE http_request_duration_seconds histogram"]
        var sum = 0
        for (bound, count) in zip(Self.bounds.map { $0 == $0.rounded() ? "\(Int($0))" : "\($0)" } + ["+Inf"], buckets) {
            sum += count
            lines.append(#"http_request_duration_seconds_bucket{le="\#(bound)"} \#(sum)"#)
        }
        lines += ["http_request_duration_seconds_sum \(seconds)", "http_request_duration_seconds_count \(sum)"]
        return lines.joined(separator: "\n") + "\n"
    }
}
