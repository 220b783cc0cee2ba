import HTTPTransport

/// Reads what TLS needs out of a configuration. Blocking reads of small files.
enum TLSMaterial {
    static func options(_ configuration: KubeConfiguration, exec: ExecCredential?) throws(KubeConfigurationError) -> TLSOptions {
        var options = TLSOptions(serverName: configuration.tlsServerName, insecureSkipVerify: configuration.insecureSkipTLSVerify)
        options.caPEM = try read(configuration.certificateAuthority, "certificate-authority", configuration)
        options.clientCertificatePEM = try read(configuration.clientCertificate, "client-certificate", configuration)
        options.clientKeyPEM = try read(configuration.clientKey, "client-key", configuration)
        if let certificate = exec?.clientCertificatePEM, let key = exec?.clientKeyPEM {
            options.clientCertificatePEM = certificate
            options.clientKeyPEM = Array(key.reveal().utf8)
        }
        return options
    }

    private static func read(_ source: PEMSource?, _ field: String, _ configuration: KubeConfiguration) throws(KubeConfigurationError) -> [UInt8]? {
        switch source {
        case nil: return nil
        case .data(let bytes): return bytes
        case .file(let path):
            do throws(FileReadError) {
                if let bytes = try SmallFile.read(path) { return bytes }
            } catch {
                throw KubeConfigurationError(.unreadableFile, "\(error) (\(field) of \(configuration.origin))")
            }
            throw KubeConfigurationError(.unreadableFile, "\(path): no such file (\(field) of \(configuration.origin))")
        }
    }
}
