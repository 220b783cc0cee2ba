import CoreMetrics
package import KubeClient
package import KubeModel
package import Logging
import Synchronization
import Values

/// A reflector without its I/O and its clock: the machine, the store, what a list sets aside, and the handlers. The shell (`Reflector`) performs the
/// actions and tells what came of them; a simulation does the same on a virtual clock.
package final class ReflectorCore<Object: KubeObject>: Sendable {
    package typealias Handler = @Sendable (StoreChange<Object>, ChangeOrigin) -> Void
    /// Told of the end of an object that could never be read: there is nothing to show of it but its key.
    package typealias VanishHandler = @Sendable (ObjectKey) -> Void
    package typealias Action = ReflectorMachine.Action

    /// What to do with a stream after one of its events.
    package enum Taken: Sendable, Hashable {
        case goOn
        case end
        /// All objects are there: `commit`, tell the changes, call `replaced`, go on.
        case commit(resourceVersion: String)
    }

    /// How a stream came to its end.
    package enum WatchOutcome: Sendable {
        case ended, timedOut
        case failed(KubeError)
    }

    private struct State: Sendable {
        var machine: ReflectorMachine
        var generator: SeededGenerator
        var handlers: [Handler] = []
        var vanishHandlers: [VanishHandler] = []
        /// Objects of a list, until the store gets them. Of a watch's beginning, the last of a key counts.
        var pages: [Object] = []
        var beginning: [ObjectKey: Object] = [:]
        var unreadable: Set<String> = []
        /// What to do after a stream that an event of its own ended.
        var verdict: Action?
        var hasSynced = false
    }

    package let store: Store<Object>
    private let logger: Logger
    private let metrics: ReflectorMetrics
    private let state: Mutex<State>

    /// - Parameter seed: of jitter and spread.
    package init(store: Store<Object>, name: String, settings: ReflectorMachine.Settings = .init(), seed: UInt64, logger: Logger) {
        self.store = store
        self.logger = logger
        metrics = ReflectorMetrics(name: name)
        state = Mutex(State(machine: ReflectorMachine(settings: settings), generator: SeededGenerator(seed: seed)))
    }

    package var machine: ReflectorMachine { state.withLock(\.machine) }
    /// The first list is in the store, and all handlers have seen it.
    package var hasSynced: Bool { state.withLock(\.hasSynced) }

    package func onChange(_ handler: @escaping Handler) { state.withLock { $0.handlers.append(handler) } }

    package func onVanish(_ handler: @escaping VanishHandler) { state.withLock { $0.vanishHandlers.append(handler) } }

    // MARK: Listing

    package func start(now: Swift.Duration) -> Action { step { $0.start(now: now, using: &$1) } }

    /// Before a list or a watch's beginning is asked for.
    package func forgetPages() {
        state.withLock { ($0.pages, $0.beginning, $0.unreadable) = ([], [:], []) }
    }

    package func listed(_ page: ListPage<Object>, now: Swift.Duration) -> Action {
        for item in page.undecodable { note(item.name, item.message) }
        let named = page.items.filter { !$0.metadata.name.isEmpty }
        if named.count < page.items.count { note("", "\(page.items.count - named.count) objects of the list have no name") }
        state.withLock { state in
            state.pages += named
            for item in page.undecodable { state.unreadable.insert(item.name) }
        }
        return step { $0.listed(resourceVersion: page.resourceVersion, continueToken: page.continueToken, now: now, using: &$1) }
    }

    package func listFailed(_ error: KubeError, now: Swift.Duration) -> Action {
        step { $0.listFailed(RequestFailure(error), now: now, using: &$1) }
    }

    package func absenceAnswered(_ isAbsent: Bool, now: Swift.Duration) -> Action {
        step { $0.absenceAnswered(isAbsent, now: now, using: &$1) }
    }

    package func absenceUnanswered(_ error: KubeError, now: Swift.Duration) -> Action {
        step { $0.absenceUnanswered(RequestFailure(error), now: now, using: &$1) }
    }

    /// How many objects are set aside for the store.
    package var pending: Int { state.withLock { $0.pages.count + $0.beginning.count } }

    /// Gives the store what was set aside. Takes its time where there is much of it. The changes are to be told.
    package func commit(resourceVersion: String) -> [StoreChange<Object>] {
        let (objects, unreadable) = state.withLock { state in
            let objects = state.pages + state.beginning.values
            defer { (state.pages, state.beginning, state.unreadable) = ([], [:], []) }
            return (objects, state.unreadable)
        }
        let unreadableBefore = store.unreadable
        let changes = store.replace(with: objects, resourceVersion: resourceVersion, unreadable: unreadable)
        for text in unreadableBefore.subtracting(unreadable) { vanish(text, unless: changes) }
        logger.debug("listed", metadata: ["objects": "\(objects.count)", "changes": "\(changes.count)", "version": "\(resourceVersion)"])
        return changes
    }

    /// The kind is gone.
    package func clear() -> [StoreChange<Object>] { store.replace(with: [], resourceVersion: "") }

    /// The store has it, and the handlers were told. `isSynced`: so the first list counts as there.
    package func replaced(isSynced: Bool = true, now: Swift.Duration) -> Action {
        step { machine, generator in
            machine.replaced(now: now, using: &generator)
        } after: {
            if isSynced { $0.hasSynced = true }
        }
    }

    package func waited(now: Swift.Duration) -> Action { step { $0.waited(now: now, using: &$1) } }

    // MARK: Watching

    package func watchOpens() { state.withLock { $0.verdict = nil } }

    package func watchStarted(now: Swift.Duration) { state.withLock { $0.machine.watchStarted(now: now) } }

    /// Takes one event.
    package func take(_ event: WatchEvent<Object>, now: Swift.Duration) -> Taken {
        switch event {
        case .added(let object), .modified(let object), .deleted(let object):
            guard !object.metadata.name.isEmpty, !object.metadata.resourceVersion.isEmpty else {
                return garbled("an event's object has no name or no resourceVersion", now: now)
            }
            return take(event, object, now: now)
        case .bookmark(let version, let endsBeginning):
            if endsBeginning, machine.phase == .streaming {
                _ = step { $0.initialEventsEnded(resourceVersion: version, now: now, using: &$1) }
                return .commit(resourceVersion: version)
            }
            guard machine.phase == .watching else { return .goOn }
            store.advance(to: version)
            state.withLock { $0.machine.bookmark(resourceVersion: version, now: now) }
            return .goOn
        case .error(let status):
            state.withLock { $0.verdict = $0.machine.watchFailed(RequestFailure(status), inStream: true, now: now, using: &$0.generator) }
            return .end
        case .undecodable(let event):
            guard let identity = event.identity else { return garbled(event.message, now: now) }
            skip(identity, event.message, now: now)
            return .goOn
        }
    }

    package func watchConcluded(_ outcome: WatchOutcome, now: Swift.Duration) -> Action {
        if let verdict = state.withLock(\.verdict) { return verdict }
        return step { machine, generator in
            switch outcome {
            case .ended: machine.watchEnded(now: now, using: &generator)
            case .timedOut: machine.watchTimedOut(now: now, using: &generator)
            case .failed(let error): machine.watchFailed(RequestFailure(error), inStream: false, now: now, using: &generator)
            }
        }
    }

    // MARK: Telling

    package func tell(_ change: StoreChange<Object>, _ origin: ChangeOrigin) {
        for handler in state.withLock(\.handlers) { handler(change, origin) }
    }

    package func report() { metrics.report(machine.counters, objects: store.count, unreadable: store.unreadable.count, isSynced: hasSynced) }


    // MARK: Parts

    private func take(_ event: WatchEvent<Object>, _ object: Object, now: Swift.Duration) -> Taken {
        let isDeletion = if case .deleted = event { true } else { false }
        let isBeginning = state.withLock { state in
            guard state.machine.phase == .streaming else { return false }
            state.beginning[object.metadata.key] = isDeletion ? nil : object
            state.unreadable.remove(object.metadata.key.description)
            state.machine.initialEvent(now: now)
            return true
        }
        if isBeginning { return .goOn }
        let wasUnreadable = store.unreadable.contains(object.metadata.key.description)
        let changes = isDeletion ? store.delete(object) : store.apply(object)
        for change in changes { tell(change, .watch) }
        if isDeletion, wasUnreadable { vanish(object.metadata.key.description, unless: changes) }
        // Only now: the version stands for what the store has.
        state.withLock { $0.machine.accepted(resourceVersion: object.metadata.resourceVersion, now: now) }
        return .goOn
    }

    /// Leaves out an object that can't be read: to read it again would not help, and the others must not wait for it.
    private func skip(_ identity: UndecodableEvent.Identity, _ message: String, now: Swift.Duration) {
        note(identity.key.description, message)
        let isBeginning = state.withLock { state in
            guard state.machine.phase == .streaming else { return false }
            if identity.isDeletion {
                state.beginning[identity.key] = nil
                state.unreadable.remove(identity.key.description)
            } else {
                state.unreadable.insert(identity.key.description)
            }
            return true
        }
        if !isBeginning {
            if identity.isDeletion {
                let changes = store.delete(identity.key, uid: identity.uid, resourceVersion: identity.resourceVersion)
                for change in changes { tell(change, .watch) }
                vanish(identity.key.description, unless: changes)
            } else {
                store.markUnreadable(identity.key, resourceVersion: identity.resourceVersion)
            }
        }
        state.withLock { $0.machine.skipped(resourceVersion: identity.resourceVersion, now: now) }
    }

    /// Tells of the end of an object that was known to be there and never known as it was.
    private func vanish(_ text: String, unless changes: [StoreChange<Object>]) {
        let parts = text.split(separator: "/", maxSplits: 1)
        let key = ObjectKey(namespace: parts.count == 2 ? String(parts[0]) : "", name: parts.last.map(String.init) ?? "")
        guard store.get(key) == nil, !changes.contains(where: { $0.key == key }) else { return }
        for handler in state.withLock(\.vanishHandlers) { handler(key) }
    }

    private func garbled(_ message: String, now: Swift.Duration) -> Taken {
        metrics.undecodable.increment()
        state.withLock { $0.verdict = $0.machine.undecodableEvent(message, now: now, using: &$0.generator) }
        return .end
    }

    private func note(_ object: String, _ message: String) {
        metrics.undecodable.increment()
        logger.warning("an object can't be read; what is known of it stays", metadata: ["object": "\(object)", "error": "\(message)"])
    }

    private func step(
        _ body: (inout ReflectorMachine, inout SeededGenerator) -> Action, after: (inout State) -> Void = { _ in }
    ) -> Action {
        state.withLock { state in
            let action = body(&state.machine, &state.generator)
            after(&state)
            return action
        }
    }
}
