import KubeClient
import KubeModel
import KubeRuntime
import Testing
import Values

/// What one kind does to a user's workload as the account that its object names. Each kind that acts adds itself to `AuthorityTable.kinds`.
struct ActingKind: Sendable {
    /// As an account's annotation has it.
    let name: String
    /// The rules that the account needs for it.
    let rules: JSON
    /// Changes the Deployment of this name.
    let act: @Sendable (_ client: ActingClient, _ deployment: String) async throws -> Void
}

/// What must come of it.
enum AuthorityOutcome: Hashable, Sendable {
    /// The Deployment is changed, by the account on behalf of the daemon as the audit log has it.
    case done
    /// Refused by the daemon; nothing is asked of the server in the account's name.
    case refused(AuthorityRefusal.Reason)
    /// Refused by the API server, for want of the account's own rights.
    case forbidden
}

/// How installation, account and object stand to one another.
struct AuthoritySituation: Sendable, CustomTestStringConvertible {
    enum Place: Sendable {
        /// A namespace that the installation lists and where the daemon may impersonate.
        case listed
        /// The daemon may impersonate there, but the installation does not list it.
        case unlisted
        /// The installation lists it, but the daemon has no right there.
        case listedWithoutRight
        /// Kubernetes' own; the installation lists it all the same.
        case system
    }
    enum Account: Sendable {
        case missing
        /// Allowed to nobody where nil; `KIND` stands for the kind that acts.
        case there(allow: String?, mayAct: Bool)
    }

    let testDescription: String
    var place = Place.listed
    var account = Account.there(allow: "KIND", mayAct: true)
    /// What the object says; nil: the account's name. `OTHER` stands for a listed namespace that is not the object's.
    var named: String?
    let outcome: AuthorityOutcome
}

enum AuthorityTable {
    static let kinds = [
        ActingKind(
            name: "Patcher",
            rules: [["apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"]]]
        ) { client, deployment in
            try await client.patch(.deployments, deployment, .merge(["metadata": ["annotations": ["test.plimsoll.dev/touched": "yes"]]]))
        }
    ]

    /// All situations, for each kind.
    static let situations = [
        AuthoritySituation(testDescription: "an account that consents and has the rights", outcome: .done),
        AuthoritySituation(
            testDescription: "an account that consents to several kinds", account: .there(allow: "SLO, KIND ,DrillRun", mayAct: true), outcome: .done),
        AuthoritySituation(
            testDescription: "an account without the annotation", account: .there(allow: nil, mayAct: true), outcome: .refused(.noConsent)),
        AuthoritySituation(
            testDescription: "an account that consents to another kind", account: .there(allow: "SomethingElse", mayAct: true),
            outcome: .refused(.noConsent)),
        AuthoritySituation(
            testDescription: "an account whose annotation is a wildcard", account: .there(allow: "*", mayAct: true), outcome: .refused(.noConsent)),
        AuthoritySituation(
            testDescription: "an account without the rights", account: .there(allow: "KIND", mayAct: false), outcome: .forbidden),
        AuthoritySituation(testDescription: "an account that is not there", account: .missing, outcome: .refused(.accountNotFound)),
        AuthoritySituation(testDescription: "the account of another namespace", named: "OTHER/actor", outcome: .refused(.accountNameInvalid)),
        AuthoritySituation(
            testDescription: "the account of another namespace, by its user name", named: "OTHER:actor", outcome: .refused(.accountNameInvalid)),
        AuthoritySituation(testDescription: "no account", named: "", outcome: .refused(.accountNameInvalid)),
        AuthoritySituation(testDescription: "a namespace that is not listed", place: .unlisted, outcome: .refused(.namespaceNotListed)),
        AuthoritySituation(
            testDescription: "a listed namespace where the daemon lacks the right", place: .listedWithoutRight,
            outcome: .refused(.daemonMayNotImpersonate)),
        AuthoritySituation(testDescription: "kube-system, even where it is listed", place: .system, outcome: .refused(.namespaceOutOfReach)),
    ]
}
