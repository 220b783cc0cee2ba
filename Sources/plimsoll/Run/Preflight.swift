import KubeClient
import KubeModel
import KubeRuntime
import Logging

/// What is asked of the API server before the work begins.
struct Preflight: Sendable {
    let client: KubeClient
    let server: KubeConfiguration
    let access: [RequiredAccess]
    /// That must be served.
    let kinds: [ResourceKind]
    let logger: Logger

    /// The kinds are not there (yet).
    private struct MissingKind: Error, CustomStringConvertible {
        let description: String
    }

    /// Throws a `ManagerFailure` for what no repetition heals, anything else for what one may.
    func run() async throws {
        do {
            let version = try await client.serverVersion()
            logger.info("API server", metadata: ["version": "\(version)", "server": "\(server)"])
            try await AccessCheck.require(access, client: client)
            for kind in kinds where try await !client.serves(kind) {
                throw MissingKind(
                    description:
                        "the API server does not serve \(kind): apply the custom resource definitions (plimsoll crds | kubectl apply --validate=false -f -)"
                )
            }
        } catch let error as KubeError {
            guard error.isUnauthorized, !hasRenewableCredentials else { throw error }
            throw ManagerFailure("\(server): \(error)")
        }
    }

    /// A token file may be written yet, and a plug-in give something better; nothing renews what stands in the kubeconfig itself.
    private var hasRenewableCredentials: Bool {
        switch server.credential {
        case .tokenFile, .exec: true
        case .none, .token, .basic:
            server.pemSources.contains { field, source in
                if field == "client-certificate", case .file = source { true } else { false }
            }
        }
    }
}
