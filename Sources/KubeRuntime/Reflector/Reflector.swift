import CoreMetrics
import KubeClient
package import KubeModel
package import Logging
import Synchronization
import Values

/// A cache that the manager runs and waits for.
package protocol CacheService: Sendable {
    /// The resource, such as `slos.plimsoll.dev`, with its namespace where there is only one.
    var name: String { get }
    /// The first list is in the store, and all handlers have seen it.
    var hasSynced: Bool { get }
    /// What keeps the cache from being true now; nil when nothing does.
    var trouble: String? { get }
    /// How many objects the cache holds.
    var objectCount: Int { get }
    /// How long ago the API server last sent anything on a watch of this kind; nil before the first watch.
    var silence: Swift.Duration? { get }
    /// Returns when `hasSynced`, or when the task is cancelled.
    func waitUntilSynced() async
    /// Runs until the task is cancelled.
    func run() async
}

/// Keeps a store true to a collection of the API server, and tells handlers of each change.
///
/// Handlers run inline, after the store has the change and before the next event: they only enqueue keys.
package final class Reflector<Object: KubeObject>: CacheService {
    package typealias Handler = @Sendable (StoreChange<Object>, ChangeOrigin) -> Void

    private struct State: Sendable {
        var machine: ReflectorMachine
        var generator: SeededGenerator
        var handlers: [Handler] = []
        /// What to do after a stream that an event of its own ended.
        var verdict: ReflectorMachine.Action?
        var lastActivity: Swift.Duration?
        var loggedTrouble: String?
    }

    private enum WatchOutcome: Sendable {
        case ended, timedOut, stopped
        case failed(KubeError)
    }

    package let name: String
    package let store: Store<Object>
    private let source: any CollectionSource<Object>
    private let timeline: Timeline
    private let logger: Logger
    private let absenceIsSynced: Bool
    private let metrics: ReflectorMetrics
    private let state: Mutex<State>
    private let synced = Latch()

    /// - Parameters:
    ///   - absenceIsSynced: a kind that the server doesn't have counts as one without objects (an optional CRD).
    ///   - seed: of jitter and spread.
    package init(
        source: any CollectionSource<Object>, store: Store<Object>, name: String = Object.resource.description, absenceIsSynced: Bool = false,
        settings: ReflectorMachine.Settings = .init(), timeline: Timeline = Timeline(), seed: UInt64 = .random(in: 0 ... .max),
        logger: Logger = Logger(label: "plimsoll.reflector")
    ) {
        self.name = name
        self.store = store
        self.source = source
        self.timeline = timeline
        self.absenceIsSynced = absenceIsSynced
        var logger = logger
        logger[metadataKey: "kind"] = "\(name)"
        self.logger = logger
        metrics = ReflectorMetrics(name: name)
        state = Mutex(State(machine: ReflectorMachine(settings: settings), generator: SeededGenerator(seed: seed)))
    }

    package var hasSynced: Bool { synced.isOpen }
    package var trouble: String? { state.withLock { troubleText($0.machine) } }
    package var objectCount: Int { store.count }
    package var silence: Swift.Duration? { state.withLock(\.lastActivity).map { timeline.now - $0 } }
    package var counters: ReflectorMachine.Counters { state.withLock { $0.machine.counters } }
    /// The server doesn't have the kind.
    package var isAbsent: Bool { state.withLock { $0.machine.isAbsent } }
    package func waitUntilSynced() async { await synced.wait() }

    /// Adds a handler; only before `run`, so that it sees everything.
    package func onChange(_ handler: @escaping Handler) { state.withLock { $0.handlers.append(handler) } }

    package func run() async {
        var pages: [Object] = []
        var unreadable: Set<String> = []
        var action = step { machine, _, _ in machine.start() }
        while !Task.isCancelled {
            report()
            switch action {
            case .list(let limit, let token, let startsOver):
                if startsOver { (pages, unreadable) = ([], []) }
                do throws(KubeError) {
                    let page = try await source.page(limit: limit, continueToken: token)
                    pages += page.items
                    for item in page.undecodable {
                        unreadable.insert(item.name)
                        metrics.undecodable.increment()
                        logger.warning("an object of the list can't be read", metadata: ["object": "\(item.name)", "error": "\(item.message)"])
                    }
                    action = step { machine, now, generator in
                        machine.listed(resourceVersion: page.resourceVersion, continueToken: page.continueToken, now: now, using: &generator)
                    }
                } catch {
                    action = step { machine, now, generator in machine.listFailed(RequestFailure(error), now: now, using: &generator) }
                }
            case .replace(let version):
                let changes = store.replace(with: pages, resourceVersion: version, unreadable: unreadable)
                logger.debug("listed", metadata: ["objects": "\(pages.count)", "changes": "\(changes.count)", "version": "\(version)"])
                (pages, unreadable) = ([], [])
                await tell(changes)
                action = step { machine, now, generator in machine.replaced(now: now, using: &generator) }
            case .confirmAbsence:
                do throws(KubeError) {
                    let isAbsent = try await source.lacksKind()
                    action = step { machine, now, generator in machine.absenceAnswered(isAbsent, now: now, using: &generator) }
                } catch {
                    action = step { machine, now, generator in machine.absenceUnanswered(RequestFailure(error), now: now, using: &generator) }
                }
            case .clear:
                await tell(store.replace(with: [], resourceVersion: ""), isAbsent: true)
                action = step { machine, now, generator in machine.replaced(now: now, using: &generator) }
            case .watch(let version, let seconds):
                action = await watch(from: version, timeoutSeconds: seconds)
            case .wait(let delay):
                do { try await timeline.sleep(for: delay) } catch { return }
                action = step { machine, now, generator in machine.waited(now: now, using: &generator) }
            }
        }
    }

    // MARK: Watching

    private func watch(from version: String, timeoutSeconds: Int) async -> ReflectorMachine.Action {
        state.withLock { $0.verdict = nil }
        let outcome = await withTaskGroup(of: WatchOutcome.self) { group in
            group.addTask { [self] in
                do throws(KubeError) {
                    try await source.watch(from: version, timeoutSeconds: timeoutSeconds, onStart: { self.started() }, onEvent: { self.take($0) })
                    return .ended
                } catch {
                    return .failed(error)
                }
            }
            group.addTask { [self] in await superviseSilence() }
            let first = await group.next() ?? .stopped
            group.cancelAll()
            return first
        }
        return step { machine, now, generator, verdict in
            if let verdict { return verdict }
            return switch outcome {
            case .ended, .stopped: machine.watchEnded(now: now, using: &generator)
            case .timedOut: machine.watchTimedOut(now: now, using: &generator)
            case .failed(let error): machine.watchFailed(RequestFailure(error), inStream: false, now: now, using: &generator)
            }
        }
    }

    /// Ends when the stream has been silent for longer than the machine allows. Looks every few seconds, as the deadline may move forward.
    private func superviseSilence() async -> WatchOutcome {
        while let deadline = state.withLock({ $0.machine.watchDeadline }) {
            let now = timeline.now
            if now >= deadline { return .timedOut }
            do { try await timeline.sleep(until: min(deadline, now + .seconds(10))) } catch { return .stopped }
        }
        // An event has ended the stream already.
        return .stopped
    }

    private func started() {
        let now = timeline.now
        state.withLock { state in
            state.lastActivity = now
            state.machine.watchStarted(now: now)
        }
        report()
    }

    /// Takes one event; false ends the stream.
    private func take(_ event: WatchEvent<Object>) -> Bool {
        let now = timeline.now
        state.withLock { $0.lastActivity = now }
        switch event {
        case .added(let object), .modified(let object):
            for change in store.apply(object) { tell(change, .watch) }
            state.withLock { $0.machine.accepted(resourceVersion: object.metadata.resourceVersion, now: now) }
        case .deleted(let object):
            for change in store.delete(object) { tell(change, .watch) }
            state.withLock { $0.machine.accepted(resourceVersion: object.metadata.resourceVersion, now: now) }
        case .bookmark(let version, _):
            store.advance(to: version)
            state.withLock { $0.machine.bookmark(resourceVersion: version, now: now) }
        case .error(let status):
            state.withLock { $0.verdict = $0.machine.watchFailed(RequestFailure(status), inStream: true, now: now, using: &$0.generator) }
            return false
        case .undecodable(let text):
            metrics.undecodable.increment()
            state.withLock { $0.verdict = $0.machine.undecodableEvent(text, now: now, using: &$0.generator) }
            return false
        }
        return true
    }

    // MARK: Parts

    private func step(
        _ body: (inout ReflectorMachine, Swift.Duration, inout SeededGenerator, ReflectorMachine.Action?) -> ReflectorMachine.Action
    ) -> ReflectorMachine.Action {
        let now = timeline.now
        return state.withLock { body(&$0.machine, now, &$0.generator, $0.verdict) }
    }

    private func step(_ body: (inout ReflectorMachine, Swift.Duration, inout SeededGenerator) -> ReflectorMachine.Action) -> ReflectorMachine.Action {
        step { machine, now, generator, _ in body(&machine, now, &generator) }
    }

    private func tell(_ change: StoreChange<Object>, _ origin: ChangeOrigin) {
        for handler in state.withLock(\.handlers) { handler(change, origin) }
    }

    private func tell(_ changes: [StoreChange<Object>], isAbsent: Bool = false) async {
        let origin: ChangeOrigin = hasSynced ? .relist : .initialList
        for (index, change) in changes.enumerated() {
            tell(change, origin)
            // A long list must not hold one of two cooperative threads.
            if index % 256 == 255 { await Task.yield() }
        }
        if !isAbsent || absenceIsSynced { synced.open() }
    }

    private func troubleText(_ machine: ReflectorMachine) -> String? {
        machine.isAbsent && absenceIsSynced ? nil : machine.trouble?.description
    }

    /// Metrics, and one line of log whenever trouble comes, changes or goes.
    private func report() {
        let (counters, trouble, before) = state.withLock { state in
            let text = troubleText(state.machine)
            defer { state.loggedTrouble = text }
            return (state.machine.counters, text, state.loggedTrouble)
        }
        metrics.report(counters, objects: store.count, isSynced: hasSynced)
        guard trouble != before else { return }
        if isAbsent, absenceIsSynced {
            logger.info("the server has no such kind, and need not have it")
        } else if let trouble {
            logger.warning("the cache can't follow the API server", metadata: ["trouble": "\(trouble)"])
        } else {
            logger.info("the cache follows the API server again")
        }
    }
}
