package import Values

/// What an exec plug-in answered.
package struct ExecCredential: Sendable, Hashable {
    package var token: Secret?
    package var clientCertificatePEM: [UInt8]?
    package var clientKeyPEM: Secret?
    /// Nil: good until a 401.
    package var expires: Instant?

    package init(token: Secret? = nil, clientCertificatePEM: [UInt8]? = nil, clientKeyPEM: Secret? = nil, expires: Instant? = nil) {
        self.token = token
        self.clientCertificatePEM = clientCertificatePEM
        self.clientKeyPEM = clientKeyPEM
        self.expires = expires
    }
}

/// The two texts of the exec protocol (client.authentication.k8s.io). Pure.
package enum ExecCredentialCodec {
    /// KUBERNETES_EXEC_INFO.
    package static func request(_ plugin: ExecPluginConfiguration, interactive: Bool) -> String {
        var spec: JSON = ["interactive": .bool(interactive)]
        if let cluster = plugin.cluster { spec["cluster"] = cluster }
        let request: JSON = ["apiVersion": .string(plugin.apiVersion), "kind": "ExecCredential", "spec": spec]
        return request.text()
    }

    /// Reads the plug-in's output; throws a sentence that says what is wrong, never the output itself, which may hold a secret.
    package static func response(_ output: [UInt8], plugin: ExecPluginConfiguration) throws(ExecPluginError) -> ExecCredential {
        func wrong(_ what: String) -> ExecPluginError { ExecPluginError(command: plugin.command, message: what) }
        guard !output.allSatisfy({ $0 <= 0x20 }) else { throw wrong("printed nothing; an ExecCredential is expected on standard output") }
        let json: JSON
        do { json = try JSON(parsing: output) } catch {
            throw wrong("printed no JSON (\(error.message) at byte \(error.offset)); an ExecCredential is expected")
        }
        guard json["kind"]?.stringValue == "ExecCredential" else {
            throw wrong("printed kind \(quoted(json["kind"])), not ExecCredential")
        }
        guard json["apiVersion"]?.stringValue == plugin.apiVersion else {
            throw wrong("answered in apiVersion \(quoted(json["apiVersion"])), where the kubeconfig says \"\(plugin.apiVersion)\"")
        }
        guard let status = json["status"], status.objectValue != nil else { throw wrong("printed no status") }
        func text(_ key: String) -> String? { status[key]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } }
        var credential = ExecCredential(
            token: text("token").map { Secret($0) }, clientCertificatePEM: text("clientCertificateData").map { Array($0.utf8) },
            clientKeyPEM: text("clientKeyData").map { Secret($0) })
        guard (credential.clientCertificatePEM == nil) == (credential.clientKeyPEM == nil) else {
            throw wrong("gave only one of clientCertificateData and clientKeyData; they belong together")
        }
        guard credential.token != nil || credential.clientCertificatePEM != nil else { throw wrong("gave neither token nor client certificate") }
        if let time = text("expirationTimestamp") {
            guard let expires = Instant(rfc3339: time) else { throw wrong("gave expirationTimestamp \"\(time)\", which is no RFC 3339 time") }
            credential.expires = expires
        }
        return credential
    }

    private static func quoted(_ json: JSON?) -> String {
        guard let text = json?.stringValue else { return "nothing" }
        return "\"\(text.prefix(80))\""
    }
}

package struct ExecPluginError: Error, Sendable, Hashable, CustomStringConvertible {
    package let command: String
    package let message: String

    package init(command: String, message: String) {
        self.command = command
        self.message = message
    }

    package var description: String { "credential plug-in \(command) \(message)" }
}
