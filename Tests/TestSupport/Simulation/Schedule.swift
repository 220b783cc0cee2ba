import HeapModule
import Values

/// What happens when, on a clock that only this moves. Things of the same time happen in the order in which they were planned.
final class Schedule {
    private struct Item: Comparable {
        let time: Swift.Duration
        let ticket: UInt64
        let body: () -> Void
        static func < (left: Item, right: Item) -> Bool { (left.time, left.ticket) < (right.time, right.ticket) }
        static func == (left: Item, right: Item) -> Bool { left.ticket == right.ticket }
    }

    private(set) var now = Swift.Duration.zero
    private(set) var steps = 0
    private var items = Heap<Item>()
    private var tickets: UInt64 = 0

    func at(_ time: Swift.Duration, _ body: @escaping () -> Void) {
        tickets += 1
        items.insert(Item(time: max(time, now), ticket: tickets, body: body))
    }

    func after(_ delay: Swift.Duration, _ body: @escaping () -> Void) { at(now + delay, body) }

    /// Forgets what was planned, and with it whatever the plans hold on to.
    func clear() { items = [] }

    /// Lets everything happen that is due until `end`.
    func run(until end: Swift.Duration) {
        while let item = items.min, item.time <= end {
            items.removeMin()
            now = item.time
            steps += 1
            item.body()
        }
        now = end
    }
}

extension SeededGenerator {
    /// A time between events that come by chance, `mean` apart.
    mutating func interval(mean: Swift.Duration) -> Swift.Duration {
        // Two uniform draws multiplied stand in for an exponential: many short, few long, never more than four means.
        mean * (4 * Double.random(in: 0...1, using: &self) * Double.random(in: 0...1, using: &self))
    }

    mutating func chance(_ probability: Double) -> Bool { probability > 0 && Double.random(in: 0..<1, using: &self) < probability }

    mutating func span(_ milliseconds: ClosedRange<Int>) -> Swift.Duration { .milliseconds(Int.random(in: milliseconds, using: &self)) }
}
