import Values

extension KubeConfigFile {
    /// The configuration of one context; nil takes current-context. `origin` names the files, for messages.
    package func resolve(context wanted: String?, origin: String) throws(KubeConfigurationError) -> KubeConfiguration {
        guard let name = wanted ?? currentContext else {
            throw KubeConfigurationError(.invalid, "\(origin): no current-context is set; name one of \(Self.names(contexts.keys))")
        }
        guard let context = contexts[name] else {
            let source = wanted == nil ? "current-context" : "context"
            throw KubeConfigurationError(.notFound, "\(origin): \(source) \"\(name)\" is not there; there are \(Self.names(contexts.keys))")
        }
        guard let cluster = clusters[context.cluster] else {
            throw KubeConfigurationError(
                .notFound,
                "\(context.place): context \"\(name)\" names cluster \"\(context.cluster)\", which is not there; there are \(Self.names(clusters.keys))"
            )
        }
        guard !cluster.server.isEmpty else {
            throw KubeConfigurationError(.invalid, "\(cluster.place): cluster \"\(context.cluster)\" has no server; give its https:// URL")
        }
        var user: User?
        if !context.user.isEmpty {
            user = users[context.user]
            if user == nil {
                throw KubeConfigurationError(
                    .notFound,
                    "\(context.place): context \"\(name)\" names user \"\(context.user)\", which is not there; there are \(Self.names(users.keys))")
            }
        }
        if let provider = user?.authProvider, user?.exec == nil {
            throw KubeConfigurationError(
                .invalid,
                "\(user?.place ?? origin): user \"\(context.user)\" uses auth-provider \"\(provider)\", which Kubernetes removed in 1.26; use an exec plug-in or a token"
            )
        }
        return KubeConfiguration(
            server: cluster.server, namespace: context.namespace ?? "default", origin: "\(origin), context \(name)",
            certificateAuthority: cluster.certificateAuthority, insecureSkipTLSVerify: cluster.insecureSkipTLSVerify,
            tlsServerName: cluster.tlsServerName,
            proxyURL: cluster.proxyURL, disableCompression: cluster.disableCompression, clientCertificate: user?.clientCertificate,
            clientKey: user?.clientKey, credential: Self.credential(user, cluster), impersonation: user?.impersonation)
    }

    /// The precedence of client-go: a token (with a file behind it, refreshed), then a name and password, then a plug-in.
    private static func credential(_ user: User?, _ cluster: Cluster) -> KubeConfiguration.Credential {
        guard let user else { return .none }
        if let path = user.tokenFile { return .tokenFile(path: path, initial: user.token) }
        if let token = user.token { return .token(token) }
        if let name = user.username { return .basic(user: name, password: user.password ?? Secret("")) }
        if var plugin = user.exec {
            if user.providesClusterInfo {
                plugin.cluster = cluster.execInfo
                if case .data(let bytes) = cluster.certificateAuthority {
                    plugin.cluster?["certificate-authority-data"] = .string(Base64.encode(bytes))
                }
            }
            return .exec(plugin)
        }
        return .none
    }

    private static func names(_ keys: some Sequence<String>) -> String {
        let sorted = keys.sorted()
        return sorted.isEmpty ? "none" : sorted.map { "\"\($0)\"" }.joined(separator: ", ")
    }
}
