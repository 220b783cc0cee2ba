/// What is wrong with an argument, or with the machine.
struct SampleFailure: Error, CustomStringConvertible {
    let description: String
}

/// How the service behaves, by its arguments.
struct SampleSettings {
    var port: UInt16 = 8080
    /// Of the answers to work.
    var errors = 0.0
    /// All spans are in microseconds.
    var latency: Int64 = 0
    var startUp: Int64 = 0
    var isNeverReady = false
    var crashAfter: Int64?
    var drain: Int64 = 0

    static let usage = """
        usage: sample-service [--port=8080] [--errors=5%] [--latency=300ms] [--start-up=5s] [--never-ready] [--crash-after=2s] [--drain=1s]
          /         work: 200, or 500 for that share of requests, after the latency
          /ready    200 once the start-up is over, 503 before, when never ready, and while it drains
          /metrics  http_requests_total by code, and the histogram http_request_duration_seconds, of work alone
        A line of JSON on standard output for its start, each answer of 500, its crash (code 1) and its end. After SIGTERM it goes on for the drain.
        """

    init(_ arguments: some Sequence<String>) throws(SampleFailure) {
        for argument in arguments {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let value = parts.count > 1 ? parts[1] : nil
            switch (parts[0], value) {
            case ("--never-ready", nil): isNeverReady = true
            case ("--port", let text?):
                guard let read = UInt16(text), read > 0 else { throw Self.refused(argument, "a port") }
                port = read
            case ("--errors", let text?):
                guard text.hasSuffix("%"), let read = Double(text.dropLast()), (0...100).contains(read) else {
                    throw Self.refused(argument, "a percentage such as 5%")
                }
                errors = read / 100
            case ("--latency", let text?): latency = try Self.span(text, argument)
            case ("--start-up", let text?): startUp = try Self.span(text, argument)
            case ("--crash-after", let text?): crashAfter = try Self.span(text, argument)
            case ("--drain", let text?): drain = try Self.span(text, argument)
            default: throw Self.refused(argument, "one of the arguments below")
            }
        }
    }

    private static func refused(_ argument: String, _ expected: String) -> SampleFailure {
        SampleFailure(description: "\(argument): expected \(expected)")
    }

    private static func span(_ text: String, _ argument: String) throws(SampleFailure) -> Int64 {
        for (unit, size) in [("ms", 1000), ("s", 1_000_000), ("m", 60_000_000)] as [(String, Int64)] where text.hasSuffix(unit) {
            if let number = Int64(text.dropLast(unit.count)), (0...1_000_000).contains(number) { return number * size }
        }
        throw refused(argument, "a span such as 300ms, 5s or 1m")
    }
}
