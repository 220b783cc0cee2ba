import KubeModel
import KubeRuntime
import PlimsollAPI

/// Has composites looked at again when what they are made of changes.
enum CompositeWatch {
    private static let index = "member"

    /// Finds composites by the members that they name.
    static let indexes: [String: Store<SLO>.Indexer] = [
        index: { slo in slo.spec?.indicator.composite?.members.map { $0.key(in: slo.metadata.namespace).description } ?? [] }
    ]

    /// A member's status is no news to a composite: only what comes, goes, or has another spec.
    static func follow(_ slos: Reflector<SLO>, in controller: Controller) {
        let store = slos.store
        slos.onChange { [weak controller] change, _ in
            if case .applied(let old?, let new) = change, old.metadata.generation == new.metadata.generation { return }
            for key in composites(of: change.key, store) { controller?.enqueue(key) }
        }
    }

    /// Those that name it, and those that name these: a circle concerns all that lead into it.
    static func composites(of key: ObjectKey, _ store: Store<SLO>) -> Set<ObjectKey> {
        var found: Set<ObjectKey> = []
        var next = [key]
        while let key = next.popLast() {
            for composite in store.keysByIndex(index, key.description) where found.insert(composite).inserted { next.append(composite) }
        }
        return found
    }
}
