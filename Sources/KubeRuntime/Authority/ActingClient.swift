package import KubeClient
package import KubeModel
import Synchronization
package import Values

/// How long an `ActingClient` serves.
final class Mandate: Sendable {
    private let ended = Mutex(false)
    var isOver: Bool { ended.withLock(\.self) }
    func end() { ended.withLock { $0 = true } }
}

/// Acts as one ServiceAccount, in its namespace, for the one reconcile that it was handed out to.
///
/// Everything throws an `AuthorityRefusal` outside that mandate, and else what the API server answered: a 403 says what the account may not do.
package struct ActingClient: Sendable {
    package let identity: ActingIdentity
    private let client: KubeClient
    private let request: ActingRequest
    private let mandate: Mandate

    init(_ client: KubeClient, _ identity: ActingIdentity, _ request: ActingRequest, _ mandate: Mandate) {
        self.client = client
        self.identity = identity
        self.request = request
        self.mandate = mandate
    }

    package func get<Object: KubeReadable>(_ kind: ResourceKind, _ name: String, as type: Object.Type) async throws -> Object {
        try await send(kind, name) { client, key throws(KubeError) in try await client.get(kind, key, as: type) }
    }

    @discardableResult
    package func create(_ kind: ResourceKind, body: JSON, dryRun: Bool = false) async throws -> JSON {
        try await send(kind, "") { client, key throws(KubeError) in
            try await client.create(kind, namespace: key.namespace, body: body, dryRun: dryRun)
        }
    }

    @discardableResult
    package func patch(
        _ kind: ResourceKind, _ name: String, subresource: String? = nil, _ patch: KubePatch, dryRun: Bool = false
    ) async throws -> JSON {
        try await send(kind, name) { client, key throws(KubeError) in
            try await client.patch(kind, key, subresource: subresource, patch, dryRun: dryRun)
        }
    }

    /// Deletes an object if `uid` is still its own.
    @discardableResult
    package func delete(
        _ kind: ResourceKind, _ name: String, uid: String, propagation: DeletionPropagation = .background, dryRun: Bool = false
    ) async throws -> JSON {
        try await send(kind, name) { client, key throws(KubeError) in
            try await client.delete(kind, key, uid: uid, propagation: propagation, dryRun: dryRun)
        }
    }

    private func send<Result>(
        _ kind: ResourceKind, _ name: String, _ call: (KubeClient, ObjectKey) async throws(KubeError) -> Result
    ) async throws -> Result {
        guard !mandate.isOver else { throw outside("\(identity) was lent for one reconcile, which is over") }
        // An account may have rights elsewhere; its consent is not asked for them.
        guard kind.namespaced else { throw outside("\(kind) are outside the namespace \(identity.account.namespace)") }
        do throws(KubeError) {
            return try await call(client, ObjectKey(namespace: identity.account.namespace, name: name))
        } catch {
            guard error.isForbidden, let message = error.status?.message, message.contains("cannot impersonate") else { throw error }
            throw AuthorityRefusal(
                .daemonMayNotImpersonate, request,
                "the API server does not let the daemon act as \(identity); grant it the verb impersonate on serviceaccounts by a Role in the "
                    + "namespace \(identity.account.namespace): \(message)", got: request.account)
        }
    }

    private func outside(_ message: String) -> AuthorityRefusal {
        AuthorityRefusal(.outsideMandate, request, message, got: request.account)
    }
}
