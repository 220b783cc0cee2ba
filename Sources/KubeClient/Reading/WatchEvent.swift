package import KubeModel
import Values

/// One event of a watch.
package enum WatchEvent<Object: KubeReadable>: Sendable {
    case added(Object)
    case modified(Object)
    /// The object as it was last.
    case deleted(Object)
    /// Everything up to this version has been sent. `initialEventsEnd`: the objects there at the start are complete (`sendInitialEvents`).
    case bookmark(resourceVersion: String, initialEventsEnd: Bool)
    /// The server ends the watch and says why; code 410 means: list anew.
    case error(KubeStatus)
    /// An event that couldn't be read.
    case undecodable(UndecodableEvent)

    /// Reads one line of a watch's body. Never throws: what can't be read is an event too.
    package static func decode(_ line: [UInt8], resource: ResourceKind) -> WatchEvent {
        var type = ""
        do {
            return try JSONReader.read(line) { reader in
                var event: WatchEvent?
                var mark: JSONReader.Mark?
                try reader.readObject { key, reader in
                    switch key {
                    case "type": type = try reader.readString()
                    case "object" where type.isEmpty: mark = reader.mark()
                    case "object": event = try object(type, &reader, resource)
                    default: break
                    }
                }
                // `object` stood before `type`: go back for it.
                if event == nil, let mark, !type.isEmpty {
                    reader.rewind(to: mark)
                    event = try object(type, &reader, resource)
                }
                return event ?? .undecodable(UndecodableEvent("\(resource): a watch event without \(type.isEmpty ? "type" : "object")"))
            }
        } catch {
            let identity = UndecodableEvent.Identity(line)
            let name = identity.map { " \($0.key)" } ?? name(line)
            return .undecodable(
                UndecodableEvent("\(resource)\(name): \(type.isEmpty ? "a" : type) watch event can't be read: \(error)", identity: identity))
        }
    }

    private static func object(_ type: String, _ reader: inout JSONReader, _ resource: ResourceKind) throws -> WatchEvent {
        if ["ADDED", "MODIFIED", "DELETED"].contains(type) { try ObjectNaming.checkKind(&reader, is: resource.kind) }
        switch type {
        case "ADDED": return .added(try Object(reading: &reader))
        case "MODIFIED": return .modified(try Object(reading: &reader))
        case "DELETED": return .deleted(try Object(reading: &reader))
        case "BOOKMARK":
            let metadata = try reader.readJSON()["metadata"]
            guard let version = metadata?["resourceVersion"]?.stringValue, !version.isEmpty else {
                return .undecodable(UndecodableEvent("\(resource): a BOOKMARK without metadata.resourceVersion"))
            }
            return .bookmark(
                resourceVersion: version, initialEventsEnd: metadata?["annotations"]?["k8s.io/initial-events-end"]?.stringValue == "true")
        case "ERROR":
            let json = try reader.readJSON()
            return .error(KubeStatus(json: json) ?? KubeStatus(code: 500, reason: "Unknown", message: "an ERROR event without a Status"))
        default: return .undecodable(UndecodableEvent("\(resource): a watch event of unknown type \"\(type.prefix(40))\""))
        }
    }

    private static func name(_ line: [UInt8]) -> String {
        var name = ""
        // The line may not even be JSON; the name is then left out.
        try? JSONReader.read(line) { reader in
            try reader.readObject { key, reader in
                guard key == "object" else { return }
                let mark = reader.mark()
                name = ObjectNaming.name(&reader)
                reader.rewind(to: mark)
            }
        }
        return name.isEmpty ? "" : " \(name)"
    }
}
