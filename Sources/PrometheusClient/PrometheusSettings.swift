package import HTTPTransport

/// Where a Prometheus-compatible server is, and how the daemon proves itself there.
package struct PrometheusSettings: Sendable, Hashable {
    package typealias Credentials = CredentialSettings.Credentials

    /// What the configuration calls it: all messages do.
    package var name: String
    /// Base URL with its path prefix, if it has one, without query, user or password.
    package var url: String
    package var credentials: Credentials
    /// PEM file of the authorities that vouch for an https URL; nil takes the system's.
    package var caFile: String?
    /// PEM files; both or none.
    package var clientCertificateFile: String?
    package var clientKeyFile: String?
    /// How long a request may take in all.
    package var timeout: Swift.Duration
    /// The longest answer, decompressed.
    package var maxBodyBytes: Int
    /// Requests under way at once; more wait.
    package var maxInFlight: Int

    package init(
        name: String, url: String, credentials: Credentials = .none, caFile: String? = nil, clientCertificateFile: String? = nil,
        clientKeyFile: String? = nil, timeout: Swift.Duration = .seconds(10), maxBodyBytes: Int = 128 << 20, maxInFlight: Int = 8
    ) {
        self.name = name
        self.url = url
        self.credentials = credentials
        self.caFile = caFile
        self.clientCertificateFile = clientCertificateFile
        self.clientKeyFile = clientKeyFile
        self.timeout = timeout
        self.maxBodyBytes = maxBodyBytes
        self.maxInFlight = maxInFlight
    }
}
