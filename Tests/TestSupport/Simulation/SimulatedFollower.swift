import KubeClient
import KubeModel
import KubeRuntime
import Logging
import Synchronization
import Values

/// The reflector of one kind: the real core, with the simulation for its I/O and its clock, as `Reflector` has the network and a real one.
final class SimulatedFollower {
    /// A watch that is open.
    private final class Stream {
        var isOpen = true
        var isServed = false
        var hasBegun = false
        var isStalled = false
        var held: [WatchEvent<SimulatedObject>] = []
        /// Events arrive in the order in which they were sent.
        var lastArrival = Swift.Duration.zero
    }
    private final class Inbox: Sendable {
        let changes = Mutex<[StoreChange<SimulatedObject>]>([])
        let vanished = Mutex<[ObjectKey]>([])
    }

    let kind: SimulatedKind
    let core: ReflectorCore<SimulatedObject>
    private let link: SimulatedLink
    private let inbox = Inbox()
    private var stream: Stream?
    /// What the handlers were told comes to: must be the store.
    private(set) var told: [ObjectKey: SimulatedObject] = [:]
    private let onVanish: (ObjectKey) -> Void
    private let onChange: (StoreChange<SimulatedObject>) -> Void
    private(set) var complaints: [String] = []

    init(
        _ kind: SimulatedKind, _ link: SimulatedLink, seed: UInt64, onVanish: @escaping (ObjectKey) -> Void,
        onChange: @escaping (StoreChange<SimulatedObject>) -> Void
    ) {
        self.onVanish = onVanish
        self.kind = kind
        self.link = link
        self.onChange = onChange
        var settings = ReflectorMachine.Settings()
        settings.pageSize = 5
        var logger = Logger(label: "simulated")
        logger.logLevel = .critical
        core = ReflectorCore(
            store: Store(indexes: ["owner": { [$0.owner] }]), name: kind.resource.description, settings: settings, seed: seed, logger: logger)
        core.onVanish { [inbox] key in inbox.vanished.withLock { $0.append(key) } }
        core.onChange { [inbox] change, _ in inbox.changes.withLock { $0.append(change) } }
    }

    func start() { perform(core.start(now: link.now)) }

    private func perform(_ action: ReflectorMachine.Action) {
        switch action {
        case .list(let limit, let token, let startsOver):
            if startsOver { core.forgetPages() }
            link.request(
                expires: token != nil, { [link, kind] in link.server.list(kind, limit: limit, token: token) },
                reply: { [self] answer in
                    switch answer {
                    case .success(let page): perform(core.listed(page, now: link.now))
                    case .failure(let error): perform(core.listFailed(error, now: link.now))
                    }
                })
        case .replace(let version):
            tell(core.commit(resourceVersion: version))
            perform(core.replaced(now: link.now))
        case .confirmAbsence:
            link.request(
                expires: false, { .success(false) },
                reply: { [self] answer in
                    switch answer {
                    case .success(let isAbsent): perform(core.absenceAnswered(isAbsent, now: link.now))
                    case .failure(let error): perform(core.absenceUnanswered(error, now: link.now))
                    }
                })
        case .clear: complaints.append("\(kind): cleared a kind that was never away")
        case .follow: break
        case .watch(let version, let seconds): open(from: Int(version), seconds)
        case .watchList(let seconds):
            core.forgetPages()
            open(from: nil, seconds)
        case .wait(let delay): link.after(delay) { [self] in perform(core.waited(now: link.now)) }
        }
    }

    // MARK: Streams

    private func open(from version: Int?, _ seconds: Int) {
        core.watchOpens()
        let stream = Stream()
        self.stream = stream
        link.request(
            expires: version != nil,
            { [link, kind] () -> Result<[WatchEvent<SimulatedObject>], KubeError> in
                // From here on changes are sent, whether the client has the answer yet or not.
                stream.isServed = true
                let server = link.server
                if let version { return server.changes(kind, after: version).map { $0.map(Self.event) } }
                guard server.hasWatchList else { return .failure(SimulatedServer.refusesWatchList) }
                let all = server.objects[kind.rawValue].values.sorted { $0.metadata.name < $1.metadata.name }
                    .map { Self.event(.init(version: 0, kind: kind, verb: .added, object: $0)) }
                return .success(all + [.bookmark(resourceVersion: "\(server.version)", initialEventsEnd: true)])
            }, reply: { [self] in opened(stream, $0, seconds) })
    }

    private func opened(_ stream: Stream, _ answer: Result<[WatchEvent<SimulatedObject>], KubeError>, _ seconds: Int) {
        switch answer {
        case .failure(let error): close(stream, .failed(error))
        case .success(let beginning):
            core.watchStarted(now: link.now)
            stream.hasBegun = true
            // What was sent meanwhile comes behind the beginning.
            for event in beginning + stream.held { send(event, on: stream) }
            stream.held = []
            link.after(.seconds(seconds)) { [self] in close(stream, .ended) }
            bookmarks(stream)
            watchSilence(stream)
        }
    }

    /// The server changed an object of the kind.
    func committed(_ change: SimulatedServer.Change) {
        guard let stream, stream.isServed else { return }
        if stream.hasBegun { send(Self.event(change), on: stream) } else { stream.held.append(Self.event(change)) }
    }

    private func send(_ event: WatchEvent<SimulatedObject>, on stream: Stream) {
        stream.lastArrival = max(stream.lastArrival, link.now + link.latency())
        link.at(stream.lastArrival) { [self] in arrive(event, on: stream) }
    }

    private func arrive(_ event: WatchEvent<SimulatedObject>, on stream: Stream) {
        guard stream.isOpen, !stream.isStalled else { return }
        let weather = link.weather
        if link.chance(weather.stalled) {
            stream.isStalled = true
            return
        }
        if link.chance(weather.broken) { return close(stream, .failed(SimulatedServer.lost("connection reset"))) }
        var event = event
        if link.chance(weather.ended) { event = .error(link.streamError()) }
        if link.chance(weather.garbled) { event = .undecodable(UndecodableEvent("garbled")) }
        switch core.take(event, now: link.now) {
        case .goOn: drain()
        case .end: close(stream, .ended)
        case .commit(let version):
            tell(core.commit(resourceVersion: version))
            _ = core.replaced(now: link.now)
        }
    }

    private func close(_ stream: Stream, _ outcome: ReflectorCore<SimulatedObject>.WatchOutcome) {
        guard stream.isOpen else { return }
        stream.isOpen = false
        self.stream = nil
        drain()
        perform(core.watchConcluded(outcome, now: link.now))
    }

    /// The server went away: connections break, but those that are silent already don't show it.
    func cut() {
        guard let stream, stream.hasBegun, !stream.isStalled else { return }
        link.after(link.latency()) { [self] in close(stream, .failed(SimulatedServer.lost("connection reset"))) }
    }

    private func bookmarks(_ stream: Stream) {
        link.after(.seconds(60)) { [self] in
            guard stream.isOpen else { return }
            send(.bookmark(resourceVersion: "\(link.server.version)", initialEventsEnd: false), on: stream)
            bookmarks(stream)
        }
    }

    private func watchSilence(_ stream: Stream) {
        guard stream.isOpen, let deadline = core.machine.watchDeadline else { return }
        if link.now >= deadline { return close(stream, .timedOut) }
        link.at(min(deadline, link.now + .seconds(10))) { [self] in watchSilence(stream) }
    }

    private static func event(_ change: SimulatedServer.Change) -> WatchEvent<SimulatedObject> {
        let object = change.object
        if object.word == SimulatedObject.poison {
            return .undecodable(
                UndecodableEvent(
                    "poison",
                    identity: .init(
                        key: object.metadata.key, uid: object.metadata.uid, resourceVersion: object.metadata.resourceVersion,
                        isDeletion: change.verb == .deleted)))
        }
        return switch change.verb {
        case .added: .added(object)
        case .modified: .modified(object)
        case .deleted: .deleted(object)
        }
    }

    // MARK: Handlers

    private func tell(_ changes: [StoreChange<SimulatedObject>]) {
        for change in changes { core.tell(change, core.hasSynced ? .relist : .initialList) }
        drain()
    }

    private func drain() {
        let changes = inbox.changes.withLock { changes in
            defer { changes = [] }
            return changes
        }
        let vanished = inbox.vanished.withLock { vanished in
            defer { vanished = [] }
            return vanished
        }
        for key in vanished { onVanish(key) }
        for change in changes {
            switch change {
            case .applied(let old, let new):
                if let before = told[change.key], before.metadata.uid != new.metadata.uid {
                    complaints.append("\(kind) \(change.key): a new UID without a deletion before it")
                }
                if old != told[change.key] { complaints.append("\(kind) \(change.key): the old object is not the one told before") }
                told[change.key] = new
            case .deleted:
                if told.removeValue(forKey: change.key) == nil { complaints.append("\(kind) \(change.key): deleted twice, or never there") }
            }
            onChange(change)
        }
    }
}
