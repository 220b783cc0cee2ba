package import Values

/// Who owns an object: the garbage collector deletes it with its last owner.
package struct OwnerReference: Hashable, Sendable {
    package var apiVersion: String
    package var kind: String
    package var name: String
    package var uid: String
    package var controller: Bool
    package var blockOwnerDeletion: Bool

    package init(apiVersion: String, kind: String, name: String, uid: String, controller: Bool = false, blockOwnerDeletion: Bool = false) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        self.uid = uid
        self.controller = controller
        self.blockOwnerDeletion = blockOwnerDeletion
    }

    package init(json: JSON) {
        self.init(
            apiVersion: json["apiVersion"]?.stringValue ?? "", kind: json["kind"]?.stringValue ?? "", name: json["name"]?.stringValue ?? "",
            uid: json["uid"]?.stringValue ?? "", controller: json["controller"]?.boolValue ?? false,
            blockOwnerDeletion: json["blockOwnerDeletion"]?.boolValue ?? false)
    }

    /// The group of `apiVersion`; empty for the core group.
    package var group: String {
        apiVersion.firstIndex(of: "/").map { String(apiVersion[..<$0]) } ?? ""
    }

    /// As the API has it; the two flags only where they are true.
    package var json: JSON {
        var object = JSONObject([("apiVersion", .string(apiVersion)), ("kind", .string(kind)), ("name", .string(name)), ("uid", .string(uid))])
        if controller { object["controller"] = .bool(true) }
        if blockOwnerDeletion { object["blockOwnerDeletion"] = .bool(true) }
        return .object(object)
    }
}
