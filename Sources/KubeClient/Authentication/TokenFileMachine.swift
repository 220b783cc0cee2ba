/// When to read a rotated token file again, and which token counts meanwhile. Times are spans since any fixed start.
struct TokenFileMachine: Sendable {
    enum Step: Equatable {
        case use(Secret)
        /// Nothing usable: read the file now, then call `didRead`.
        case read
        /// Use this one, but read the file in the background.
        case useAndRead(Secret)
    }

    /// kubelet rotates at 80 % of the lifetime, so a minute is early enough.
    static let period: Swift.Duration = .seconds(60)
    /// After a failed read, sooner.
    static let retryPeriod: Swift.Duration = .seconds(10)

    private(set) var token: Secret?
    private var due: Swift.Duration?
    private var reading = false

    init(initial: Secret?) { token = initial }

    mutating func next(now: Swift.Duration) -> Step {
        let isDue = due.map { now >= $0 } ?? true
        guard let token else {
            reading = true
            return .read
        }
        guard isDue, !reading else { return .use(token) }
        reading = true
        return .useAndRead(token)
    }

    /// Takes a read's outcome; keeps the old token where there is no new one. An empty file counts as a failure.
    mutating func didRead(_ new: Secret?, now: Swift.Duration) {
        reading = false
        if let new, !new.isEmpty {
            token = new
            due = now + Self.period
        } else {
            due = now + Self.retryPeriod
        }
    }
}
