/// TLS 1.2 or later, and what proves who is who. All material is in memory.
package struct TLSOptions: Sendable, Hashable {
    /// The only trusted authorities (PEM, several allowed); nil takes the system's bundle.
    package var caPEM: [UInt8]?
    /// The client's certificate, its chain behind it (PEM).
    package var clientCertificatePEM: [UInt8]?
    package var clientKeyPEM: [UInt8]?
    /// The name for SNI and verification, instead of the URL's host (kubeconfig's `tls-server-name`).
    package var serverName: String?
    /// Takes any certificate of any name. Only where a person asked for it in so many words.
    package var insecureSkipVerify: Bool

    package init(
        caPEM: [UInt8]? = nil,
        clientCertificatePEM: [UInt8]? = nil,
        clientKeyPEM: [UInt8]? = nil,
        serverName: String? = nil,
        insecureSkipVerify: Bool = false
    ) {
        self.caPEM = caPEM
        self.clientCertificatePEM = clientCertificatePEM
        self.clientKeyPEM = clientKeyPEM
        self.serverName = serverName
        self.insecureSkipVerify = insecureSkipVerify
    }
}
