import CoreMetrics
package import KubeModel
package import Logging
import Synchronization
import Values

/// Reconciles keys with a number of workers, never one key twice at once.
package final class Controller: Sendable {
    package typealias Reconcile = @Sendable (ObjectKey) async -> Outcome

    package let name: String
    package let workers: Int
    private let reconcile: Reconcile
    private let gate: ConsistencyGate?
    private let timeout: Swift.Duration
    private let timeline: Timeline
    private let logger: Logger
    private let metrics: ControllerMetrics
    private let queue: WorkQueue

    /// - Parameters:
    ///   - name: the metrics' label, such as `slo`.
    ///   - gate: holds a key back until the caches have seen its own writes.
    ///   - timeout: after which a reconcile is cancelled and counts as failed.
    ///   - seed: of the backoff's jitter.
    package init(
        name: String, workers: Int = 8, gate: ConsistencyGate? = nil, timeout: Swift.Duration = .seconds(120), backoff: Backoff = .reconcile,
        timeline: Timeline = Timeline(), seed: UInt64 = .random(in: 0 ... .max), logger: Logger = Logger(label: "plimsoll.controller"),
        reconcile: @escaping Reconcile
    ) {
        self.name = name
        self.workers = max(1, workers)
        self.gate = gate
        self.timeout = timeout
        self.timeline = timeline
        self.reconcile = reconcile
        var logger = logger
        logger[metadataKey: "controller"] = "\(name)"
        self.logger = logger
        metrics = ControllerMetrics(name: name, workers: self.workers)
        queue = WorkQueue(name: name, backoff: backoff, timeline: timeline, seed: seed, logger: logger)
    }

    // MARK: Enqueuing

    package func enqueue(_ key: ObjectKey, priority: QueuePriority = .normal, generation: Int64? = nil) {
        queue.add(key, priority: priority, generation: generation)
    }

    package func enqueue(_ key: ObjectKey, after delay: Swift.Duration, priority: QueuePriority = .normal) {
        queue.add(key, after: delay, priority: priority)
    }

    /// Enqueues the objects of a reflector themselves; the first list at low priority.
    package func reconciles<Object: KubeObject>(_ reflector: Reflector<Object>) {
        reflector.onChange { [queue, gate] change, origin in
            let key = change.key
            // Another object may take the name: what the old one did wrong, and what was written for it, is not its own.
            if case .deleted = change {
                queue.forget(key)
                gate?.forget(key)
            }
            queue.add(key, priority: Self.priority(origin), generation: change.object.metadata.generation)
        }
        reflector.onVanish { [queue] in queue.add($0) }
    }

    /// Enqueues what `owners` says for each change of a reflector's objects; for an update it is asked for the object before and after.
    package func watches<Object: KubeObject>(_ reflector: Reflector<Object>, owners: @escaping @Sendable (Object) -> [ObjectKey]) {
        reflector.onChange { [queue] change, origin in
            var keys = Set(owners(change.object))
            if case .applied(let old?, _) = change { keys.formUnion(owners(old)) }
            for key in keys { queue.add(key, priority: Self.priority(origin)) }
        }
    }

    private static func priority(_ origin: ChangeOrigin) -> QueuePriority { origin == .watch ? .normal : .low }

    // MARK: Running

    /// Works until `stopTaking` and all given back, or until the task is cancelled, which cancels the reconciles under way.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.queue.run() }
            for _ in 0..<workers { group.addTask { await self.work() } }
        }
    }

    /// Drops what is queued; reconciles under way are finished.
    package func stopTaking() { queue.shutDown() }

    /// Returns when nothing is under way any more after `stopTaking`, or when the task is cancelled.
    package func waitUntilIdle() async { await queue.waitUntilDrained() }

    package var lengths: WorkQueueMachine<ObjectKey>.Lengths { queue.lengths }

    private func work() async {
        while let popped = await queue.next() {
            let start = timeline.now
            let completion = await process(popped.key)
            queue.done(popped.key, completion, took: timeline.now - start)
        }
    }

    private func process(_ key: ObjectKey) async -> WorkQueue.Completion {
        metrics.activeWorkers(+1)
        defer { metrics.activeWorkers(-1) }
        let id = ReconcileID.next()
        return await ReconcileContext.$id.withValue(id) { await process(key, id) }
    }

    private func process(_ key: ObjectKey, _ id: ReconcileID) async -> WorkQueue.Completion {
        var logger = logger
        logger[metadataKey: "object"] = "\(key)"
        logger[metadataKey: "reconcileID"] = "\(id)"
        if let gate, !gate.isReady(key) {
            let start = timeline.now
            if await !gate.ensureReady(key) {
                metrics.gateTimeouts.increment()
                logger.warning("the cache has not seen this object's last write in time; going on with what it has")
            }
            metrics.gateWaited(timeline.now - start)
        }
        let start = timeline.now
        let outcome = await timeline.within(timeout) { [reconcile, logger] in
            await ReconcileContext.$logger.withValue(logger) { await reconcile(key) }
        }
        metrics.reconciled(timeline.now - start)
        return conclude(outcome, key, logger)
    }

    /// Counts, logs and translates; nil is a timeout.
    private func conclude(_ outcome: Outcome?, _ key: ObjectKey, _ logger: Logger) -> WorkQueue.Completion {
        switch outcome {
        case .done?:
            metrics.result(.success)
            return .success
        case .requeue(let after)?:
            metrics.result(.requeueAfter)
            return .requeue(after: after)
        case .conflict?:
            metrics.result(.requeue)
            logger.debug("a write met a newer version; trying again")
            return .conflict
        case .throttled(let after)?:
            metrics.result(.requeueAfter)
            logger.info("asked to wait", metadata: ["after": "\(after)"])
            return .throttled(after: after)
        case .retry(let error)? where Task.isCancelled:
            logger.info("reconcile cancelled", metadata: ["error": "\(error)"])
            return .failure
        case .retry(let error)?:
            metrics.result(.error)
            metrics.errors.increment()
            logger.error("reconcile failed", metadata: ["error": "\(error)", "failures": "\(queue.failures(of: key) + 1)"])
            return .failure
        case .terminal(let error)?:
            metrics.result(.error)
            metrics.errors.increment()
            metrics.terminalErrors.increment()
            logger.error("reconcile failed; only a change can help", metadata: ["error": "\(error)"])
            return .terminal
        case nil:
            metrics.result(.error)
            metrics.errors.increment()
            metrics.timeouts.increment()
            logger.error("reconcile took too long and was cancelled", metadata: ["timeout": "\(timeout)"])
            return .failure
        }
    }
}

/// One run of a reconcile, to find all lines of log that belong to it: unique in one process, and all but surely among several.
package struct ReconcileID: Sendable, Hashable, CustomStringConvertible {
    private static let process = UInt32.random(in: 0 ... .max)
    private static let count = Atomic<UInt64>(0)

    private let number: UInt64

    package static func next() -> ReconcileID { ReconcileID(number: count.add(1, ordering: .relaxed).newValue) }

    /// `5f3a09c1-42`
    package var description: String {
        let text = String(Self.process, radix: 16)
        return String(repeating: "0", count: 8 - text.count) + text + "-\(number)"
    }
}

/// What a reconcile may want to know of its run.
package enum ReconcileContext {
    /// Which run this is; nil outside of any. Tasks that a reconcile starts inherit it.
    @TaskLocal package static var id: ReconcileID?
    /// A logger that names controller, object and run.
    @TaskLocal package static var logger = Logger(label: "plimsoll.reconcile")
}
