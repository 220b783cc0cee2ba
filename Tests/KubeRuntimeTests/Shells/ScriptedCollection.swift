import KubeClient
import KubeModel
import KubeRuntime
import Synchronization
import Values

/// An object with nothing but metadata and a word.
struct Thing: KubeObject, Hashable {
    static let resource = ResourceKind(group: "test.plimsoll.dev", version: "v1", kind: "Thing", plural: "things")
    var metadata: ObjectMeta
    var word: String

    init(_ name: String, _ version: Int, uid: String? = nil, word: String = "", labels: StringPairs = [:]) {
        metadata = ObjectMeta(name: name, namespace: "shop", uid: uid ?? "u-\(name)", resourceVersion: "\(version)", labels: labels)
        self.word = word
    }

    init(reading reader: inout JSONReader) throws {
        self.init("", 0)
        try reader.readObject { key, reader in
            switch key {
            case "metadata": metadata = try ObjectMeta(reading: &reader)
            case "word": word = try reader.readString()
            default: break
            }
        }
    }
}

func key(_ name: String) -> ObjectKey { ObjectKey(namespace: "shop", name: name) }

/// A server of our own making, for faults that a real one can't be made to show: each call takes the next line of its script.
final class ScriptedCollection: CollectionSource {
    enum List: Sendable {
        case page([Thing], version: String, token: String? = nil, unreadable: [String] = [])
        case fails(KubeError)
    }
    enum Event: Sendable {
        case event(WatchEvent<Thing>)
        /// The stream stays open until it is cancelled.
        case silence
        case breaks(KubeError)
    }
    /// What discovery says of the kind.
    enum Absence: Sendable { case absent, served, fails(KubeError) }
    struct Watch: Sendable {
        var refused: KubeError?
        var events: [Event] = []
    }
    private struct State {
        var lists: [List]
        var watches: [Watch]
        var calls: [String] = []
        var absences: [Absence]
    }
    private let state: Mutex<State>

    init(lists: [List], watches: [Watch], absences: [Absence] = []) {
        state = Mutex(State(lists: lists, watches: watches, absences: absences))
    }

    /// What was asked, such as `list 500 -`, `list 500 t1`, `watch 10`.
    var calls: [String] { state.withLock(\.calls) }

    func page(limit: Int, continueToken: String?) async throws(KubeError) -> ListPage<Thing> {
        let line = state.withLock { state -> List? in
            state.calls.append("list \(limit) \(continueToken ?? "-")")
            return state.lists.isEmpty ? nil : state.lists.removeFirst()
        }
        switch line {
        case .page(let items, let version, let token, let unreadable)?:
            var page = ListPage<Thing>()
            page.items = items
            page.resourceVersion = version
            page.continueToken = token
            page.undecodable = unreadable.map { UndecodableItem(index: 0, name: $0, message: "no such thing") }
            return page
        case .fails(let error)?: throw error
        case nil: throw status(503, "the script is over")
        }
    }

    func lacksKind() async throws(KubeError) -> Bool {
        let answer = state.withLock { state in
            state.calls.append("discover")
            return state.absences.isEmpty ? Absence.absent : state.absences.removeFirst()
        }
        switch answer {
        case .absent: return true
        case .served: return false
        case .fails(let error): throw error
        }
    }

    func watch(
        from resourceVersion: String?, timeoutSeconds: Int, onStart: @Sendable () -> Void, onEvent: @Sendable (WatchEvent<Thing>) async -> Bool
    ) async throws(KubeError) {
        let watch = state.withLock { state -> Watch in
            state.calls.append("watch \(resourceVersion ?? "all")")
            return state.watches.isEmpty ? Watch(events: [.silence]) : state.watches.removeFirst()
        }
        if let refused = watch.refused { throw refused }
        onStart()
        for event in watch.events {
            switch event {
            case .event(let event): guard await onEvent(event) else { return }
            case .breaks(let error): throw error
            case .silence:
                try? await Task.sleep(for: .seconds(3_600))
                return
            }
        }
    }
}

func status(_ code: Int, _ message: String, reason: String = "", retryAfter: Int? = nil) -> KubeError {
    .status(KubeStatus(code: code, reason: reason, message: message, retryAfterSeconds: retryAfter))
}
