package import KubeModel
import Values

/// What was found where an account should be.
package enum AccountFinding: Sendable, Hashable {
    case missing
    case found(ObjectMeta)
}

package enum AuthorityDecision: Sendable, Hashable {
    /// Read this ServiceAccount, live, and ask again with what was found.
    case read(ObjectKey)
    case act(ActingIdentity)
    case refuse(AuthorityRefusal)
}

/// Decides as whom something is done to users' workloads. Pure.
///
/// Three must agree: the installation lists the namespace, the object's author names an account of the object's own namespace, and the account's owner
/// has written the kind into its annotation. What the account may then do is for the API server to say: whoever may create our objects gains no right
/// that the account lacks.
package struct AuthorityPolicy: Sendable, Hashable {
    /// The namespaces that the installation lists, each by its name.
    package var namespaces: Set<String>
    /// Those of the daemon itself: its own account is never one to act as.
    package var ownNamespaces: Set<String>

    package init(namespaces: Set<String>, ownNamespaces: Set<String>) {
        self.namespaces = namespaces
        self.ownNamespaces = ownNamespaces
    }

    /// The prefix that Kubernetes reserves for itself: kube-system, kube-public, kube-node-lease, and what may come.
    private static let reserved = "kube-"
    private static let longestName = 253

    /// Why accounts of a namespace are out of reach even where it is listed; nil where they are not.
    package func obstacle(in namespace: String) -> String? {
        if namespace.hasPrefix(Self.reserved) { return "namespaces that begin with \(Self.reserved) are Kubernetes' own" }
        if ownNamespaces.contains(namespace) { return "it is the daemon's own namespace" }
        return FieldPattern.dnsLabel.accepts(namespace) ? nil : "it is no namespace's name"
    }

    /// - Parameter account: what a live read found; nil asks for the read, where there is any point in one.
    package func decide(_ request: ActingRequest, account: AccountFinding? = nil) -> AuthorityDecision {
        if let refusal = refusalBeforeReading(request) { return .refuse(refusal) }
        let key = ObjectKey(namespace: request.object.namespace, name: request.account)
        switch account {
        case nil: return .read(key)
        // What is not the account asked for tells nothing about it.
        case .found(let metadata)? where metadata.key == key && !metadata.uid.isEmpty: return judge(metadata, request)
        case .missing?, .found?:
            return .refuse(
                AuthorityRefusal(
                    .accountNotFound, request, "there is no such ServiceAccount in the namespace \(key.namespace); create it, or name another",
                    got: key.name))
        }
    }

    /// What the check of rights asks for at the start: by a Role in each listed namespace, never across the cluster.
    package var requiredAccess: [RequiredAccess] {
        namespaces.filter { obstacle(in: $0) == nil }.sorted().flatMap {
            RequiredAccess.all(["get", "impersonate"], .serviceAccounts, namespace: $0)
        }
    }

    private func refusalBeforeReading(_ request: ActingRequest) -> AuthorityRefusal? {
        let namespace = request.object.namespace
        if let obstacle = obstacle(in: namespace) {
            return AuthorityRefusal(
                .namespaceOutOfReach, request, at: "metadata.namespace",
                "nothing is done as an account of this namespace: \(obstacle); use another namespace", got: namespace)
        }
        guard namespaces.contains(namespace) else {
            let listed = namespaces.sorted()
            let known = listed.isEmpty ? "none" : listed.prefix(20).joined(separator: ", ") + (listed.count > 20 ? ", ..." : "")
            return AuthorityRefusal(
                .namespaceNotListed, request, at: "metadata.namespace",
                "the installation acts as accounts of the namespaces in its configuration's impersonation.namespaces only: \(known)", got: namespace)
        }
        guard request.account.utf8.count <= Self.longestName, FieldPattern.dnsSubdomain.accepts(request.account) else {
            return AuthorityRefusal(
                .accountNameInvalid, request,
                "expected the name alone of a ServiceAccount in the namespace \(namespace): lower-case letters, digits, '-' and '.'",
                got: request.account)
        }
        return nil
    }

    private func judge(_ metadata: ObjectMeta, _ request: ActingRequest) -> AuthorityDecision {
        let account = "the ServiceAccount \(metadata.key)"
        func refuse(_ reason: AuthorityRefusal.Reason, _ message: String) -> AuthorityDecision {
            .refuse(AuthorityRefusal(reason, request, message, got: request.account))
        }
        if metadata.isDeleting { return refuse(.accountDeleting, "\(account) is being deleted; name another") }
        if let uid = request.uid, uid != metadata.uid {
            return refuse(
                .accountReplaced, "\(account) is not the one that this run began with (uid \(uid), now \(metadata.uid)); begin a new run")
        }
        let remedy = "its owner allows that by the annotation \(Consent.annotation): \(request.kind)"
        guard let text = metadata.annotations[Consent.annotation] else {
            return refuse(.noConsent, "\(account) lets nobody act as it; \(remedy)")
        }
        let consent: Consent
        do throws(Consent.Malformed) { consent = try Consent(parsing: text) } catch {
            return refuse(.noConsent, "the annotation \(Consent.annotation) of \(account) can't be read: \(error.message)")
        }
        guard consent.kinds.contains(request.kind) else {
            return refuse(.noConsent, "\(account) lets \(consent.kinds.sorted().joined(separator: ", ")) act as it, not \(request.kind); \(remedy)")
        }
        return .act(ActingIdentity(account: metadata.key, uid: metadata.uid))
    }
}
