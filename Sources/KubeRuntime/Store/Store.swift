package import KubeModel
import Synchronization

/// The objects of one collection as the API server had them last, by key and by index. Filled by a `Reflector`; reads never wait.
package final class Store<Object: KubeObject>: Sendable {
    /// From an object to the values under which `byIndex` finds it.
    package typealias Indexer = @Sendable (Object) -> [String]

    private struct State: Sendable {
        var objects: [ObjectKey: Object] = [:]
        var indexes: [String: [String: Set<ObjectKey>]] = [:]
        var resourceVersion = ""
        var unreadable: Set<String> = []
    }

    /// What somebody waits for the store to have seen.
    private enum Wish: Sendable {
        case version(String)
        case gone(ObjectKey, uid: String)
    }

    private let indexers: [String: Indexer]
    private let state: Mutex<State>
    private let waiters = Waiters<Wish>()

    package init(indexes: [String: Indexer] = [:]) {
        indexers = indexes
        state = Mutex(State(indexes: indexes.mapValues { _ in [:] }))
    }

    // MARK: Reading

    package func get(_ key: ObjectKey) -> Object? { state.withLock { $0.objects[key] } }

    package var count: Int { state.withLock { $0.objects.count } }

    package var keys: [ObjectKey] { state.withLock { Array($0.objects.keys) } }

    /// Keys (as text, `namespace/name`) of objects that the server has and the last list could not read: there, though maybe not in the store.
    /// Whoever deletes what belongs to no object must spare theirs.
    package var unreadable: Set<String> { state.withLock(\.unreadable) }

    /// All objects, in no order. Copies references, not objects.
    package func snapshot() -> [Object] { state.withLock { Array($0.objects.values) } }

    /// The objects with `value` under the index `name`, in no order; none where there is no such index.
    package func byIndex(_ name: String, _ value: String) -> [Object] {
        state.withLock { state in (state.indexes[name]?[value] ?? []).compactMap { state.objects[$0] } }
    }

    /// The keys of `byIndex`.
    package func keysByIndex(_ name: String, _ value: String) -> [ObjectKey] {
        state.withLock { Array($0.indexes[name]?[value] ?? []) }
    }

    /// The version up to which the store has seen everything; events and bookmarks move it.
    package var resourceVersion: String { state.withLock { $0.resourceVersion } }

    // MARK: Waiting

    /// Whether the store has seen what a write answered with this version. True too where the versions can't be compared: nobody should wait then.
    package func hasReached(_ version: String) -> Bool { state.withLock { Self.has($0, .version(version)) } }

    /// Returns when `hasReached`, or when the task is cancelled.
    package func waitUntilReached(_ version: String) async {
        await waiters.wait(.version(version)) { hasReached(version) }
    }

    /// Whether the object with this UID is no longer there.
    package func isGone(_ key: ObjectKey, uid: String) -> Bool { state.withLock { Self.has($0, .gone(key, uid: uid)) } }

    /// Returns when `isGone`, or when the task is cancelled.
    package func waitUntilGone(_ key: ObjectKey, uid: String) async {
        await waiters.wait(.gone(key, uid: uid)) { isGone(key, uid: uid) }
    }

    // MARK: Writing: the reflector's side

    /// Takes an ADDED or MODIFIED object in. Another object under the same name is a deletion first.
    package func apply(_ object: Object) -> [StoreChange<Object>] {
        let changes = state.withLock { state in
            let changes = put(object, &state)
            state.unreadable.remove(object.metadata.key.description)
            advance(&state, object.metadata.resourceVersion)
            return changes
        }
        releaseWaiters()
        return changes
    }

    /// Takes a DELETED object out; it is the object as it was last.
    package func delete(_ object: Object) -> [StoreChange<Object>] {
        let changes = state.withLock { state -> [StoreChange<Object>] in
            advance(&state, object.metadata.resourceVersion)
            state.unreadable.remove(object.metadata.key.description)
            guard let old = remove(object.metadata.key, &state) else { return [] }
            // The name may by now belong to another than the one whose end is told.
            guard old.metadata.uid == object.metadata.uid else { return [.deleted(last: old, inferred: true)] }
            return [.deleted(last: object, inferred: false)]
        }
        releaseWaiters()
        return changes
    }

    /// Takes a bookmark's version.
    package func advance(to version: String) {
        state.withLock { advance(&$0, version) }
        releaseWaiters()
    }

    /// Takes out an object whose end was told without saying what it was last. Another object under the name stays.
    package func delete(_ key: ObjectKey, uid: String, resourceVersion: String) -> [StoreChange<Object>] {
        let changes = state.withLock { state -> [StoreChange<Object>] in
            advance(&state, resourceVersion)
            state.unreadable.remove(key.description)
            guard let known = state.objects[key]?.metadata.uid, known == uid || uid.isEmpty, let old = remove(key, &state) else { return [] }
            return [.deleted(last: old, inferred: true)]
        }
        releaseWaiters()
        return changes
    }

    /// Notes that an object has become unreadable: what was known of it stays.
    package func markUnreadable(_ key: ObjectKey, resourceVersion: String) {
        state.withLock { state in
            state.unreadable.insert(key.description)
            advance(&state, resourceVersion)
        }
        releaseWaiters()
    }

    /// Makes the store hold just what a list brought; the deletions that follow from it come first. What is unchanged is no change.
    ///
    /// Nobody else may write meanwhile. The lock is held only to look and to exchange: a list of 10,000 takes tens of milliseconds, during which
    /// readers go on.
    /// - Parameter unreadable: keys (as text) that the list has but that could not be read: what was known of them stays.
    package func replace(with objects: [Object], resourceVersion: String, unreadable: Set<String> = []) -> [StoreChange<Object>] {
        let before = state.withLock { $0 }
        var after = State(indexes: indexers.mapValues { _ in [:] }, resourceVersion: resourceVersion, unreadable: unreadable)
        after.objects.reserveCapacity(objects.count)
        var replaced: [StoreChange<Object>] = []
        var applied: [StoreChange<Object>] = []
        for object in objects {
            let key = object.metadata.key
            // A list that names an object twice means the later.
            if let twin = after.objects.updateValue(object, forKey: key) { unindex(twin, key, &after) }
            index(object, key, &after)
            guard let old = before.objects[key] else {
                applied.append(.applied(old: nil, new: object))
                continue
            }
            if old.metadata.uid != object.metadata.uid {
                replaced.append(.deleted(last: old, inferred: true))
                applied.append(.applied(old: nil, new: object))
            } else if object.metadata.resourceVersion.isEmpty || old.metadata.resourceVersion != object.metadata.resourceVersion {
                applied.append(.applied(old: old, new: object))
            }
        }
        var gone: [ObjectKey] = []
        for (key, old) in before.objects where after.objects[key] == nil {
            if unreadable.contains(key.description) {
                after.objects[key] = old
                index(old, key, &after)
            } else {
                gone.append(key)
            }
        }
        let deleted = gone.sorted().compactMap { key in before.objects[key].map { StoreChange.deleted(last: $0, inferred: true) } }
        state.withLock { $0 = after }
        // After a list nobody knows how the versions before relate to it (an etcd may have been restored): let everybody look again.
        waiters.release { _ in true }
        return deleted + replaced + applied
    }

    // MARK: Parts

    private func put(_ object: Object, _ state: inout State) -> [StoreChange<Object>] {
        let key = object.metadata.key
        guard let old = state.objects.updateValue(object, forKey: key) else {
            index(object, key, &state)
            return [.applied(old: nil, new: object)]
        }
        unindex(old, key, &state)
        index(object, key, &state)
        if old.metadata.uid != object.metadata.uid { return [.deleted(last: old, inferred: true), .applied(old: nil, new: object)] }
        let version = object.metadata.resourceVersion
        if !version.isEmpty, old.metadata.resourceVersion == version { return [] }
        return [.applied(old: old, new: object)]
    }

    private func remove(_ key: ObjectKey, _ state: inout State) -> Object? {
        guard let old = state.objects.removeValue(forKey: key) else { return nil }
        unindex(old, key, &state)
        return old
    }

    private func index(_ object: Object, _ key: ObjectKey, _ state: inout State) {
        for (name, indexer) in indexers {
            for value in indexer(object) { state.indexes[name]?[value, default: []].insert(key) }
        }
    }

    private func unindex(_ object: Object, _ key: ObjectKey, _ state: inout State) {
        for (name, indexer) in indexers {
            for value in indexer(object) {
                state.indexes[name]?[value]?.remove(key)
                if state.indexes[name]?[value]?.isEmpty ?? false { state.indexes[name]?[value] = nil }
            }
        }
    }

    private func advance(_ state: inout State, _ version: String) {
        if ResourceVersion.order(version, state.resourceVersion) != .older, !version.isEmpty { state.resourceVersion = version }
    }

    private func releaseWaiters() {
        guard !waiters.isEmpty else { return }
        waiters.release { wish in state.withLock { Self.has($0, wish) } }
    }

    private static func has(_ state: State, _ wish: Wish) -> Bool {
        switch wish {
        case .version(let version): ResourceVersion.has(state.resourceVersion, reached: version) ?? true
        case .gone(let key, let uid): state.objects[key]?.metadata.uid != uid
        }
    }
}
