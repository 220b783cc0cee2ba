import DequeModule

/// At most `limit` items under way; the others wait in the order they came. Pure.
struct InFlightLimiter<Item> {
    let limit: Int
    private(set) var inFlight = 0
    private var queue: Deque<(id: UInt64, item: Item)> = []

    init(limit: Int) {
        self.limit = max(1, limit)
    }

    var waiting: Int { queue.count }

    /// True: the item is under way now. False: it waits.
    mutating func admit(id: UInt64, _ item: Item) -> Bool {
        if inFlight < limit, queue.isEmpty {
            inFlight += 1
            return true
        }
        queue.append((id, item))
        return false
    }

    /// One under way has ended; the item that takes its place is under way when this returns.
    mutating func release() -> Item? {
        inFlight -= 1
        guard inFlight < limit, let next = queue.popFirst() else { return nil }
        inFlight += 1
        return next.item
    }

    /// Takes a waiting item out of the queue.
    mutating func withdraw(id: UInt64) -> Item? {
        guard let index = queue.firstIndex(where: { $0.id == id }) else { return nil }
        return queue.remove(at: index).item
    }

    /// Takes out all waiting items for which the condition holds, in order.
    mutating func withdraw(where condition: (Item) -> Bool) -> [Item] {
        let taken = queue.filter { condition($0.item) }.map(\.item)
        if !taken.isEmpty { queue.removeAll { condition($0.item) } }
        return taken
    }
}
