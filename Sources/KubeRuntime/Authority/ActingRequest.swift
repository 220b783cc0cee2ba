package import KubeModel
package import Values

/// An object of ours that asks to have something done as a ServiceAccount. The account is always one of the object's own namespace.
package struct ActingRequest: Sendable, Hashable {
    /// The kind of the object, which is what an account consents to: `RolloutAnalysis`.
    package var kind: String
    package var object: ObjectKey
    /// Where in the object the account is named.
    package var field: FieldPath
    /// The account's name, as somebody wrote it: not checked yet.
    package var account: String
    /// The account that an earlier step of the same run acted as; another one under its name is refused. Nil where none did.
    package var uid: String?

    package init(kind: String, object: ObjectKey, field: FieldPath = "spec.serviceAccountName", account: String, uid: String? = nil) {
        self.kind = kind
        self.object = object
        self.field = field
        self.account = account
        self.uid = uid
    }
}

/// Whom to act as: an account that consented when it was read.
package struct ActingIdentity: Sendable, Hashable, CustomStringConvertible {
    package let account: ObjectKey
    /// Of the account that was read; a run keeps it.
    package let uid: String

    /// `ServiceAccount shop/rollouts`
    package var description: String { "ServiceAccount \(account)" }
}

/// Why nothing is done as the account that an object names. Only a change of the object, the account or the installation can help.
package struct AuthorityRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// The word for a condition's reason.
    package enum Reason: String, Sendable, Hashable, CaseIterable {
        /// Nothing is ever done as accounts of that namespace.
        case namespaceOutOfReach = "NamespaceOutOfReach"
        /// The installation doesn't list the namespace.
        case namespaceNotListed = "NamespaceNotListed"
        case accountNameInvalid = "AccountNameInvalid"
        case accountNotFound = "AccountNotFound"
        case accountDeleting = "AccountDeleting"
        /// The account was deleted and made anew in mid-run.
        case accountReplaced = "AccountReplaced"
        /// No annotation, an unreadable one, or one that names other kinds.
        case noConsent = "NoConsent"
        /// The API server doesn't let the daemon act as accounts of that namespace.
        case daemonMayNotImpersonate = "DaemonMayNotImpersonate"
        /// Asked for outside what an identity is handed out for.
        case outsideMandate = "OutsideMandate"
    }

    package let reason: Reason
    /// Names the object, the field, what is wrong and what would be accepted, and the value.
    package let description: String

    init(_ reason: Reason, _ request: ActingRequest, at field: FieldPath? = nil, _ message: String, got value: String) {
        self.reason = reason
        description = "\(request.kind) \(request.object): \(Problem(field ?? request.field, message, got: .string(value)))"
    }
}
