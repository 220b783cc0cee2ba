/// What a kubeconfig may ask of this machine.
package struct ConfigurationPolicy: Sendable, Hashable {
    package var allowsExec: Bool
    /// Certificates, keys and tokens by file name.
    package var allowsFiles: Bool
    /// `insecure-skip-tls-verify` and plain http.
    package var allowsInsecure: Bool
    package var allowsProxy: Bool

    /// The operator's own kubeconfig: everything.
    package static let trusted = ConfigurationPolicy(allowsExec: true, allowsFiles: true, allowsInsecure: true, allowsProxy: true)
    /// A kubeconfig that somebody else wrote (a remote cluster's, from a Secret): it runs nothing, reads no file, skips no verification.
    package static let untrusted = ConfigurationPolicy(allowsExec: false, allowsFiles: false, allowsInsecure: false, allowsProxy: false)

    /// Throws what `configuration` asks for and the policy forbids, naming all of it.
    package func check(_ configuration: KubeConfiguration) throws(KubeConfigurationError) {
        var refused: [String] = []
        if !allowsFiles {
            for (field, source) in configuration.pemSources {
                if case .file = source { refused.append("\(field) names a file (give \(field)-data)") }
            }
        }
        if !allowsInsecure {
            if configuration.insecureSkipTLSVerify { refused.append("insecure-skip-tls-verify is set (give certificate-authority-data)") }
            if !configuration.server.lowercasedASCII.hasPrefix("https://") { refused.append("the server's URL is not https") }
        }
        if !allowsProxy, configuration.proxyURL != nil { refused.append("proxy-url is set") }
        switch configuration.credential {
        case .exec where !allowsExec: refused.append("user.exec would run a program (give a token or a client certificate)")
        case .tokenFile where !allowsFiles: refused.append("tokenFile names a file (give token)")
        default: break
        }
        guard refused.isEmpty else {
            throw KubeConfigurationError(.forbidden, "\(configuration.origin): not allowed in this kubeconfig: \(refused.joined(separator: "; "))")
        }
    }
}
