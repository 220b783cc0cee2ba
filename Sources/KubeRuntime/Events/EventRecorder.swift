import CoreMetrics
import DequeModule
package import KubeClient
package import KubeModel
package import Logging
import Synchronization
package import Values

/// Where events go.
package protocol EventSink: Sendable {
    func create(namespace: String, body: JSON) async throws(KubeError)
    func update(_ key: ObjectKey, body: JSON) async throws(KubeError)
}

/// The API server's events.
package struct KubeEventSink: EventSink {
    private let client: KubeClient

    package init(_ client: KubeClient) { self.client = client }

    package func create(namespace: String, body: JSON) async throws(KubeError) {
        try await client.create(.events, namespace: namespace, body: body)
    }

    package func update(_ key: ObjectKey, body: JSON) async throws(KubeError) {
        try await client.patch(.events, key, .merge(body))
    }
}

/// Tells people what happened, as Kubernetes Events. `record` never waits: a full queue drops, and counts what it dropped.
package final class EventRecorder: Sendable {
    private enum Write: Sendable {
        case create(EventRecord)
        case update(EventRecord)
    }
    private struct State: Sendable {
        var machine: EventSeriesMachine
        var writes: Deque<Write> = []
        var underWay = 0
        var generator: SeededGenerator
    }

    private static var capacity: Int { 1_000 }
    private static var tries: Int { 5 }

    private let sink: any EventSink
    private let controller: String
    private let instance: String
    private let timeline: Timeline
    private let wallClock: @Sendable () -> Instant
    private let logger: Logger
    private let backoff = Backoff(base: .milliseconds(500), cap: .seconds(10), jitter: .full)
    private let state: Mutex<State>
    private let filled = Bell()
    private let written: Counter
    private let coalesced: Counter
    private let dropped: Counter
    private let failed: Counter

    /// - Parameters:
    ///   - controller: who reports, such as `plimsoll.dev/plimsoll`.
    ///   - instance: which process of it, such as the pod's name.
    package init(
        sink: any EventSink, controller: String = "plimsoll.dev/plimsoll", instance: String, settings: EventSeriesMachine.Settings = .init(),
        timeline: Timeline = Timeline(), wallClock: @escaping @Sendable () -> Instant, seed: UInt64 = .random(in: 0 ... .max),
        logger: Logger = Logger(label: "plimsoll.events")
    ) {
        self.sink = sink
        self.controller = controller
        self.instance = instance
        self.timeline = timeline
        self.wallClock = wallClock
        self.logger = logger
        state = Mutex(State(machine: EventSeriesMachine(settings: settings), generator: SeededGenerator(seed: seed)))
        func counter(_ outcome: String) -> Counter {
            let counter = Counter(label: "plimsoll_events_total", dimensions: [("outcome", outcome)])
            counter.increment(by: 0)
            return counter
        }
        (written, coalesced, dropped, failed) = (counter("written"), counter("coalesced"), counter("dropped"), counter("failed"))
    }

    /// The rights to write events about objects of one namespace, or of all.
    package static func requiredAccess(namespace: String?) -> [RequiredAccess] {
        RequiredAccess.all(["create", "patch"], .events, namespace: namespace)
    }

    /// Something happened.
    package func record(_ content: EventContent) {
        let now = wallClock()
        let outcome: Counter? = state.withLock { state in
            switch state.machine.record(content, now: now) {
            case .create(let record): append(.create(record), &state) ? nil : dropped
            case .update(let record): append(.update(record), &state) ? nil : dropped
            case .hold: coalesced
            case .drop: dropped
            }
        }
        outcome?.increment()
        if outcome == nil { filled.ring() }
    }

    package func record(_ regarding: ObjectReference, _ type: EventType, reason: String, action: String, note: String) {
        record(EventContent(regarding: regarding, type: type, reason: reason, action: action, note: note))
    }

    /// Writes events until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.writeAll() }
            group.addTask { await self.sweep() }
        }
    }

    /// Returns when `run` has written all that was recorded so far, or after `limit`. What is under way then ends with `run`.
    package func settle(within limit: Swift.Duration) async {
        finishSeries()
        filled.ring()
        _ = await timeline.within(limit) { [self] in
            while !state.withLock({ $0.writes.isEmpty && $0.underWay == 0 }), (try? await timeline.sleep(for: .milliseconds(5))) != nil {}
        }
    }

    /// Writes what is left, at the end, for at most `limit`.
    package func flush(within limit: Swift.Duration = .seconds(2)) async {
        finishSeries()
        let finished: Void? = await timeline.within(limit) { [self] in
            while !Task.isCancelled, let write = state.withLock({ $0.writes.popFirst() }) { await self.write(write) }
        }
        let left = state.withLock(\.writes.count)
        if finished == nil || left > 0 {
            dropped.increment(by: Int64(left))
            logger.warning("events left unwritten at the end", metadata: ["events": "\(left)"])
        }
    }

    /// Has what was only counted so far written.
    private func finishSeries() {
        let now = wallClock()
        state.withLock { state in
            for record in state.machine.flush(now: now) { _ = append(.update(record), &state) }
        }
    }

    private func writeAll() async {
        while !Task.isCancelled {
            let next = state.withLock { state in
                let next = state.writes.popFirst()
                if next != nil { state.underWay += 1 }
                return next
            }
            guard let next else {
                await filled.wait()
                continue
            }
            await write(next)
            state.withLock { $0.underWay -= 1 }
        }
    }

    private func sweep() async {
        while (try? await timeline.sleep(for: .seconds(60))) != nil {
            let now = wallClock()
            state.withLock { state in
                for record in state.machine.sweep(now: now) { _ = append(.update(record), &state) }
            }
            filled.ring()
        }
    }

    private func append(_ write: Write, _ state: inout State) -> Bool {
        guard state.writes.count < Self.capacity else { return false }
        state.writes.append(write)
        return true
    }

    /// Tries a few times; a write that the task's end interrupts goes back to the queue.
    private func write(_ first: Write) async {
        var write = first
        var failures = 0
        while true {
            do throws(KubeError) {
                try await send(write)
                return written.increment()
            } catch {
                if Task.isCancelled { return putBack(write) }
                if error.isAlreadyExists {
                    // A replay of our own create.
                    return written.increment()
                }
                failures += 1
                if case .update(let record) = write, error.isNotFound, failures < Self.tries {
                    // The Event has outlived its time in the API server: begin another with the count so far.
                    write = .create(record)
                    continue
                }
                guard error.isRetriable, failures < Self.tries else {
                    logger.warning("an event could not be written", metadata: ["error": "\(error)"])
                    return failed.increment()
                }
                let delay = error.retryAfter ?? state.withLock { backoff.delay(failures: failures, using: &$0.generator) }
                if (try? await timeline.sleep(for: delay)) == nil { return putBack(write) }
            }
        }
    }

    private func putBack(_ write: Write) { state.withLock { $0.writes.prepend(write) } }

    private func send(_ write: Write) async throws(KubeError) {
        switch write {
        case .create(let record):
            try await sink.create(
                namespace: EventBody.namespace(record), body: EventBody.create(record, controller: controller, instance: instance))
        case .update(let record):
            try await sink.update(EventBody.key(record), body: EventBody.update(record))
        }
    }
}
