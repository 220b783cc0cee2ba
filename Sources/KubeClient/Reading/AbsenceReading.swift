import KubeModel
import Values

/// Reads from discovery documents that a kind is absent; false wherever a document isn't certainly an API server's own. Pure.
enum AbsenceReading {
    /// - Parameter json: the answer of `/apis/GROUP/VERSION`.
    static func lacks(_ resource: ResourceKind, inResources json: JSON) -> Bool {
        let groupVersion = resource.group.isEmpty ? resource.version : "\(resource.group)/\(resource.version)"
        guard json["kind"]?.stringValue == "APIResourceList", json["groupVersion"]?.stringValue == groupVersion,
            let resources = json["resources"]?.arrayValue
        else { return false }
        return !resources.contains { $0["name"]?.stringValue == resource.plural }
    }

    /// - Parameter json: the answer of `/apis`, which has no core group.
    static func lacks(_ resource: ResourceKind, inGroups json: JSON) -> Bool {
        // Every API server has some groups of its own; none at all is one that isn't ready.
        guard !resource.group.isEmpty, json["kind"]?.stringValue == "APIGroupList", let groups = json["groups"]?.arrayValue, !groups.isEmpty
        else { return false }
        guard let group = groups.first(where: { $0["name"]?.stringValue == resource.group }) else { return true }
        guard let versions = group["versions"]?.arrayValue else { return false }
        return !versions.contains { $0["version"]?.stringValue == resource.version }
    }
}
