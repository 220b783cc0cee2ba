import HTTPTransport
import Logging
import Synchronization
import Values

/// Keeps the pools' TLS material up to date: certificate files are looked at again, an exec plug-in's certificate is put in.
final class TLSKeeper: Sendable {
    private struct State: Sendable {
        var material: TLSOptions
        var expiries: [(String, Instant)]
        var exec: ExecCredential?
        var due: Swift.Duration
        var reading = false
    }

    private let configuration: KubeConfiguration
    private let options: KubeClientOptions
    private let pools: [HTTPClient]
    private let hasFiles: Bool
    private let state: Mutex<State>

    init(configuration: KubeConfiguration, options: KubeClientOptions, material: TLSOptions, pools: [HTTPClient]) {
        self.configuration = configuration
        self.options = options
        self.pools = pools
        hasFiles = configuration.pemSources.contains { _, source in
            if case .file = source { true } else { false }
        }
        // The files may have been read in the middle of their rotation.
        let isTorn = Self.isTorn(material)
        let due = options.uptime() + (isTorn ? Self.tornPeriod : options.certificatePeriod)
        state = Mutex(State(material: material, expiries: Self.expiries(of: material, fromPlugin: false), due: due))
    }

    /// How soon the files are looked at again when certificate and key do not belong together: whoever rotates them writes one after the other.
    static let tornPeriod: Swift.Duration = .seconds(1)

    /// What new connections use.
    var material: TLSOptions { state.withLock(\.material) }

    /// When the certificates in use end.
    var expiries: [(String, Instant)] { state.withLock(\.expiries) }

    private static func expiries(of material: TLSOptions, fromPlugin: Bool) -> [(String, Instant)] {
        // Of a bundle of authorities the first to end: something may hang on it.
        let client = fromPlugin ? "exec_certificate" : "client_certificate"
        return [("certificate_authority", material.caPEM, false), (client, material.clientCertificatePEM, true)].compactMap { name, pem, leaf in
            let ends = CertificateReading.all(pem: pem ?? []).map(\.notAfter)
            return (leaf ? ends.first : ends.min()).map { (name, $0) }
        }
    }

    private static func isTorn(_ material: TLSOptions) -> Bool {
        guard let certificate = material.clientCertificatePEM, let key = material.clientKeyPEM else { return false }
        return CertificateReading.isPair(certificatePEM: certificate, keyPEM: key) == false
    }

    /// Looks at the files on a thread of its own if it is time to; returns at once.
    func refreshIfDue() {
        guard hasFiles else { return }
        let now = options.uptime()
        let begins = state.withLock { state in
            guard now >= state.due, !state.reading else { return false }
            state.reading = true
            return true
        }
        if begins { BlockingThread.start { self.reload() } }
    }

    /// Puts a plug-in's client certificate in, if it has one that is new.
    func use(_ credential: ExecCredential) {
        guard credential.clientCertificatePEM != nil else { return }
        state.withLock { $0.exec = credential }
        reload()
    }

    /// Blocking. A file that can't be read leaves everything as it is.
    private func reload() {
        let exec = state.withLock(\.exec)
        let result = Result { () throws(KubeConfigurationError) in try TLSMaterial.options(configuration, exec: exec) }
        let next = options.uptime() + options.certificatePeriod
        // Under the lock, so that of two reloads the later material stays; one that began before the plug-in's newest certificate is stale.
        state.withLock { state in
            state.reading = false
            state.due = next
            guard state.exec == exec else { return }
            switch result {
            case .success(let material) where Self.isTorn(material):
                state.due = options.uptime() + Self.tornPeriod
                options.logger.debug("client certificate and key do not belong together (a rotation under way?), the old ones stay")
            case .success(let material):
                guard material != state.material else { return }
                state.material = material
                state.expiries = Self.expiries(of: material, fromPlugin: exec != nil)
                options.logger.info("TLS certificates replaced", metadata: ["server": "\(configuration.server)"])
                for pool in pools { pool.replaceTLS(material) }
            case .failure(let error):
                options.logger.warning("certificates not read, the old ones stay", metadata: ["problem": "\(error)"])
            }
        }
    }
}
