import KubeModel
import KubeRuntime
import Testing
import Values

/// As whom something is done, decided on paper; the API server's part is in Integration/IntegrationAuthorityTests.
@Suite struct AuthorityPolicyTests {
    private static let policy = AuthorityPolicy(
        namespaces: ["shop", "ai", "kube-system", "kube-extra", "plimsoll-system"], ownNamespaces: ["plimsoll-system"])

    private static func request(_ namespace: String = "shop", account: String = "rollouts", kind: String = "RolloutAnalysis", uid: String? = nil)
        -> ActingRequest
    {
        ActingRequest(kind: kind, object: ObjectKey(namespace: namespace, name: "checkout"), account: account, uid: uid)
    }

    private static func account(
        _ name: String = "rollouts", namespace: String = "shop", uid: String = "u1", allow: String? = "RolloutAnalysis", deleting: Bool = false
    ) -> AccountFinding {
        var metadata = ObjectMeta(name: name, namespace: namespace, uid: uid)
        metadata.annotations[Consent.annotation] = allow
        metadata.deletionTimestamp = deleting ? .epoch : nil
        return .found(metadata)
    }

    private static func reason(_ decision: AuthorityDecision) -> AuthorityRefusal.Reason? {
        if case .refuse(let refusal) = decision { refusal.reason } else { nil }
    }

    @Test func anAccountThatConsentsIsActedAs() {
        #expect(Self.policy.decide(Self.request()) == .read(ObjectKey(namespace: "shop", name: "rollouts")))
        for allow in ["RolloutAnalysis", " RolloutAnalysis ", "DrillSchedule,RolloutAnalysis", "DrillSchedule , RolloutAnalysis,KindOfTomorrow"] {
            guard case .act(let identity) = Self.policy.decide(Self.request(), account: Self.account(allow: allow)) else {
                Issue.record("refused with \(allow)")
                continue
            }
            #expect(identity.account == ObjectKey(namespace: "shop", name: "rollouts"))
            #expect(identity.uid == "u1")
        }
    }

    @Test(arguments: [
        ("kube-system", AuthorityRefusal.Reason.namespaceOutOfReach), ("kube-extra", .namespaceOutOfReach), ("kube-public", .namespaceOutOfReach),
        ("plimsoll-system", .namespaceOutOfReach), ("shop2", .namespaceNotListed), ("sho", .namespaceNotListed), ("default", .namespaceNotListed),
        ("", .namespaceOutOfReach), ("Shop", .namespaceOutOfReach), ("shop/../kube-system", .namespaceOutOfReach),
        ("shop:kube-system", .namespaceOutOfReach),
    ]) func namespacesOutOfReachAreNotEvenRead(namespace: String, reason: AuthorityRefusal.Reason) {
        #expect(Self.reason(Self.policy.decide(Self.request(namespace))) == reason)
        let decision = Self.policy.decide(Self.request(namespace), account: Self.account(namespace: namespace))
        #expect(Self.reason(decision) == reason)
    }

    @Test(arguments: [
        "", " ", "rollouts ", "other/rollouts", "../kube-system/serviceaccounts/x", "other:rollouts", "Rollouts", "a..b", ".", "-a", "a-",
        "a\r\nImpersonate-Group: x", "é", "*", String(repeating: "a", count: 254),
    ]) func anAccountIsNamedByItsNameAlone(name: String) {
        #expect(Self.reason(Self.policy.decide(Self.request(account: name))) == .accountNameInvalid)
        #expect(Self.reason(Self.policy.decide(Self.request(account: name), account: Self.account(name))) == .accountNameInvalid)
    }

    @Test(
        arguments: [
            (nil, "lets nobody act as it"), ("", "an empty item"), ("DrillSchedule", "lets DrillSchedule act as it, not RolloutAnalysis"),
            ("rolloutanalysis", "found \"rolloutanalysis\""), ("RolloutAnalysis,", "an empty item"), (",RolloutAnalysis", "an empty item"),
            ("RolloutAnalysis;DrillSchedule", "can't be read"), ("RolloutAnalysis DrillSchedule", "can't be read"), ("*", "found \"*\""),
            ("RolloutAnalysis,*", "found \"*\""), ("RolloutAnalysis\n", "can't be read"), ("\tRolloutAnalysis", "can't be read"),
            ("RolloutAnalysiś", "can't be read"), ("RolloutAnalysis\u{200B}", "can't be read"), ("\"RolloutAnalysis\"", "can't be read"),
            ("ROLLOUTANALYSIS", "not RolloutAnalysis"), ("RolloutAnalysisRun", "not RolloutAnalysis"),
        ] as [(String?, String)]) func withoutConsentNothingIsDone(allow: String?, says: String)
    {
        let decision = Self.policy.decide(Self.request(), account: Self.account(allow: allow))
        guard case .refuse(let refusal) = decision else {
            Issue.record("acted with \(allow ?? "no annotation")")
            return
        }
        #expect(refusal.reason == .noConsent)
        #expect(refusal.description.contains(says), "\(refusal)")
        #expect(refusal.description.contains("plimsoll.dev/allow"), "\(refusal)")
    }

    @Test func anAccountThatIsNotThereOrNotTheOneIsRefused() {
        let finding: [(AccountFinding, AuthorityRefusal.Reason)] = [
            (.missing, .accountNotFound), (Self.account("other"), .accountNotFound), (Self.account(namespace: "ai"), .accountNotFound),
            (Self.account(uid: ""), .accountNotFound), (Self.account(deleting: true), .accountDeleting),
        ]
        for (account, reason) in finding { #expect(Self.reason(Self.policy.decide(Self.request(), account: account)) == reason) }
        #expect(Self.reason(Self.policy.decide(Self.request(uid: "u0"), account: Self.account(uid: "u1"))) == .accountReplaced)
        #expect(Self.reason(Self.policy.decide(Self.request(uid: "u1"), account: Self.account(uid: "u1"))) == nil)
    }

    @Test func anInstallationThatListsNothingReachesNothing() {
        let policy = AuthorityPolicy(namespaces: [], ownNamespaces: [])
        guard case .refuse(let refusal) = policy.decide(Self.request()) else {
            Issue.record("not refused")
            return
        }
        #expect(
            refusal.description
                == "RolloutAnalysis shop/checkout: metadata.namespace: the installation acts as accounts of the namespaces in its configuration's "
                + "impersonation.namespaces only: none (got \"shop\")")
    }

    @Test func refusalsNameObjectFieldAndValue() {
        guard case .refuse(let refusal) = Self.policy.decide(Self.request(), account: .missing) else {
            Issue.record("not refused")
            return
        }
        #expect(
            refusal.description
                == "RolloutAnalysis shop/checkout: spec.serviceAccountName: there is no such ServiceAccount in the namespace shop; create it, or name "
                + "another (got \"rollouts\")")
    }

    @Test func rightsAreAskedForInReachableNamespacesOnly() {
        #expect(
            Self.policy.requiredAccess.map(\.description) == [
                "get serviceaccounts in namespace ai", "impersonate serviceaccounts in namespace ai", "get serviceaccounts in namespace shop",
                "impersonate serviceaccounts in namespace shop",
            ])
    }
}
