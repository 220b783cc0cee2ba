import KubeClient
import KubeModel
import KubeRuntime
import Synchronization
import TestSupport
import Testing
import Values

/// Whoever may create our objects gains nothing by them: every row of the table, through a controller, on the real API server with its RBAC.
@Suite("IntegrationAuthority", .serialized, .enabled(if: RealCluster.isThere && TestEnvironment.value("AUDIT_LOG") != nil, RealCluster.why))
struct IntegrationAuthorityTests {
    private static let rows = AuthorityTable.kinds.flatMap { kind in AuthorityTable.situations.map { (kind: kind, situation: $0) } }

    @Test func nothingIsGainedByCreatingOurObjects() async throws {
        try await AuthorityWorld.with { world in
            for (row, (kind, situation)) in Self.rows.enumerated() {
                let namespace = world.namespace(situation.place)
                try await world.makeDeployment(world.name(row), in: namespace)
                guard case .there(let allow, let mayAct) = situation.account else { continue }
                let text = allow?.replacing("KIND", with: kind.name)
                // Not a bare nil, which could be taken for JSON's null.
                let rules: JSON? = mayAct ? kind.rules : Optional.none
                try await world.makeAccount(world.name(row), in: namespace, allow: text, rules: rules)
            }
            let found = try await outcomes(world)
            for (row, (kind, situation)) in Self.rows.enumerated() {
                let what = Comment(rawValue: "\(kind.name), \(situation.testDescription)")
                #expect(found[row] == situation.outcome, what)
                let namespace = world.namespace(situation.place)
                let isTouched = try await world.isTouched(world.name(row), in: namespace)
                #expect(isTouched == (situation.outcome == .done), what)
                try await audit(world, row, namespace, situation, what)
            }
        }
    }

    /// Has a daemon work on an object for each row, which the author made, and tells what came of each.
    private func outcomes(_ world: AuthorityWorld) async throws -> [Int: AuthorityOutcome] {
        let authority = Authority(client: world.daemon, fence: nil, policy: world.policy)
        let reflectors = world.namespaces.map { namespace in
            Reflector(source: KubeCollection<Patcher>(world.daemon, namespace: namespace), store: Store<Patcher>(), name: "patchers in \(namespace)")
        }
        let results = Mutex<[String: AuthorityOutcome]>([:])
        let controller = Controller(name: "patcher", workers: 4) { key in
            guard let patcher = reflectors.lazy.compactMap({ $0.store.get(key) }).first,
                let kind = AuthorityTable.kinds.first(where: { $0.name == patcher.kind })
            else { return .done }
            let outcome: AuthorityOutcome
            do {
                try await authority.acting(ActingRequest(kind: kind.name, object: key, account: patcher.account)) { client in
                    try await kind.act(client, patcher.deployment)
                }
                outcome = .done
            } catch let refusal as AuthorityRefusal {
                outcome = .refused(refusal.reason)
            } catch let error as KubeError where error.isForbidden {
                outcome = .forbidden
            } catch { return .retry(error) }
            results.withLock { $0[key.name] = outcome }
            return .done
        }
        for reflector in reflectors { controller.reconciles(reflector) }
        try await whileRunning(reflectors.map { $0.run } + [controller.run]) {
            for (row, (kind, situation)) in Self.rows.enumerated() {
                let name = world.name(row)
                let account = situation.named.map { $0.replacing("OTHER", with: world.other) } ?? name
                let body: JSON = [
                    "apiVersion": .string(Patcher.resource.apiVersion), "kind": "Patcher", "metadata": ["name": .string(name)],
                    "spec": ["kind": .string(kind.name), "serviceAccountName": .string(account), "deployment": .string(name)],
                ]
                let namespace = world.namespace(situation.place)
                // The kind and the author's rights take a moment at the beginning.
                let made = await eventually { (try? await world.author.create(Patcher.resource, namespace: namespace, body: body)) != nil }
                #expect(made, "\(name) was not made")
            }
            #expect(await eventually { results.withLock(\.count) == Self.rows.count })
        }
        let named = results.withLock(\.self)
        return Dictionary(uniqueKeysWithValues: Self.rows.indices.compactMap { row in named[world.name(row)].map { (row, $0) } })
    }

    /// What the audit log must tell about a row's Deployment.
    private func audit(_ world: AuthorityWorld, _ row: Int, _ namespace: String, _ situation: AuthoritySituation, _ what: Comment) async throws {
        func requests() throws -> [AuditedRequest] { try world.audited(world.name(row)).filter { $0.resource == "deployments" } }
        let account = "system:serviceaccount:\(namespace):\(world.name(row))"
        let groups: Set = ["system:serviceaccounts", "system:serviceaccounts:\(namespace)", "system:authenticated"]
        let expected: [AuditedRequest] =
            switch situation.outcome {
            case .done: [AuditedRequest(verb: "patch", resource: "deployments", actingAs: account, groups: groups, code: 200)]
            case .forbidden: [AuditedRequest(verb: "patch", resource: "deployments", actingAs: account, groups: groups, code: 403)]
            // The server refused to let the daemon be the account: in nobody's name but its own.
            case .refused(.daemonMayNotImpersonate):
                [AuditedRequest(verb: "patch", resource: "deployments", actingAs: nil, groups: [], code: 403)]
            case .refused: []
            }
        // The log is written behind the answer.
        _ = try await eventually(within: .seconds(10)) { try requests() == expected }
        let found = try requests()
        #expect(found == expected, what)
    }

    @Test func neitherAuthorNorDaemonMayDoItThemselves() async throws {
        try await AuthorityWorld.with { world in
            let namespace = world.namespace(.listed)
            let key = ObjectKey(namespace: namespace, name: "target")
            try await world.makeDeployment(key.name, in: namespace)
            try await world.makeAccount("target", in: namespace, allow: "Patcher", rules: AuthorityTable.kinds[0].rules)
            let change = KubePatch.merge(["metadata": ["annotations": ["test.plimsoll.dev/touched": "yes"]]])
            func refusal(_ client: KubeClient) async -> KubeError? {
                do throws(KubeError) {
                    try await client.patch(.deployments, key, change)
                    return nil
                } catch { return error }
            }
            // Rights first take effect: then what is refused is refused for good.
            let missing = { try await AccessCheck.missing(world.policy.requiredAccess, client: world.daemon).map(\.description) }
            let blind = "impersonate serviceaccounts in namespace \(world.namespace(.listedWithoutRight))"
            #expect(try await eventually { try await missing() == [blind] })

            for client in [world.daemon, world.author] { #expect(await refusal(client)?.isForbidden == true) }
            let account = world.daemon.impersonating(serviceAccount: key)
            #expect(await refusal(world.daemon.impersonating(user: "system:admin", groups: ["system:masters"]))?.isForbidden == true)
            #expect(await refusal(world.daemon.impersonating(serviceAccount: ObjectKey(namespace: "default", name: "default")))?.isForbidden == true)
            // Naming the groups takes rights on groups, which no Role can give; without them the server adds those of the account.
            let groups = ["system:serviceaccounts", "system:serviceaccounts:\(namespace)", "system:authenticated"]
            let named = await refusal(world.daemon.impersonating(user: "system:serviceaccount:\(namespace):target", groups: groups))
            #expect(named?.status?.message.contains(#"cannot impersonate resource "groups""#) == true, "\(named.map(\.description) ?? "allowed")")
            let touchedBefore = try await world.isTouched("target", in: namespace)
            #expect(!touchedBefore)
            #expect(await refusal(account) == nil)
        }
    }

    @Test func consentCountsAsItIsNow() async throws {
        try await AuthorityWorld.with { world in
            let namespace = world.namespace(.listed)
            try await world.makeDeployment("target", in: namespace)
            try await world.makeAccount("target", in: namespace, allow: "Patcher", rules: AuthorityTable.kinds[0].rules)
            let authority = Authority(client: world.daemon, fence: nil, policy: world.policy)
            let key = ObjectKey(namespace: namespace, name: "target")
            var request = ActingRequest(kind: "Patcher", object: ObjectKey(namespace: namespace, name: "one"), account: "target")
            func refusal() async -> AuthorityRefusal.Reason? {
                do {
                    try await authority.acting(request) { _ in }
                    return nil
                } catch { return (error as? AuthorityRefusal)?.reason }
            }
            // The daemon's right to read accounts takes a moment at the beginning.
            #expect(await eventually { (try? await authority.identity(request)) != nil })
            let identity = try await authority.identity(request)

            // What was lent is of no use afterwards, nor beyond the account's namespace.
            let kept = try await authority.acting(request) { client in
                await #expect(throws: AuthorityRefusal.self) { try await client.get(.namespaces, namespace, as: JSON.self) }
                return client
            }
            let late = await #expect(throws: AuthorityRefusal.self) { try await AuthorityTable.kinds[0].act(kept, "target") }
            #expect(late?.reason == .outsideMandate)

            let consent = { (value: JSON) in
                _ = try await world.admin.patch(.serviceAccounts, key, .merge(["metadata": ["annotations": [Consent.annotation: value]]]))
            }
            try await consent(.null)
            #expect(await refusal() == .noConsent)
            try await consent("Patcher")
            #expect(await refusal() == nil)

            // Another account under the same name is not the one that a run began with.
            request.uid = identity.uid
            #expect(await refusal() == nil)
            try await world.admin.delete(.serviceAccounts, key)
            #expect(await refusal() == .accountNotFound)
            try await world.makeAccount("target", in: namespace, allow: "Patcher", rules: nil)
            #expect(await refusal() == .accountReplaced)

            // A daemon that acts as somebody itself can't act as a second one.
            let nested = Authority(client: world.daemon.impersonating(user: "somebody"), fence: nil, policy: world.policy)
            let error = await #expect(throws: AuthorityRefusal.self) { try await nested.identity(request) }
            #expect(error?.reason == .daemonMayNotImpersonate)
            let touched = try await world.isTouched("target", in: namespace)
            #expect(!touched)
        }
    }
}
