import DequeModule
import HeapModule

/// Which key goes first. An enum, never a number: it is a metric label.
package enum QueuePriority: Int, Sendable, Hashable, Comparable, CaseIterable {
    /// The initial list and periodic looks.
    case low
    case normal
    /// Something a person waits for.
    case high

    package static func < (left: QueuePriority, right: QueuePriority) -> Bool { left.rawValue < right.rawValue }
}

/// A work queue of keys, as a value: client-go's dirty and processing sets, delays and priorities, with time passed in.
///
/// A key is at any time at most once in the queue and at most once in a worker's hands; what is added while a worker has it leads to exactly
/// one more run. Ready wins over delayed, and of two delays the earlier wins. `now` is monotonic time since any fixed start.
package struct WorkQueueMachine<Key: Hashable & Sendable>: Sendable {
    /// What the shell does after a change.
    package enum Wake: Sendable, Hashable {
        case nothing
        /// A key is ready: let a waiting worker pop.
        case worker
        /// The earliest deadline moved forward: set the timer to it.
        case timer(Swift.Duration)
    }

    /// A key handed to a worker.
    package struct Popped: Sendable {
        package var key: Key
        package var priority: QueuePriority
        /// How long it was ready before.
        package var waited: Swift.Duration
    }

    /// How a worker gives a key back.
    package enum Completion: Sendable, Hashable {
        /// All is well; failures are forgotten.
        case success
        /// All is well; look again after this time, whatever an earlier timer said.
        case requeue(after: Swift.Duration)
        /// Try again after the key's backoff.
        case failure
        /// Try again as soon as the cache has caught up; no failure.
        case conflict
        /// Try again after this time, which somebody else named; no failure.
        case throttled(after: Swift.Duration)
        /// Trying again would not help; only a change leads to another run.
        case terminal
    }

    package struct Lengths: Sendable, Hashable {
        /// Ready keys a class. Keys whose time has not come are not in it.
        package var ready: [QueuePriority: Int]
        package var delayed: Int
        package var processing: Int
    }

    private enum Place: Sendable {
        case nowhere
        case ready(ticket: UInt64)
        case delayed(ticket: UInt64, deadline: Swift.Duration)
    }

    private struct Entry: Sendable {
        var priority: QueuePriority
        /// Where it waits. While a worker has the key: where it goes when the worker is done.
        var place = Place.nowhere
        /// Since when a worker has it, and with which priority.
        var taken: (since: Swift.Duration, priority: QueuePriority)?
        var addedWhileTaken = false
        var failures = 0
        var conflicts = 0
        var generation: Int64?
    }

    private struct Ready: Sendable {
        var key: Key
        var ticket: UInt64
        var since: Swift.Duration
    }

    private struct Timer: Sendable, Comparable {
        var deadline: Swift.Duration
        var ticket: UInt64
        var key: Key
        static func < (left: Timer, right: Timer) -> Bool { (left.deadline, left.ticket) < (right.deadline, right.ticket) }
        static func == (left: Timer, right: Timer) -> Bool { left.ticket == right.ticket }
    }

    /// Every n-th pop takes the key that is ready the longest, whatever its class, so that none starves.
    private static var agingPeriod: Int { 8 }
    /// Longer delays say nothing more, and can't overflow.
    private static var longestDelay: Swift.Duration { .seconds(365 * 86_400) }

    private let backoff: Backoff
    private let conflictBackoff: Backoff
    private var entries: [Key: Entry] = [:]
    /// By class, in the order of becoming ready. A key moved elsewhere leaves a stale item behind, known by its ticket.
    private var ready: [Deque<Ready>] = Array(repeating: [], count: QueuePriority.allCases.count)
    private var readyCounts = Array(repeating: 0, count: QueuePriority.allCases.count)
    private var timers = Heap<Timer>()
    private var delayedCount = 0
    /// Those that a worker has: among many that wait they must not be looked for.
    private var underWay: Set<Key> = []
    private var processingCount: Int { underWay.count }
    private var nextTicket: UInt64 = 0
    private var pops = 0
    package private(set) var isShutDown = false

    package init(backoff: Backoff = .reconcile, conflictBackoff: Backoff = .conflict) {
        self.backoff = backoff
        self.conflictBackoff = conflictBackoff
    }

    // MARK: Adding

    /// Makes `key` ready, or marks it for one more run while a worker has it. A delay it was waiting for is over.
    ///
    /// A `generation` other than the last one known forgets the key's failures: somebody changed the spec, perhaps to mend it.
    package mutating func add(_ key: Key, priority: QueuePriority = .normal, generation: Int64? = nil, now: Swift.Duration) -> Wake {
        guard !isShutDown else { return .nothing }
        promote(now: now)
        var entry = entries[key] ?? Entry(priority: priority)
        if let generation {
            if entry.generation != generation { entry.failures = 0 }
            entry.generation = generation
        }
        defer { entries[key] = entry }
        if entry.taken != nil {
            drop(&entry.place)
            entry.priority = entry.addedWhileTaken ? max(entry.priority, priority) : priority
            entry.addedWhileTaken = true
            return .nothing
        }
        if case .ready = entry.place {
            guard priority > entry.priority else { return .nothing }
            drop(&entry.place, priority: entry.priority)
            entry.priority = priority
        } else {
            if case .delayed = entry.place { entry.priority = max(entry.priority, priority) } else { entry.priority = priority }
            drop(&entry.place)
        }
        push(key, &entry, now: now)
        return .worker
    }

    /// Makes `key` ready after `delay`, unless it is ready sooner anyway.
    package mutating func add(_ key: Key, after delay: Swift.Duration, priority: QueuePriority = .normal, now: Swift.Duration) -> Wake {
        guard delay > .zero else { return add(key, priority: priority, now: now) }
        guard !isShutDown else { return .nothing }
        promote(now: now)
        var entry = entries[key] ?? Entry(priority: priority)
        defer { entries[key] = entry }
        let deadline = now + min(delay, Self.longestDelay)
        switch entry.place {
        case .ready: return .nothing
        case .delayed(_, let earlier) where earlier <= deadline:
            entry.priority = max(entry.priority, priority)
            return .nothing
        case .delayed:
            entry.priority = max(entry.priority, priority)
        case .nowhere:
            if entry.addedWhileTaken { return .nothing }
            entry.priority = priority
        }
        return schedule(key, &entry, until: deadline)
    }

    // MARK: Taking and giving back

    /// The key to work on next; nil when none is ready.
    package mutating func pop(now: Swift.Duration) -> Popped? {
        guard !isShutDown else { return nil }
        promote(now: now)
        for index in ready.indices { trim(index) }
        guard let highest = ready.indices.last(where: { !ready[$0].isEmpty }) else { return nil }
        pops += 1
        var index = highest
        if pops.isMultiple(of: Self.agingPeriod) {
            for other in ready.indices where (ready[other].first?.ticket ?? .max) < (ready[index].first?.ticket ?? .max) { index = other }
        }
        guard let item = ready[index].popFirst(), var entry = entries[item.key] else { return nil }
        readyCounts[index] -= 1
        entry.place = .nowhere
        entry.taken = (now, entry.priority)
        entries[item.key] = entry
        underWay.insert(item.key)
        return Popped(key: item.key, priority: entry.priority, waited: now - item.since)
    }

    /// Gives back a key that was popped. A key that isn't in a worker's hands is ignored.
    package mutating func done(
        _ key: Key, _ completion: Completion, now: Swift.Duration, using generator: inout some RandomNumberGenerator
    ) -> Wake {
        promote(now: now)
        guard var entry = entries[key], let taken = entry.taken else { return .nothing }
        entry.taken = nil
        underWay.remove(key)
        let again: Swift.Duration?
        switch completion {
        case .success:
            (entry.failures, entry.conflicts) = (0, 0)
            again = nil
        case .requeue(let after):
            (entry.failures, entry.conflicts) = (0, 0)
            again = after
        case .terminal:
            entry.conflicts = 0
            again = nil
        case .failure:
            entry.failures += 1
            again = backoff.delay(failures: entry.failures, using: &generator)
        case .conflict:
            entry.conflicts += 1
            again = conflictBackoff.delay(failures: entry.conflicts, using: &generator)
        case .throttled(let after):
            again = after
        }
        var wake = Wake.nothing
        if isShutDown {
            entry.addedWhileTaken = false
        } else if entry.addedWhileTaken {
            entry.addedWhileTaken = false
            push(key, &entry, now: now)
            wake = .worker
        } else if let again {
            // A timer for "look again" must not keep the rank of the event before it; a retry keeps it.
            let priority: QueuePriority =
                if case .requeue = completion { min(taken.priority, .normal) } else { taken.priority }
            if case .delayed = entry.place { entry.priority = max(entry.priority, priority) } else { entry.priority = priority }
            let deadline = now + min(max(again, .zero), Self.longestDelay)
            if again <= .zero {
                drop(&entry.place)
                push(key, &entry, now: now)
                wake = .worker
            } else if case .delayed(_, let earlier) = entry.place, earlier <= deadline {
                wake = .nothing
            } else {
                wake = schedule(key, &entry, until: deadline)
            }
        }
        store(key, entry)
        return wake
    }

    /// Forgets the key's failures, conflicts and generation, as when another object took its name.
    package mutating func forget(_ key: Key) {
        guard var entry = entries[key] else { return }
        (entry.failures, entry.conflicts, entry.generation) = (0, 0, nil)
        store(key, entry)
    }

    /// Drops what is queued; what workers have is finished and given back.
    package mutating func shutDown() {
        isShutDown = true
        for index in ready.indices {
            ready[index] = []
            readyCounts[index] = 0
        }
        timers = []
        delayedCount = 0
        entries = entries.filter { $0.value.taken != nil }
        for key in entries.keys {
            entries[key]?.place = .nowhere
            entries[key]?.addedWhileTaken = false
        }
    }

    // MARK: Looking

    /// The earliest time at which a delayed key becomes ready.
    package mutating func nextDeadline() -> Swift.Duration? {
        while let timer = timers.min, !isCurrent(timer) { timers.removeMin() }
        return timers.min?.deadline
    }

    /// Makes ready what is due; true when something became ready.
    @discardableResult
    package mutating func promote(now: Swift.Duration) -> Bool {
        var any = false
        while let timer = timers.min {
            let current = isCurrent(timer)
            if current, timer.deadline > now { break }
            timers.removeMin()
            guard current, var entry = entries[timer.key] else { continue }
            delayedCount -= 1
            entry.place = .nowhere
            if entry.taken != nil {
                entry.addedWhileTaken = true
            } else {
                push(timer.key, &entry, now: timer.deadline)
                any = true
            }
            entries[timer.key] = entry
        }
        return any
    }

    /// Failures of `key` in a row.
    package func failures(of key: Key) -> Int { entries[key]?.failures ?? 0 }

    package var lengths: Lengths {
        Lengths(
            ready: Dictionary(uniqueKeysWithValues: QueuePriority.allCases.map { ($0, readyCounts[$0.rawValue]) }),
            delayed: delayedCount, processing: processingCount)
    }

    /// Whether a key is ready to be popped, without promoting.
    package var hasReady: Bool { readyCounts.contains { $0 > 0 } }

    /// Shut down, and every worker has given back what it had.
    package var isDrained: Bool { isShutDown && processingCount == 0 }

    /// For each key a worker has: since when.
    package func processing() -> [(key: Key, since: Swift.Duration)] {
        underWay.compactMap { key in entries[key]?.taken.map { (key, $0.since) } }
    }

    // MARK: Parts

    private mutating func ticket() -> UInt64 {
        nextTicket += 1
        return nextTicket
    }

    private mutating func push(_ key: Key, _ entry: inout Entry, now: Swift.Duration) {
        let ticket = ticket()
        entry.place = .ready(ticket: ticket)
        ready[entry.priority.rawValue].append(Ready(key: key, ticket: ticket, since: now))
        readyCounts[entry.priority.rawValue] += 1
    }

    private mutating func schedule(_ key: Key, _ entry: inout Entry, until deadline: Swift.Duration) -> Wake {
        drop(&entry.place)
        let before = nextDeadline()
        let ticket = ticket()
        entry.place = .delayed(ticket: ticket, deadline: deadline)
        timers.insert(Timer(deadline: deadline, ticket: ticket, key: key))
        delayedCount += 1
        compactTimers()
        if let before, before <= deadline { return .nothing }
        return .timer(deadline)
    }

    /// Takes a key from where it waits; what it leaves behind there is stale.
    private mutating func drop(_ place: inout Place, priority: QueuePriority? = nil) {
        switch place {
        case .nowhere: break
        case .ready: if let priority { readyCounts[priority.rawValue] -= 1 }
        case .delayed: delayedCount -= 1
        }
        place = .nowhere
    }

    private func isCurrent(_ timer: Timer) -> Bool {
        if case .delayed(timer.ticket, _) = entries[timer.key]?.place { true } else { false }
    }

    private mutating func trim(_ index: Int) {
        while let first = ready[index].first {
            if case .ready(first.ticket) = entries[first.key]?.place { return }
            ready[index].removeFirst()
        }
    }

    private mutating func compactTimers() {
        guard timers.count > 64, timers.count > 2 * delayedCount else { return }
        timers = Heap(timers.unordered.filter(isCurrent))
    }

    private mutating func store(_ key: Key, _ entry: Entry) {
        if case .nowhere = entry.place, entry.taken == nil, entry.failures == 0, entry.conflicts == 0 {
            entries[key] = nil
        } else {
            entries[key] = entry
        }
    }
}
