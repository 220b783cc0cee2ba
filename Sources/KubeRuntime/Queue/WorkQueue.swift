import CoreMetrics
import DequeModule
package import KubeModel
package import Logging
import Synchronization
import Values

/// The queue of keys between handlers and workers: `WorkQueueMachine` with a clock, waiting workers and metrics.
package final class WorkQueue: Sendable {
    package typealias Popped = WorkQueueMachine<ObjectKey>.Popped
    package typealias Completion = WorkQueueMachine<ObjectKey>.Completion

    private typealias Handed = (CheckedContinuation<Popped?, Never>, Popped)

    private struct State: Sendable {
        var machine: WorkQueueMachine<ObjectKey>
        var generator: SeededGenerator
        /// Workers that wait, in order of arrival; nil: cancelled before it began to wait.
        var order: Deque<UInt64> = []
        var waiting: [UInt64: CheckedContinuation<Popped?, Never>?] = [:]
        var nextWaiter: UInt64 = 0
    }

    private let state: Mutex<State>
    private let timeline: Timeline
    private let metrics: WorkQueueMetrics
    private let logger: Logger
    private let timer = Bell()
    private let drained = Latch()

    /// A key that a worker has had for so long is told by name: a reconcile is cancelled sooner, so it does not heed that.
    static let stuck = Swift.Duration.seconds(240)

    /// - Parameter name: the metrics' label, by custom the controller's name.
    package init(
        name: String, backoff: Backoff = .reconcile, timeline: Timeline = Timeline(), seed: UInt64 = .random(in: 0 ... .max),
        logger: Logger = Logger(label: "plimsoll.queue")
    ) {
        self.timeline = timeline
        self.logger = logger
        metrics = WorkQueueMetrics(name: name)
        state = Mutex(State(machine: WorkQueueMachine(backoff: backoff), generator: SeededGenerator(seed: seed)))
    }

    // MARK: Adding

    /// Makes a key ready. A `generation` other than the last known one forgets the key's failures.
    package func add(_ key: ObjectKey, priority: QueuePriority = .normal, generation: Int64? = nil) {
        metrics.adds.increment()
        change { machine, now, _ in machine.add(key, priority: priority, generation: generation, now: now) }
    }

    /// Makes a key ready after `delay`, unless it is ready sooner anyway.
    package func add(_ key: ObjectKey, after delay: Swift.Duration, priority: QueuePriority = .normal) {
        change { machine, now, _ in machine.add(key, after: delay, priority: priority, now: now) }
    }

    /// Forgets a key's failures, as when another object took its name.
    package func forget(_ key: ObjectKey) { state.withLock { $0.machine.forget(key) } }

    // MARK: Workers

    /// The next key to work on; nil when the queue is shut down or the task cancelled.
    package func next() async -> Popped? {
        let id = state.withLock { state in
            state.nextWaiter += 1
            state.waiting[state.nextWaiter] = .some(nil)
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Popped?, Never>) in
                let now = timeline.now
                let (answer, handed): (Popped??, [Handed]) = state.withLock { state in
                    // Cancelled already, or nothing will come any more.
                    guard state.waiting[id] != nil, !state.machine.isShutDown else {
                        state.waiting[id] = nil
                        return (.some(nil), [])
                    }
                    if let popped = state.machine.pop(now: now) {
                        state.waiting[id] = nil
                        // Popping makes all due keys ready: the others are for those who wait already.
                        return (popped, Self.handOver(&state, now: now))
                    }
                    state.waiting[id] = .some(continuation)
                    state.order.append(id)
                    return (.none, [])
                }
                deliver(handed)
                guard let answer else { return }
                if let answer { metrics.popped(answer) }
                updateDepth()
                continuation.resume(returning: answer)
            }
        } onCancel: {
            let continuation = state.withLock { $0.waiting.removeValue(forKey: id) ?? nil }
            continuation?.resume(returning: nil)
        }
    }

    /// Gives back a key that `next` handed out.
    package func done(_ key: ObjectKey, _ completion: Completion, took: Swift.Duration) {
        metrics.worked(took)
        switch completion {
        case .failure, .conflict, .throttled: metrics.retries.increment()
        case .success, .requeue, .terminal: break
        }
        change { machine, now, generator in machine.done(key, completion, now: now, using: &generator) }
        if state.withLock({ $0.machine.isDrained }) { drained.open() }
    }

    /// The number of failures of `key` in a row.
    package func failures(of key: ObjectKey) -> Int { state.withLock { $0.machine.failures(of: key) } }

    package var lengths: WorkQueueMachine<ObjectKey>.Lengths { state.withLock { $0.machine.lengths } }

    // MARK: Running and ending

    /// Makes delayed keys ready in time. Returns when the queue is shut down or the task cancelled.
    package func run() async {
        var told: [ObjectKey: Swift.Duration] = [:]
        while !Task.isCancelled {
            let now = timeline.now
            let (isShutDown, deadline, processing) = state.withLock { state in
                (state.machine.isShutDown, state.machine.nextDeadline(), state.machine.processing())
            }
            if isShutDown { return }
            metrics.unfinished(processing.map { now - $0.since })
            tellStuck(processing, now, &told)
            if let deadline, deadline <= now {
                change { machine, now, _ in machine.promote(now: now) ? .worker : .nothing }
                continue
            }
            // The gauges of unfinished work move with the time.
            let pause = min(deadline.map { $0 - now } ?? .seconds(15), .seconds(15))
            _ = await timeline.within(pause) { [timer] in await timer.wait() }
        }
    }

    private func tellStuck(_ processing: [(key: ObjectKey, since: Swift.Duration)], _ now: Swift.Duration, _ told: inout [ObjectKey: Swift.Duration])
    {
        let stuck = processing.filter { now - $0.since >= Self.stuck }
        for (key, since) in stuck where told[key] != since {
            logger.error("a reconcile does not end", metadata: ["object": "\(key)", "for": "\(now - since)"])
        }
        told = Dictionary(stuck.map { ($0.key, $0.since) }) { $1 }
    }

    /// Drops what is queued and sends idle workers home; what they have is finished.
    package func shutDown() {
        let (continuations, isDrained) = state.withLock { state in
            state.machine.shutDown()
            let continuations = state.waiting.values.compactMap { $0 }
            state.waiting = state.waiting.filter { $0.value == nil }
            state.order = []
            return (continuations, state.machine.isDrained)
        }
        for continuation in continuations { continuation.resume(returning: nil) }
        timer.ring()
        updateDepth()
        if isDrained { drained.open() }
    }

    /// Returns when the queue is shut down and every key given back, or when the task is cancelled.
    package func waitUntilDrained() async { await drained.wait() }

    // MARK: Parts

    /// Changes the machine, then hands what is ready to workers that wait, and wakes the timer where its deadline moved forward.
    private func change(_ body: (inout WorkQueueMachine<ObjectKey>, Swift.Duration, inout SeededGenerator) -> WorkQueueMachine<ObjectKey>.Wake) {
        let now = timeline.now
        let (wake, handed) = state.withLock { state in
            let wake = body(&state.machine, now, &state.generator)
            return (wake, Self.handOver(&state, now: now))
        }
        deliver(handed)
        updateDepth()
        if case .timer = wake { timer.ring() }
    }

    /// Takes out what is ready for workers that wait; to be delivered outside of the lock.
    private static func handOver(_ state: inout State, now: Swift.Duration) -> [Handed] {
        var handed: [Handed] = []
        while state.machine.hasReady, let (id, continuation) = firstWaiter(&state) {
            guard let popped = state.machine.pop(now: now) else {
                state.waiting[id] = .some(continuation)
                state.order.prepend(id)
                break
            }
            handed.append((continuation, popped))
        }
        return handed
    }

    private func deliver(_ handed: [Handed]) {
        for (continuation, popped) in handed {
            metrics.popped(popped)
            continuation.resume(returning: popped)
        }
    }

    private static func firstWaiter(_ state: inout State) -> (UInt64, CheckedContinuation<Popped?, Never>)? {
        while let id = state.order.popFirst() {
            if let entry = state.waiting.removeValue(forKey: id), let continuation = entry { return (id, continuation) }
        }
        return nil
    }

    private func updateDepth() { metrics.depth(lengths) }
}
