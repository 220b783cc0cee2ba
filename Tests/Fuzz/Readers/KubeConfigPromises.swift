import KubeClient
import Values

/// Every refusal says something; what a foreign kubeconfig is allowed to be runs nothing, reads no file, goes over https and skips no verification.
enum KubeConfigPromises {
    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        let text = String(decoding: bytes, as: UTF8.self)
        let trusted = try read(text, .trusted)
        guard let configuration = try read(text, .untrusted) else { return }
        try promise(trusted == configuration, "the policy changes what is read")
        try promise(configuration.server.lowercased().hasPrefix("https://"), "a foreign kubeconfig goes to \(configuration.server)")
        try promise(!configuration.insecureSkipTLSVerify && configuration.proxyURL == nil, "a foreign kubeconfig skips verification or sets a proxy")
        switch configuration.credential {
        case .exec: throw BrokenPromise(sentence: "a foreign kubeconfig runs a program")
        case .tokenFile: throw BrokenPromise(sentence: "a foreign kubeconfig reads a token file")
        case .none, .token, .basic: break
        }
        for (field, source) in configuration.pemSources {
            if case .file(let path) = source { throw BrokenPromise(sentence: "a foreign kubeconfig reads \(path) as \(field)") }
        }
    }

    private static func read(_ text: String, _ policy: ConfigurationPolicy) throws(BrokenPromise) -> KubeConfiguration? {
        do throws(KubeConfigurationError) {
            return try KubeConfiguration.parse(text, name: "fuzz", policy: policy)
        } catch {
            try promise(error.message.hasPrefix("fuzz"), "a refusal that does not name the file: \(error.message)")
            return nil
        }
    }
}

/// What a credential plug-in prints is a credential or a refusal that names the plug-in.
enum ExecCredentialPromises {
    private static let plugin = ExecPluginConfiguration(apiVersion: ExecPluginConfiguration.supportedVersions[0], command: "plug-in")

    static func check(_ bytes: [UInt8]) throws(BrokenPromise) {
        do throws(ExecPluginError) {
            let credential = try ExecCredentialCodec.response(bytes, plugin: plugin)
            try promised(credential)
        } catch {
            if error.message.isEmpty { throw BrokenPromise(sentence: "a refusal without a word") }
        }
    }

    private static func promised(_ credential: ExecCredential) throws(ExecPluginError) {
        if credential.token == nil && credential.clientCertificatePEM == nil { throw ExecPluginError(command: "", message: "") }
        if (credential.clientCertificatePEM == nil) != (credential.clientKeyPEM == nil) { throw ExecPluginError(command: "", message: "") }
    }
}
