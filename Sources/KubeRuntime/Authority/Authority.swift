package import KubeClient
import KubeModel
import Values

/// Does things to users' workloads as the accounts that let it, and never as the daemon.
package struct Authority: Sendable {
    package let policy: AuthorityPolicy
    private let client: KubeClient

    /// - Parameters:
    ///   - client: the daemon's own; it may `get` and `impersonate` ServiceAccounts in the listed namespaces.
    ///   - fence: of the leader, who alone acts; nil where there is no election.
    package init(client: KubeClient, fence: WriteFence?, policy: AuthorityPolicy) {
        self.client = client.fenced(by: fence)
        self.policy = policy
    }

    /// Runs `body`, a part of one reconcile, with a client that acts as the account that the object names; the client is of no use afterwards.
    ///
    /// The account is read from the API server itself each time, so that a consent withdrawn counts at once. Throws an `AuthorityRefusal` where it
    /// is not to be, a `KubeError` where the account could not be read, and whatever `body` throws.
    package func acting<Result>(_ request: ActingRequest, _ body: (ActingClient) async throws -> Result) async throws -> Result {
        let identity = try await identity(request)
        let mandate = Mandate()
        defer { mandate.end() }
        return try await body(ActingClient(client.impersonating(serviceAccount: identity.account), identity, request, mandate))
    }

    /// Whether `acting` would go ahead now, for a check beforehand: same reads, same refusals, nothing done.
    package func identity(_ request: ActingRequest) async throws -> ActingIdentity {
        var finding: AccountFinding?
        while true {
            switch policy.decide(request, account: finding) {
            case .act(let identity): return identity
            case .refuse(let refusal): throw refusal
            case .read(let key):
                // Impersonation doesn't nest: it would replace the user that this kubeconfig asks to act as by whoever holds its credentials.
                if let user = client.impersonation?.user {
                    throw AuthorityRefusal(
                        .daemonMayNotImpersonate, request,
                        "the daemon's kubeconfig acts as \(user) itself, and impersonation can't be nested; give the daemon credentials of its own",
                        got: request.account)
                }
                do throws(KubeError) {
                    finding = .found(try await client.get(ServiceAccount.self, key).metadata)
                } catch {
                    guard error.isNotFound else { throw error }
                    finding = .missing
                }
            }
        }
    }
}

private struct ServiceAccount: KubeObject {
    static let resource = ResourceKind.serviceAccounts
    var metadata = ObjectMeta()

    init(reading reader: inout JSONReader) throws {
        try reader.readObject { key, reader in if key == "metadata" { metadata = try ObjectMeta(reading: &reader) } }
    }
}
