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
    package typealias Handler = ReflectorCore<Object>.Handler

    private struct State: Sendable {
        var generator: SeededGenerator
        var lastActivity: Swift.Duration?
        var loggedTrouble: String?
        var isAdmitted = false
    }

    private enum Outcome: Sendable {
        case of(ReflectorCore<Object>.WatchOutcome)
        case stopped
    }

    /// More than this goes into the store on a thread of its own: two cooperative threads are too few to lend one for long.
    private static var quickCommit: Int { 1_000 }

    package let name: String
    package let core: ReflectorCore<Object>
    private let source: any CollectionSource<Object>
    private let timeline: Timeline
    private let logger: Logger
    private let absenceIsSynced: Bool
    private let admission: ListAdmission?
    private let state: Mutex<State>
    private let synced = Latch()

    /// - Parameters:
    ///   - absenceIsSynced: a kind that the server doesn't have counts as one without objects (an optional CRD).
    ///   - admission: what it shares with the other kinds of the daemon, so that their first lists don't come all at once.
    ///   - seed: of jitter and spread.
    package init(
        source: any CollectionSource<Object>, store: Store<Object>, name: String = Object.resource.description, absenceIsSynced: Bool = false,
        settings: ReflectorMachine.Settings = .init(), admission: ListAdmission? = nil, timeline: Timeline = Timeline(),
        seed: UInt64 = .random(in: 0 ... .max), logger: Logger = Logger(label: "plimsoll.reflector")
    ) {
        self.name = name
        self.source = source
        self.timeline = timeline
        self.absenceIsSynced = absenceIsSynced
        self.admission = admission
        admission?.join()
        var logger = logger
        logger[metadataKey: "kind"] = "\(name)"
        self.logger = logger
        core = ReflectorCore(store: store, name: name, settings: settings, seed: seed, logger: logger)
        state = Mutex(State(generator: SeededGenerator(seed: seed &+ 1)))
    }

    package var store: Store<Object> { core.store }
    package var hasSynced: Bool { synced.isOpen }
    package var trouble: String? { troubleText(core.machine) }
    package var objectCount: Int { store.count }
    package var silence: Swift.Duration? { state.withLock(\.lastActivity).map { timeline.now - $0 } }
    package var counters: ReflectorMachine.Counters { core.machine.counters }
    /// The server doesn't have the kind.
    package var isAbsent: Bool { core.machine.isAbsent }
    package func waitUntilSynced() async { await synced.wait() }

    /// Adds a handler; only before `run`, so that it sees everything.
    package func onChange(_ handler: @escaping Handler) { core.onChange(handler) }

    /// Adds a handler for the end of objects that could never be read; only before `run`.
    package func onVanish(_ handler: @escaping ReflectorCore<Object>.VanishHandler) { core.onVanish(handler) }

    package func run() async {
        defer { leaveAdmission() }
        await spreadStart()
        var action = core.start(now: timeline.now)
        while !Task.isCancelled {
            report()
            switch action {
            case .list(let limit, let token, let startsOver):
                if startsOver {
                    core.forgetPages()
                    await enterAdmission()
                }
                do throws(KubeError) {
                    let page = try await source.page(limit: limit, continueToken: token)
                    action = core.listed(page, now: timeline.now)
                } catch {
                    action = core.listFailed(error, now: timeline.now)
                }
            case .replace(let version): action = await commit(version)
            case .confirmAbsence:
                do throws(KubeError) {
                    let isAbsent = try await source.lacksKind()
                    action = core.absenceAnswered(isAbsent, now: timeline.now)
                } catch {
                    action = core.absenceUnanswered(error, now: timeline.now)
                }
            case .clear:
                await tell(core.clear(), isSynced: absenceIsSynced)
                action = core.replaced(isSynced: absenceIsSynced, now: timeline.now)
            case .watchList(let seconds):
                core.forgetPages()
                await enterAdmission()
                action = await watch(from: nil, timeoutSeconds: seconds)
            case .watch(let version, let seconds): action = await watch(from: version, timeoutSeconds: seconds)
            case .follow:
                // Asked for only while a stream is open, and answered there.
                action = core.waited(now: timeline.now)
            case .wait(let delay):
                leaveAdmission()
                do { try await timeline.sleep(for: delay) } catch { return }
                action = core.waited(now: timeline.now)
            }
        }
    }

    // MARK: Taking turns

    private func spreadStart() async {
        guard let spread = admission?.spread, spread > .zero else { return }
        let share = state.withLock { Double.random(in: 0...1, using: &$0.generator) }
        try? await timeline.sleep(for: spread * share)
    }

    private func enterAdmission() async {
        guard let admission, !hasSynced, !state.withLock(\.isAdmitted) else { return }
        state.withLock { $0.isAdmitted = true }
        await admission.enter()
    }

    private func leaveAdmission() {
        let wasAdmitted = state.withLock { state in
            defer { state.isAdmitted = false }
            return state.isAdmitted
        }
        if wasAdmitted { admission?.leave() }
    }

    // MARK: Watching

    /// - Parameter version: nil begins with all objects.
    private func watch(from version: String?, timeoutSeconds: Int) async -> ReflectorMachine.Action {
        core.watchOpens()
        let outcome = await withTaskGroup(of: Outcome.self) { group in
            group.addTask { [self] in
                do throws(KubeError) {
                    try await source.watch(
                        from: version, timeoutSeconds: timeoutSeconds, onStart: { self.started() }, onEvent: { await self.take($0) })
                    return .of(.ended)
                } catch {
                    return .of(.failed(error))
                }
            }
            group.addTask { [self] in await superviseSilence() }
            let first = await group.next() ?? .stopped
            group.cancelAll()
            return first
        }
        let conclusion: ReflectorCore<Object>.WatchOutcome = if case .of(let outcome) = outcome { outcome } else { .ended }
        return core.watchConcluded(conclusion, now: timeline.now)
    }

    /// Ends when the stream has been silent for longer than the machine allows. Looks every few seconds, as the deadline may move forward.
    private func superviseSilence() async -> Outcome {
        while let deadline = core.machine.watchDeadline {
            let now = timeline.now
            if now >= deadline { return .of(.timedOut) }
            do { try await timeline.sleep(until: min(deadline, now + .seconds(10))) } catch { return .stopped }
        }
        // An event has ended the stream already.
        return .stopped
    }

    private func started() {
        let now = timeline.now
        state.withLock { $0.lastActivity = now }
        core.watchStarted(now: now)
        report()
    }

    /// Takes one event; false ends the stream.
    private func take(_ event: WatchEvent<Object>) async -> Bool {
        let now = timeline.now
        state.withLock { $0.lastActivity = now }
        switch core.take(event, now: now) {
        case .goOn: return true
        case .end: return false
        case .commit(let version):
            _ = await commit(version)
            report()
            return true
        }
    }

    // MARK: Parts

    /// Puts into the store what was set aside, and tells the handlers.
    private func commit(_ version: String) async -> ReflectorMachine.Action {
        let core = core
        let changes =
            core.pending > Self.quickCommit
            ? await BlockingThread.run { core.commit(resourceVersion: version) } : core.commit(resourceVersion: version)
        await tell(changes, isSynced: true)
        leaveAdmission()
        return core.replaced(now: timeline.now)
    }

    private func tell(_ changes: [StoreChange<Object>], isSynced: Bool) async {
        let origin: ChangeOrigin = hasSynced ? .relist : .initialList
        for (index, change) in changes.enumerated() {
            core.tell(change, origin)
            // A long list must not hold one of two cooperative threads.
            if index % 256 == 255 { await Task.yield() }
        }
        if isSynced { synced.open() }
    }

    private func troubleText(_ machine: ReflectorMachine) -> String? {
        machine.isAbsent && absenceIsSynced ? nil : machine.trouble?.description
    }

    /// Metrics, and one line of log whenever trouble comes, changes or goes.
    private func report() {
        let trouble = troubleText(core.machine)
        let before = state.withLock { state in
            defer { state.loggedTrouble = trouble }
            return state.loggedTrouble
        }
        core.report()
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
