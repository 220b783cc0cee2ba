package import KubeModel
import Values

/// A watch event that is not what it should be.
package struct UndecodableEvent: Sendable, Hashable, CustomStringConvertible {
    /// Which object it was about, when the event is whole but the object isn't of its kind's shape: reading it again would not help.
    package struct Identity: Sendable, Hashable {
        package var key: ObjectKey
        package var uid: String
        package var resourceVersion: String
        /// The event told the object's end.
        package var isDeletion: Bool

        package init(key: ObjectKey, uid: String, resourceVersion: String, isDeletion: Bool = false) {
            self.key = key
            self.uid = uid
            self.resourceVersion = resourceVersion
            self.isDeletion = isDeletion
        }

        /// Nil where the line is no whole event of one object: its name and its version must be there.
        init?(_ line: [UInt8]) {
            guard let json = try? JSON(parsing: line), let type = json["type"]?.stringValue, ["ADDED", "MODIFIED", "DELETED"].contains(type),
                let metadata = json["object"]?["metadata"], let name = metadata["name"]?.stringValue, !name.isEmpty,
                let version = metadata["resourceVersion"]?.stringValue, ResourceVersion.isValid(version)
            else { return nil }
            self.init(
                key: ObjectKey(namespace: metadata["namespace"]?.stringValue ?? "", name: name), uid: metadata["uid"]?.stringValue ?? "",
                resourceVersion: version, isDeletion: type == "DELETED")
        }
    }

    /// Names the object where it could be made out.
    package var message: String
    package var identity: Identity?

    package init(_ message: String, identity: Identity? = nil) {
        self.message = message
        self.identity = identity
    }

    package var description: String { message }
}
