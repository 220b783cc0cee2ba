import Logging
import Synchronization
import Values

/// Gives each request its credentials, and newer ones after a 401.
final class Authenticator: Sendable {
    struct Grant: Sendable {
        var authorization: String?
        /// Which of a plug-in's credentials these are.
        var generation: Int
    }

    private let credential: KubeConfiguration.Credential
    private let tokenFile: Mutex<TokenFileMachine>
    private let plugin: ExecPlugin?
    private let options: KubeClientOptions

    init(_ configuration: KubeConfiguration, options: KubeClientOptions, changed: @escaping @Sendable (ExecCredential) -> Void) {
        credential = configuration.credential
        self.options = options
        var initial: Secret?
        var plugin: ExecPlugin?
        switch configuration.credential {
        case .tokenFile(_, let token): initial = token
        case .exec(let configuration): plugin = ExecPlugin(configuration, options: options, changed: changed)
        case .none, .token, .basic: break
        }
        tokenFile = Mutex(TokenFileMachine(initial: initial))
        self.plugin = plugin
    }

    func grant() async throws(KubeError) -> Grant {
        switch credential {
        case .none: return Grant(authorization: nil, generation: 0)
        case .token(let token): return Self.bearer(token)
        case .basic(let user, let password):
            return Grant(authorization: "Basic " + Base64.encode("\(user):\(password.reveal())".utf8), generation: 0)
        case .tokenFile(let path, _):
            switch tokenFile.withLock({ $0.next(now: options.uptime()) }) {
            case .use(let token): return Self.bearer(token)
            case .useAndRead(let token):
                BlockingThread.start { _ = self.readToken(path) }
                return Self.bearer(token)
            case .read: return Self.bearer(try await freshToken(path))
            }
        case .exec:
            guard let plugin else { return Grant(authorization: nil, generation: 0) }
            let granted = try await plugin.credential()
            return Grant(authorization: granted.credential.token.map { "Bearer \($0.reveal())" }, generation: granted.generation)
        }
    }

    /// After a 401: other credentials than `used`, or nil if there are none.
    func renewed(after used: Grant) async throws(KubeError) -> Grant? {
        switch credential {
        case .none, .token, .basic: return nil
        case .tokenFile(let path, _):
            let grant = Self.bearer(try await freshToken(path))
            return grant.authorization == used.authorization ? nil : grant
        case .exec:
            plugin?.reject(generation: used.generation)
            let new = try await grant()
            return new.generation == used.generation ? nil : new
        }
    }

    /// When the token in use ends, if it is known.
    var expiry: Instant? {
        switch credential {
        case .none, .basic: nil
        case .token(let token): TokenExpiry.of(token)
        case .tokenFile: tokenFile.withLock(\.token).flatMap(TokenExpiry.of)
        case .exec: plugin?.expires
        }
    }

    private func freshToken(_ path: String) async throws(KubeError) -> Secret {
        let problem = await BlockingThread.run { () -> String? in self.readToken(path) }
        if let token = tokenFile.withLock(\.token) { return token }
        throw .authentication(problem ?? "\(path): the token file is empty")
    }

    /// Blocking. Returns what went wrong.
    private func readToken(_ path: String) -> String? {
        var token: Secret?
        var problem: String?
        do throws(FileReadError) {
            if let bytes = try SmallFile.read(path) {
                token = Secret(String(decoding: bytes, as: UTF8.self).trimmed)
            } else {
                problem = "\(path): no such file (the token)"
            }
        } catch {
            problem = error.description
        }
        if token?.isEmpty ?? false { problem = "\(path): the token file is empty" }
        tokenFile.withLock { $0.didRead(token, now: options.uptime()) }
        if let problem { options.logger.warning("service account token not read, the old one stays", metadata: ["problem": "\(problem)"]) }
        return problem
    }

    private static func bearer(_ token: Secret) -> Grant { Grant(authorization: "Bearer \(token.reveal())", generation: 0) }
}
