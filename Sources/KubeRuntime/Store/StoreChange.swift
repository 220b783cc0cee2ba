package import KubeModel

/// What a handler is told, after the store has it.
package enum StoreChange<Object: KubeObject>: Sendable {
    /// New or changed; `old` is what the store had before.
    case applied(old: Object?, new: Object)
    /// Gone. `inferred`: nobody saw it go; it was missing from a list, or another object had taken its name.
    case deleted(last: Object, inferred: Bool)

    /// The object as it is, or as it was last.
    package var object: Object {
        switch self {
        case .applied(_, let new): new
        case .deleted(let last, _): last
        }
    }

    package var key: ObjectKey { object.metadata.key }
}

/// Where a change comes from.
package enum ChangeOrigin: Sendable, Hashable {
    /// The first list: all of it is news, and none of it urgent.
    case initialList
    /// A later list, after a watch was lost.
    case relist
    case watch
}
