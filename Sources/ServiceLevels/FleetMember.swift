package import KubeModel
package import PlimsollAPI
import Values

/// An SLO as the shared rules of its place need it: what its own rules were made of, so that both always tell of the same version.
package struct FleetMember: Sendable, Hashable {
    package let key: ObjectKey
    package let spec: SLOSpec
    /// Of the SLO's rules.
    package let digest: String

    package init(key: ObjectKey, spec: SLOSpec, digest: String) {
        self.key = key
        self.spec = spec
        self.digest = digest
    }

    /// As it is kept beside the SLO's own rules: JSON in one line, and in ASCII, since a comment in YAML ends at some other characters too.
    package var text: String {
        let json = JSON.object(JSONObject([(key: "digest", value: .string(digest)), (key: "spec", value: spec.json)])).text()
        guard json.utf8.contains(where: { $0 >= 0x7F }) else { return json }
        return json.utf16.reduce(into: "") { text, unit in
            if let scalar = UnicodeScalar(unit), unit < 0x7F {
                text.unicodeScalars.append(scalar)
            } else {
                text += "\\u" + String(UInt32(unit) + 0x10000, radix: 16).dropFirst()
            }
        }
    }

    /// Reads it back; nil when it is nothing of ours.
    package init?(_ text: String, key: ObjectKey) {
        guard let json = try? JSON(parsing: Array(text.utf8)), let digest = json["digest"]?.stringValue else { return nil }
        var problems: [Problem] = []
        guard let spec = SLOSpec.decode(json["spec"] ?? .null, at: "spec", problems: &problems), problems.isEmpty else { return nil }
        self.init(key: key, spec: spec, digest: digest)
    }
}

extension GeneratedRules {
    /// What the rules that the SLO shares must know of it; nil when it shares none.
    package func member(_ slo: SLO) -> FleetMember? {
        guard place != nil, let spec = slo.spec else { return nil }
        return FleetMember(key: slo.metadata.key, spec: spec, digest: digest)
    }
}
