import Values

/// What goes wrong, and how often: shares of requests, or of a watch's events.
struct Weather: Sendable {
    var refused = 0.0
    var throttled = 0.0
    var failed = 0.0
    /// Done, but the answer is lost.
    var lost = 0.0
    /// No answer until the client's deadline; done later, or never.
    var hung = 0.0
    /// 404 in the words of an API server that is starting.
    var missing = 0.0
    /// 410 where it may come, and 504 for too large a version.
    var expired = 0.0
    /// Items and events that can't be read this once.
    var garbled = 0.0
    /// Streams that break at an event, that end with an ERROR event, that fall silent.
    var broken = 0.0
    var ended = 0.0
    var stalled = 0.0
    /// Longest time a request or an event is under way.
    var latency = Swift.Duration.milliseconds(60)

    static let fair = Weather(refused: 0.002, lost: 0.002, expired: 0.001, broken: 0.002)
    static let none = Weather()

    static let storms: [Weather] = [
        Weather(refused: 1, broken: 1), Weather(refused: 0.4, broken: 0.2), Weather(throttled: 0.7), Weather(failed: 0.6, ended: 0.3),
        Weather(lost: 0.4, hung: 0.2), Weather(hung: 0.6, stalled: 0.5), Weather(missing: 0.8, broken: 0.3), Weather(expired: 0.6, ended: 0.4),
        Weather(garbled: 0.3), Weather(stalled: 0.6), Weather(broken: 0.5), Weather(latency: .seconds(8)),
        Weather(
            refused: 0.1, throttled: 0.1, failed: 0.1, lost: 0.1, hung: 0.05, missing: 0.05, expired: 0.1, garbled: 0.05, broken: 0.1, ended: 0.1,
            stalled: 0.05, latency: .seconds(2)),
    ]
}
