import CoreMetrics
import KubeModel
import KubeRuntime
import Logging
package import Notify
import ServiceLevels
import Synchronization
import Values

/// A notifier of the configuration, as the SLO controller needs it.
package struct SLONotifierDefinition: Sendable {
    package var sender: any NotificationSending
    /// Whether objects of a namespace may use it.
    package var allows: @Sendable (_ namespace: String) -> Bool

    package init(sender: any NotificationSending, allows: @escaping @Sendable (_ namespace: String) -> Bool) {
        self.sender = sender
        self.allows = allows
    }
}

/// A notifier at work: it tells what is wanted beside the reconciler's workers, as many messages at once as the peer takes, and tries again what failed.
final class NotifierRuntime: Sendable {
    private struct State: Sendable {
        var machine: DeliveryMachine
        var generator: SeededGenerator
        /// What keeps it from telling anybody: a file that can't be read.
        var trouble: String?
    }

    /// How often its files are looked at: nobody should learn of a missing Secret by an incident.
    private static let fileCheck = Swift.Duration.seconds(30)

    let definition: SLONotifierDefinition
    private let timeline: Timeline
    private let logger: Logger
    private let notify: @Sendable (ObjectKey) -> Void
    /// Told when it can tell nobody any more, or can again.
    private let onTrouble: @Sendable () -> Void
    private let state: Mutex<State>
    private let news = Bell()
    private let pending: Gauge
    private let delivered: Counter
    private let failed: Counter
    private let refused: Counter
    private let abandoned: Counter

    var name: String { definition.sender.name }

    init(
        _ definition: SLONotifierDefinition, timeline: Timeline, logger: Logger, seed: UInt64 = .random(in: 0 ... .max),
        notify: @escaping @Sendable (ObjectKey) -> Void, onTrouble: @escaping @Sendable () -> Void = {}
    ) {
        let name = definition.sender.name
        self.definition = definition
        self.timeline = timeline
        var logger = logger
        logger[metadataKey: "notifier"] = "\(name)"
        self.logger = logger
        self.notify = notify
        self.onTrouble = onTrouble
        state = Mutex(
            State(machine: DeliveryMachine(notifier: name, traits: definition.sender.traits), generator: SeededGenerator(seed: seed)))
        func counter(_ outcome: String) -> Counter {
            let counter = Counter(label: "plimsoll_notifications_total", dimensions: [("notifier", name), ("outcome", outcome)])
            counter.increment(by: 0)
            return counter
        }
        delivered = counter("delivered")
        failed = counter("failed")
        refused = counter("refused")
        abandoned = counter("abandoned")
        pending = Gauge(label: "plimsoll_notifications_pending", dimensions: [("notifier", name)])
        pending.record(0)
    }

    /// All that an SLO wants told, as its status has it: what is told was noted there first.
    func want(_ slo: ObjectKey, _ wanted: [(policy: String, message: Message, isTold: Bool)]) {
        // What is told already is wanted again at each look: whoever waits is called only for what is new.
        if change({ $0.want(slo, wanted, now: timeline.now) }) { news.ring() }
    }

    /// An SLO is gone, or none of ours any more.
    func forget(_ slo: ObjectKey) {
        change { $0.forget(slo, now: timeline.now) }
        news.ring()
    }

    /// What is still to be told of SLOs that are gone.
    var orphans: [PendingEnds.End] { state.withLock { $0.machine.orphans } }

    func adopt(_ orphans: [PendingEnds.End]) {
        change { $0.adopt(orphans, now: timeline.now) }
        news.ring()
    }

    private func change<Result>(_ body: (inout DeliveryMachine) -> Result) -> Result {
        let (result, before, after) = state.withLock { state in
            let before = state.machine.pending
            return (body(&state.machine), before, state.machine.pending)
        }
        if before != after { pending.record(after) }
        return result
    }

    func results(of slo: ObjectKey) -> [NotificationResult] { state.withLock { $0.machine.results(of: slo) } }

    var trouble: String? { state.withLock(\.trouble) }

    var part: ManagedPart { ManagedPart("notifier \(name)") { [self] in await run() } }

    private func watchFiles() async {
        while !Task.isCancelled {
            let trouble = await definition.sender.trouble()
            let before = state.withLock { state in
                defer { state.trouble = trouble }
                return state.trouble
            }
            if trouble != before {
                if let trouble {
                    logger.error("the notifier can tell nobody until this is mended", metadata: ["error": "\(trouble)"])
                } else {
                    logger.notice("the notifier's files can be read")
                }
                onTrouble()
            }
            try? await timeline.sleep(for: Self.fileCheck)
        }
    }

    private func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { [self] in await watchFiles() }
            while !Task.isCancelled {
                let (batch, wait) = state.withLock { state in
                    let batch = state.machine.take(now: timeline.now)
                    return (batch, state.machine.wait(now: timeline.now))
                }
                guard batch.isEmpty else {
                    group.addTask { [self] in await deliver(batch) }
                    continue
                }
                _ = await timeline.within(min(wait ?? .seconds(60), .seconds(60))) { [news] in await news.wait() }
            }
        }
    }

    private func deliver(_ batch: [(key: DeliveryMachine.Key, message: Message)]) async {
        let result: Result<String, NotifyFailure>
        do throws(NotifyFailure) {
            result = .success(try await definition.sender.send(batch.map(\.message)))
            delivered.increment(by: batch.count)
        } catch {
            result = .failure(error)
            // Its end, not the peer's fault.
            if !Task.isCancelled {
                (error.isFinal ? refused : failed).increment(by: batch.count)
                logger.warning(
                    "a notification could not be delivered",
                    metadata: ["object": "\(batch[0].key.slo)", "policy": "\(batch[0].key.policy)", "error": "\(error)"])
            }
        }
        let (finished, count) = state.withLock { state in
            let finished = state.machine.finished(batch.map(\.key), result, now: timeline.now, using: &state.generator)
            return (finished, state.machine.pending)
        }
        pending.record(count)
        for key in finished.givenUp {
            abandoned.increment()
            logger.error(
                "the end of what was told of an SLO that is gone is given up: close it by hand",
                metadata: ["object": "\(key.slo)", "policy": "\(key.policy)"])
        }
        for key in finished.news.sorted() { notify(key) }
        news.ring()
    }
}
