import KubeClient
import KubeModel
import KubeRuntime
import Values

/// One life of a daemon: two reflectors, a queue, a gate and workers that make each parent's one child say its parent's word.
final class SimulatedDaemon {
    private static let workers = 3
    private static let gateLimit = Swift.Duration.seconds(10)
    private static let namespace = "shop"

    private let link: SimulatedLink
    private var generator: SeededGenerator
    private var queue = WorkQueueMachine<ObjectKey>()
    private let gate = ConsistencyGate()
    private(set) var followers: [SimulatedFollower] = []
    private var working: Set<ObjectKey> = []
    private var timer: Swift.Duration?
    private var waitsForSync = false
    /// The versions that the server answered to this life's writes, by owner: what the next run for it must have seen.
    private var acknowledged: [ObjectKey: [(kind: SimulatedKind, version: String)]] = [:]
    private(set) var reconciles = 0
    private(set) var gateTimeouts = 0
    private var ownComplaints: [String] = []

    init(_ link: SimulatedLink) {
        self.link = link
        generator = link.generator()
        for kind in SimulatedKind.allCases {
            let seed = UInt64.random(in: 0 ... .max, using: &generator)
            followers.append(
                SimulatedFollower(kind, link, seed: seed, onVanish: { [unowned self] in vanished(kind, $0) }) { [unowned self] in changed(kind, $0) })
        }
        gate.register(parents, for: SimulatedKind.parent.resource)
        gate.register(children, for: SimulatedKind.child.resource)
        for follower in followers { follower.start() }
    }

    var parents: Store<SimulatedObject> { followers[SimulatedKind.parent.rawValue].core.store }
    var children: Store<SimulatedObject> { followers[SimulatedKind.child.rawValue].core.store }
    var complaints: [String] { ownComplaints + followers.flatMap(\.complaints) }
    var lengths: WorkQueueMachine<ObjectKey>.Lengths { queue.lengths }
    var counters: [ReflectorMachine.Counters] { followers.map(\.core.machine.counters) }

    func die() { link.die() }

    // MARK: The queue

    /// As `Controller.reconciles` and `Controller.watches` have it.
    private func changed(_ kind: SimulatedKind, _ change: StoreChange<SimulatedObject>) {
        switch kind {
        case .parent:
            if case .deleted = change {
                queue.forget(change.key)
                gate.forget(change.key)
                acknowledged[change.key] = nil
            }
            _ = queue.add(change.key, generation: change.object.metadata.generation, now: link.now)
        case .child:
            var owners: Set = [change.object.owner]
            if case .applied(let old?, _) = change { owners.insert(old.owner) }
            for owner in owners.sorted() { _ = queue.add(ObjectKey(namespace: Self.namespace, name: owner), now: link.now) }
        }
        // Not in the midst of what the reflector does.
        link.after(.zero) { [self] in pump() }
    }

    private func vanished(_ kind: SimulatedKind, _ key: ObjectKey) {
        guard kind == .parent else { return }
        _ = queue.add(key, now: link.now)
        link.after(.zero) { [self] in pump() }
    }

    private func pump() {
        guard followers.allSatisfy(\.core.hasSynced) else { return waitForSync() }
        while working.count < Self.workers, let popped = queue.pop(now: link.now) {
            if !working.insert(popped.key).inserted { ownComplaints.append("\(popped.key) is reconciled twice at once") }
            passGate(popped.key, since: link.now)
        }
        // What is due already waits for a worker, who pumps when he is done.
        if let deadline = queue.nextDeadline(), deadline > link.now, deadline != timer {
            timer = deadline
            link.at(deadline) { [self] in
                timer = nil
                pump()
            }
        }
    }

    private func waitForSync() {
        guard !waitsForSync else { return }
        waitsForSync = true
        link.after(.seconds(1)) { [self] in
            waitsForSync = false
            pump()
        }
    }

    private func passGate(_ key: ObjectKey, since: Swift.Duration) {
        if gate.isReady(key) {
            for write in acknowledged[key] ?? [] where !followers[write.kind.rawValue].core.store.hasReached(write.version) {
                ownComplaints.append("\(key): reads a cache behind its own write at \(write.version)")
            }
            acknowledged[key] = nil
            return reconcile(key)
        }
        guard link.now - since < Self.gateLimit else {
            gateTimeouts += 1
            gate.forget(key)
            acknowledged[key] = nil
            return reconcile(key)
        }
        link.after(.milliseconds(100)) { [self] in passGate(key, since: since) }
    }

    private func finish(_ key: ObjectKey, _ completion: WorkQueueMachine<ObjectKey>.Completion) {
        working.remove(key)
        _ = queue.done(key, completion, now: link.now, using: &generator)
        pump()
    }

    private func finish(_ key: ObjectKey, _ error: KubeError) {
        if error.isConflict { return finish(key, .conflict) }
        if error.isNotFound { return finish(key, .success) }
        if let after = error.retryAfter { return finish(key, .throttled(after: after)) }
        finish(key, .failure)
    }

    // MARK: The reconcile

    private func reconcile(_ key: ObjectKey) {
        reconciles += 1
        let known = children.byIndex("owner", key.name).sorted { $0.metadata.name < $1.metadata.name }
        guard let parent = parents.get(key) else {
            // One that is there and can't be read is not gone.
            if parents.unreadable.contains(key.description) { return finish(key, .success) }
            return remove(known, of: key) { [self] in finish(key, .success) }
        }
        let mine = known.first { $0.ownerUID == parent.metadata.uid }
        remove(known.filter { $0.ownerUID != parent.metadata.uid }, of: key) { [self] in
            if mine?.word == parent.word { return report(parent) }
            let child = ObjectKey(namespace: Self.namespace, name: "child-of-\(key.name)")
            write(
                key, .child,
                { [link] in
                    link.server.applyChild(child, uid: mine?.metadata.uid, word: parent.word, owner: key.name, ownerUID: parent.metadata.uid)
                }, then: { [self] in report(parent) })
        }
    }

    private func remove(_ objects: [SimulatedObject], of owner: ObjectKey, then: @escaping () -> Void) {
        guard let first = objects.first else { return then() }
        link.request(
            isRead: false, { [link] in link.server.delete(.child, first.metadata.key, uid: first.metadata.uid) },
            reply: { [self] answer in
                if case .failure(let error) = answer, !error.isNotFound, !error.isConflict { return finish(owner, error) }
                gate.deleted(owner: owner, kind: SimulatedKind.child.resource, key: first.metadata.key, uid: first.metadata.uid)
                remove(Array(objects.dropFirst()), of: owner, then: then)
            })
    }

    private func report(_ parent: SimulatedObject) {
        let (key, observed) = (parent.metadata.key, "\(parent.metadata.generation)")
        guard parent.observedGeneration != observed else { return finish(key, .success) }
        write(
            key, .parent, { [link] in link.server.report(key, resourceVersion: parent.metadata.resourceVersion, observed: observed) },
            then: { [self] in finish(key, .success) })
    }

    private func write(
        _ owner: ObjectKey, _ kind: SimulatedKind, _ execute: @escaping () -> Result<String, KubeError>, then: @escaping () -> Void
    ) {
        link.request(
            isRead: false, execute,
            reply: { [self] answer in
                switch answer {
                case .failure(let error): finish(owner, error)
                case .success(let version):
                    gate.wroteAt(owner: owner, kind: kind.resource, resourceVersion: version)
                    acknowledged[owner, default: []].append((kind, version))
                    then()
                }
            })
    }
}
