import KubeClient
import KubeModel
import KubeRuntime
import PrometheusModel
import ServiceLevels
import Synchronization
import Values

/// Where the rules go that a source's SLOs share.
protocol FleetCarrier: Sendable {
    /// What is there of the source's.
    func present() async throws -> Set<FleetPart.Name>
    /// - Returns: whether anything had to be written.
    func write(_ part: FleetPart) async throws -> Bool
    func remove(_ part: FleetPart.Name) async throws
    /// What is kept beside the SLOs' own rules, of all SLOs whose rules are there.
    func members() async throws -> [ObjectKey: String]
    /// Takes out what lies where it went before.
    func removeElsewhere() async throws
    /// After something was written or removed.
    func changed()
}

/// In files of the directory in which the SLOs' own are.
struct DirectoryCarrier: FleetCarrier {
    let directory: RuleDirectory
    let reloads: ReloadCoalescer
    let instance: String
    let source: String

    func present() async throws -> Set<FleetPart.Name> {
        Set(try await directory.names().compactMap(FleetPart.Name.init(file:)).filter { $0.instance == instance && $0.source == source })
    }

    func write(_ part: FleetPart) async throws -> Bool { try await directory.write(part.file.yaml, to: part.name.file) }

    func remove(_ part: FleetPart.Name) async throws { _ = try await directory.remove(part.file) }

    func members() async throws -> [ObjectKey: String] {
        var members: [ObjectKey: String] = [:]
        for text in try await directory.texts().values {
            guard let (key, member) = RuleObjects.member(inFile: text) else { continue }
            members[key] = member
        }
        return members
    }

    /// Of another directory nothing is known.
    func removeElsewhere() async throws {}

    func changed() { reloads.changed(nil) }
}

/// In objects of one namespace, of the kind that carries the SLOs' own.
struct ObjectCarrier<Object: RuleObject>: FleetCarrier {
    let instance: String
    let source: String
    let namespace: String
    let client: KubeClient
    let reflector: Reflector<Object>
    let make: @Sendable (FleetPart, _ namespace: String) throws -> JSON
    /// What this process wrote, which the cache may not have seen yet.
    private let contents = Contents()

    private final class Contents: Sendable {
        let last = Mutex<[FleetPart.Name: ContentDigest]>([:])
    }

    init(
        instance: String, source: String, namespace: String, client: KubeClient, reflector: Reflector<Object>,
        make: @escaping @Sendable (FleetPart, _ namespace: String) throws -> JSON
    ) {
        self.instance = instance
        self.source = source
        self.namespace = namespace
        self.client = client
        self.reflector = reflector
        self.make = make
    }

    /// Tells of parts that somebody else changed or deleted.
    func onTouch(_ handler: @escaping @Sendable (FleetPart.Name) -> Void) {
        reflector.onChange { [contents, source, namespace] change, _ in
            let metadata = change.object.metadata
            guard metadata.namespace == namespace, metadata.labels[RuleObjects.fleetLabel] == source,
                let name = FleetPart.Name(object: metadata.name)
            else { return }
            if case .applied(_, let new) = change, contents.last.withLock({ $0[name] }) == new.content { return }
            handler(name)
        }
    }

    func removeElsewhere() async throws {
        for object in reflector.store.byIndex("fleet", source) where object.metadata.namespace != namespace { try await delete(object) }
    }

    func present() async throws -> Set<FleetPart.Name> { Set(objects.compactMap { FleetPart.Name(object: $0.metadata.name) }) }

    private var objects: [Object] { reflector.store.byIndex("fleet", source).filter { $0.metadata.namespace == namespace } }

    func write(_ part: FleetPart) async throws -> Bool {
        let desired = try make(part, namespace)
        let key = ObjectKey(namespace: namespace, name: part.name.object)
        let labels = ObjectMeta(json: desired["metadata"] ?? .null).labels
        let content = Object.digest(desired[Object.contentField] ?? .null)
        if let existing = reflector.store.get(key), existing.content == content, contents.last.withLock({ $0[part.name] ?? content }) == content,
            labels.allSatisfy({ existing.metadata.labels[$0.key] == $0.value })
        {
            return false
        }
        do throws(KubeError) {
            try await client.patch(Object.resource, key, .apply(desired, fieldManager: client.options.fieldManager, force: true))
        } catch {
            if error.isUnknownResource { throw NotServed(resource: Object.resource) }
            throw error
        }
        contents.last.withLock { $0[part.name] = content }
        return true
    }

    func remove(_ part: FleetPart.Name) async throws {
        contents.last.withLock { $0[part] = nil }
        if let object = reflector.store.get(ObjectKey(namespace: namespace, name: part.object)) { try await delete(object) }
    }

    private func delete(_ object: Object) async throws {
        do throws(KubeError) {
            try await client.delete(
                Object.resource, object.metadata.key, uid: object.metadata.uid, resourceVersion: object.metadata.resourceVersion)
        } catch {
            guard error.isNotFound else { throw error }
        }
    }

    func members() async throws -> [ObjectKey: String] {
        var members: [ObjectKey: String] = [:]
        for object in reflector.store.snapshot() {
            guard let owner = object.owner, let member = object.metadata.annotations[RuleObjects.memberAnnotation] else { continue }
            members[owner] = member
        }
        return members
    }

    /// Whoever loads the objects sees it himself.
    func changed() {}
}
