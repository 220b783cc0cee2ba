/// Where an API server is and how to prove who asks: what a kubeconfig's context, or a pod's service account, comes to.
package struct KubeConfiguration: Sendable, Hashable, CustomStringConvertible {
    /// How requests are authenticated.
    package enum Credential: Sendable, Hashable {
        /// Anonymous, or by client certificate alone.
        case none
        case token(Secret)
        /// A file that something rotates; `initial` serves until it was read.
        case tokenFile(path: String, initial: Secret?)
        case basic(user: String, password: Secret)
        case exec(ExecPluginConfiguration)
    }

    /// Scheme, host, port and path prefix, without a slash at the end.
    package var server: String
    /// The context's namespace; `default` when it names none.
    package var namespace: String
    /// Where this came from, for messages: a file and context, or `the pod's service account`.
    package var origin: String
    /// Nil: the system's own roots.
    package var certificateAuthority: PEMSource?
    package var insecureSkipTLSVerify: Bool
    /// The name to verify (and send as SNI) in place of the URL's host.
    package var tlsServerName: String?
    /// http, https or socks5 URL; nil: the environment's proxy variables.
    package var proxyURL: String?
    package var disableCompression: Bool
    package var clientCertificate: PEMSource?
    package var clientKey: PEMSource?
    package var credential: Credential
    package var impersonation: Impersonation?

    package init(
        server: String, namespace: String = "default", origin: String, certificateAuthority: PEMSource? = nil, insecureSkipTLSVerify: Bool = false,
        tlsServerName: String? = nil, proxyURL: String? = nil, disableCompression: Bool = false, clientCertificate: PEMSource? = nil,
        clientKey: PEMSource? = nil, credential: Credential = .none, impersonation: Impersonation? = nil
    ) {
        var server = server
        while server.hasSuffix("/") { server.removeLast() }
        self.server = server
        self.namespace = namespace
        self.origin = origin
        self.certificateAuthority = certificateAuthority
        self.insecureSkipTLSVerify = insecureSkipTLSVerify
        self.tlsServerName = tlsServerName
        self.proxyURL = proxyURL
        self.disableCompression = disableCompression
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.credential = credential
        self.impersonation = impersonation
    }

    /// The certificate material with the kubeconfig's names for it.
    package var pemSources: [(field: String, source: PEMSource)] {
        [("certificate-authority", certificateAuthority), ("client-certificate", clientCertificate), ("client-key", clientKey)]
            .compactMap { field, source in source.map { (field, $0) } }
    }

    /// How requests prove who asks, for messages: `with the token in PATH`.
    package var authentication: String {
        switch credential {
        case .none: clientCertificate == nil ? "anonymously" : "with a client certificate"
        case .token: "with a token"
        case .tokenFile(let path, _): "with the token in \(path)"
        case .basic(let user, _): "as \(user) with a password"
        case .exec(let plugin): "with credentials from \(plugin.command)"
        }
    }

    package var description: String {
        "\(server) (\(origin)) \(authentication)" + (impersonation.map { " acting as \($0.user)" } ?? "")
    }
}

/// Whom requests act as; the asking user needs the right to impersonate.
package struct Impersonation: Sendable, Hashable {
    package var user: String
    package var uid: String
    package var groups: [String]
    /// Keys in lower case, as the API server hands them on.
    package var extra: [String: [String]]

    package init(user: String, uid: String = "", groups: [String] = [], extra: [String: [String]] = [:]) {
        self.user = user
        self.uid = uid
        self.groups = groups
        self.extra = extra
    }

    /// The request headers that say so, in a stable order.
    package var headers: [(name: String, value: String)] {
        var headers = [(name: "Impersonate-User", value: user)]
        if !uid.isEmpty { headers.append((name: "Impersonate-Uid", value: uid)) }
        headers += groups.map { (name: "Impersonate-Group", value: $0) }
        for key in extra.keys.sorted() {
            let name = "Impersonate-Extra-" + PercentEncoding.encode(key.lowercasedASCII, keeping: PercentEncoding.headerName)
            headers += (extra[key] ?? []).map { (name: name, value: $0) }
        }
        return headers
    }
}
