import Values

/// What a pod did in a tick.
package struct PodTick: Sendable, Hashable {
    package var arm: Arm
    package var requests: Double
    /// Bad events by outcome.
    package var bad: [Double]

    package init(arm: Arm, requests: Double = 0, bad: [Double]) {
        self.arm = arm
        self.requests = requests
        self.bad = bad
    }
}

/// The tick that is being filled: ticks are spans of a fixed length from an origin, each with its end and without its beginning, so that it depends on
/// the samples' own times only which tick they fall in, and never on when somebody looked.
struct TickGrid: Sendable, Hashable {

    struct Tick: Sendable, Hashable {
        var index: Int64
        /// By pod.
        var cells: [String: PodTick] = [:]
    }

    private(set) var open: Tick?

    init(open: Tick? = nil) { self.open = open }

    /// - Returns: the tick that is over, where the increment begins another.
    mutating func add(_ increment: PodIncrement, origin: Instant, length: PromDuration) -> Tick? {
        let index = Self.index(of: increment.at, origin: origin, length: length)
        var closed: Tick?
        if let open, open.index != index { closed = close() }
        var tick = open ?? Tick(index: index)
        // A pod may come back within a tick, on the other arm.
        let name = increment.life.name
        let key = tick.cells[name].map { $0.arm == increment.life.arm } ?? true ? name : "\(name)/\(increment.life.arm.rawValue)"
        var cell = tick.cells[key] ?? PodTick(arm: increment.life.arm, bad: increment.bad.map { _ in 0 })
        cell.requests += increment.requests
        for outcome in cell.bad.indices { cell.bad[outcome] += increment.bad[outcome] }
        tick.cells[key] = cell
        open = tick
        return closed
    }

    /// The open tick, if it ends by a time up to which every sample is known.
    mutating func close(through: Instant, origin: Instant, length: PromDuration) -> Tick? {
        guard let open, origin.adding(length * (open.index + 1)) <= through else { return nil }
        return close()
    }

    private mutating func close() -> Tick? {
        defer { open = nil }
        return open
    }

    /// Of a time after the origin.
    private static func index(of at: Instant, origin: Instant, length: PromDuration) -> Int64 {
        // One microsecond less, for a tick has its end and not its beginning.
        (at.microseconds - origin.microseconds - 1) / (max(length.milliseconds, 1) * 1000)
    }
}
