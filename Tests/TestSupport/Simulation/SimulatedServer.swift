import HTTPTransport
import KubeClient
import KubeModel
import Values

/// An API server's state: objects, the history that watches read, compaction, tokens of lists. No time and no faults: those are the simulation's.
final class SimulatedServer {
    struct Change {
        enum Verb { case added, modified, deleted }
        var version: Int
        var kind: SimulatedKind
        var verb: Verb
        var object: SimulatedObject
    }

    private(set) var version = 1_000
    private(set) var objects: [[ObjectKey: SimulatedObject]] = SimulatedKind.allCases.map { _ in [:] }
    /// Changes after `oldest`; a watch may begin no earlier.
    private var history: [Change] = []
    private(set) var oldest = 1_000
    private var snapshots: [String: (version: Int, rest: [SimulatedObject])] = [:]
    private var uids = 0
    private var tokens = 0
    /// Whether it begins a watch with all objects when asked.
    let hasWatchList: Bool
    var onCommit: (Change) -> Void = { _ in }

    init(hasWatchList: Bool) { self.hasWatchList = hasWatchList }

    func object(_ kind: SimulatedKind, _ key: ObjectKey) -> SimulatedObject? { objects[kind.rawValue][key] }

    // MARK: Reading

    func list(_ kind: SimulatedKind, limit: Int, token: String?) -> Result<ListPage<SimulatedObject>, KubeError> {
        var (at, rest) = (version, objects[kind.rawValue].values.sorted { $0.metadata.name < $1.metadata.name })
        if let token {
            guard let known = snapshots[token] else { return .failure(Self.expired) }
            (at, rest) = known
        }
        var page = ListPage<SimulatedObject>()
        page.resourceVersion = "\(at)"
        let count = limit == 0 ? rest.count : min(limit, rest.count)
        for (index, object) in rest[..<count].enumerated() {
            if object.word == SimulatedObject.poison {
                page.undecodable.append(UndecodableItem(index: index, name: object.metadata.key.description, message: "poison"))
            } else {
                page.items.append(object)
            }
        }
        if count < rest.count {
            tokens += 1
            page.continueToken = "t\(tokens)"
            snapshots["t\(tokens)"] = (at, Array(rest[count...]))
        }
        return .success(page)
    }

    /// The changes after `version` that a watch begins with.
    func changes(_ kind: SimulatedKind, after version: Int) -> Result<[Change], KubeError> {
        guard version >= oldest else { return .failure(Self.expired) }
        return .success(history.filter { $0.kind == kind && $0.version > version })
    }

    // MARK: Writing

    /// A user's edit of a parent, which is made if it isn't there.
    func edit(_ key: ObjectKey, word: String) {
        guard var object = object(.parent, key) else { return create(.parent, key, word: word, labels: [:]) }
        guard object.word != word else { return }
        object.word = word
        object.metadata.generation += 1
        commit(.parent, .modified, object)
    }

    /// Somebody meddles with a child.
    func meddle(_ key: ObjectKey, word: String) {
        guard var object = object(.child, key) else { return }
        object.word = word
        commit(.child, .modified, object)
    }

    func delete(_ kind: SimulatedKind, _ key: ObjectKey, uid: String? = nil) -> Result<String, KubeError> {
        guard let object = object(kind, key) else { return .failure(Self.notFound(key)) }
        if let uid, object.metadata.uid != uid { return .failure(Self.conflict("the UID in the precondition is another")) }
        commit(kind, .deleted, object)
        return .success("\(version)")
    }

    /// An apply of a child with the full intent; with a UID only of the object that is there.
    func applyChild(_ key: ObjectKey, uid: String?, word: String, owner: String, ownerUID: String) -> Result<String, KubeError> {
        guard var object = object(.child, key) else {
            if uid != nil { return .failure(Self.conflict("uid mismatch: no existing object was found")) }
            create(.child, key, word: word, labels: ["owner": owner, "owner-uid": ownerUID])
            return .success("\(version)")
        }
        if let uid, uid != object.metadata.uid { return .failure(Self.conflict("uid mismatch")) }
        guard object.word != word || object.ownerUID != ownerUID else { return .success(object.metadata.resourceVersion) }
        object.word = word
        object.metadata.labels["owner-uid"] = ownerUID
        commit(.child, .modified, object)
        return .success("\(version)")
    }

    func report(_ key: ObjectKey, resourceVersion: String, observed: String) -> Result<String, KubeError> {
        guard var object = object(.parent, key) else { return .failure(Self.notFound(key)) }
        guard object.metadata.resourceVersion == resourceVersion else { return .failure(Self.conflict("the object has been modified")) }
        object.metadata.annotations["observed"] = observed
        commit(.parent, .modified, object)
        return .success("\(version)")
    }

    // MARK: Operating

    /// Forgets changes up to `version`, and the lists that were begun.
    func compact(upTo version: Int) {
        oldest = max(oldest, min(version, self.version))
        history.removeAll { $0.version <= oldest }
        snapshots = [:]
    }

    // MARK: Parts

    private func create(_ kind: SimulatedKind, _ key: ObjectKey, word: String, labels: StringPairs) {
        uids += 1
        let metadata = ObjectMeta(name: key.name, namespace: key.namespace, uid: "u\(uids)", generation: 1, labels: labels)
        commit(kind, .added, SimulatedObject(metadata: metadata, word: word))
    }

    private func commit(_ kind: SimulatedKind, _ verb: Change.Verb, _ object: SimulatedObject) {
        version += 1
        var object = object
        object.metadata.resourceVersion = "\(version)"
        objects[kind.rawValue][object.metadata.key] = verb == .deleted ? nil : object
        let change = Change(version: version, kind: kind, verb: verb, object: object)
        history.append(change)
        onCommit(change)
    }

    static let expired = KubeError.status(KubeStatus(code: 410, reason: "Expired", message: "too old resource version"))
    static let refusesWatchList = KubeError.status(
        KubeStatus(code: 422, reason: "Invalid", message: "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"))
    static let missing = KubeError.status(KubeStatus(code: 404, reason: "NotFound", message: "404 page not found"))
    static func notFound(_ key: ObjectKey) -> KubeError { .status(KubeStatus(code: 404, reason: "NotFound", message: "\"\(key)\" not found")) }
    static func conflict(_ why: String) -> KubeError { .status(KubeStatus(code: 409, reason: "Conflict", message: why)) }
    static func lost(_ why: String) -> KubeError { .transport(HTTPError(kind: .connectionLost, isRetrySafe: false, message: why)) }
}
