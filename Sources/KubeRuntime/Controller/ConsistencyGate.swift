package import KubeModel
import Synchronization

/// Lets a reconcile read its own writes: holds it back until the caches have seen what the run before wrote for the same owner.
///
/// Record only writes to objects that the registered store covers: a write outside its selector or namespace is never seen.
package final class ConsistencyGate: Sendable {
    private struct Cache: Sendable {
        var hasReached: @Sendable (String) -> Bool
        var waitUntilReached: @Sendable (String) async -> Void
        var isGone: @Sendable (ObjectKey, String) -> Bool
        var waitUntilGone: @Sendable (ObjectKey, String) async -> Void
    }
    private enum Wait: Sendable, Hashable {
        case reached(ResourceKind, String)
        case gone(ResourceKind, ObjectKey, uid: String)
    }
    private struct State: Sendable {
        var caches: [ResourceKind: Cache] = [:]
        var versions: [ObjectKey: [ResourceKind: String]] = [:]
        var deletions: [ObjectKey: Set<Wait>] = [:]
    }

    private let state = Mutex(State())
    private let timeline: Timeline
    private let limit: Swift.Duration

    /// - Parameter limit: the longest wait; then the run goes on with what the cache has.
    package init(limit: Swift.Duration = .seconds(10), timeline: Timeline = Timeline()) {
        self.limit = limit
        self.timeline = timeline
    }

    /// Says which store shows a kind's objects. Writes to kinds without a store are not waited for.
    package func register<Object: KubeObject>(_ store: Store<Object>, for kind: ResourceKind = Object.resource) {
        let cache = Cache(
            hasReached: { store.hasReached($0) }, waitUntilReached: { await store.waitUntilReached($0) },
            isGone: { store.isGone($0, uid: $1) }, waitUntilGone: { await store.waitUntilGone($0, uid: $1) })
        state.withLock { $0.caches[kind] = cache }
    }

    /// `owner`'s run wrote an object of that kind, and the server answered with that version.
    package func wroteAt(owner: ObjectKey, kind: ResourceKind, resourceVersion: String) {
        state.withLock { state in
            guard let cache = state.caches[kind], !cache.hasReached(resourceVersion) else { return }
            if let known = state.versions[owner]?[kind], ResourceVersion.order(resourceVersion, known) == .older { return }
            state.versions[owner, default: [:]][kind] = resourceVersion
        }
    }

    /// `owner`'s run deleted the object with that UID, and it had no finalizers.
    package func deleted(owner: ObjectKey, kind: ResourceKind, key: ObjectKey, uid: String) {
        state.withLock { state in
            guard let cache = state.caches[kind], !cache.isGone(key, uid) else { return }
            state.deletions[owner, default: []].insert(.gone(kind, key, uid: uid))
        }
    }

    /// Forgets what is known of an owner.
    package func forget(_ owner: ObjectKey) {
        state.withLock { state in
            state.versions[owner] = nil
            state.deletions[owner] = nil
        }
    }

    /// Whether all writes for `owner` have been seen.
    package func isReady(_ owner: ObjectKey) -> Bool { pending(owner).isEmpty }

    /// Waits until all writes for `owner` have been seen; false when the limit passed first. Either way they are forgotten then.
    package func ensureReady(_ owner: ObjectKey) async -> Bool {
        let waits = pending(owner)
        guard !waits.isEmpty else { return true }
        let caches = state.withLock(\.caches)
        let seen: Void? = await timeline.within(limit) {
            for wait in waits {
                switch wait {
                case .reached(let kind, let version): await caches[kind]?.waitUntilReached(version)
                case .gone(let kind, let key, let uid): await caches[kind]?.waitUntilGone(key, uid)
                }
            }
        }
        forget(owner)
        return seen != nil
    }

    private func pending(_ owner: ObjectKey) -> [Wait] {
        state.withLock { state in
            guard state.versions[owner] != nil || state.deletions[owner] != nil else { return [] }
            var waits: [Wait] = []
            for (kind, version) in state.versions[owner] ?? [:] where state.caches[kind]?.hasReached(version) == false {
                waits.append(.reached(kind, version))
            }
            for case .gone(let kind, let key, let uid) in state.deletions[owner] ?? [] where state.caches[kind]?.isGone(key, uid) == false {
                waits.append(.gone(kind, key, uid: uid))
            }
            if waits.isEmpty {
                state.versions[owner] = nil
                state.deletions[owner] = nil
            }
            return waits
        }
    }
}
