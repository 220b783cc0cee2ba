import KubeClient
import KubeModel
import PlimsollAPI
import TestSupport
import Testing
import Values

/// The definitions on real API servers: the oldest that we support, which knows no CEL, and one of today.
struct CRDTests {
    @Test(.enabled(if: TestEnvironment.kubeconfig != nil, "needs the 1.20 API server of Deploy/test.sh"))
    func theOldServerTakesAllObjectsAndTheDaemonRefusesTheBad() async throws {
        try await DefinitionServer.with(TestEnvironment.kubeconfig) { server in
            try await server.installAll()
            for sample in try CELSamples.all() {
                // Without CEL the server takes them all.
                let kept = Sample(json: try await server.create(sample.json))
                #expect((kept.problems == []) == (sample.refusal == nil), "\(sample.name): \(kept.problems)")
            }
        }
    }

    @Test(.enabled(if: DefinitionServer.today != nil, "needs the 1.36 CRD server of Deploy/test.sh"))
    func theServerOfTodayRefusesWhatARuleRefuses() async throws {
        try await DefinitionServer.with(DefinitionServer.today) { server in
            try await server.installAll()
            for sample in try CELSamples.all() {
                guard let refusal = sample.refusal else {
                    try await server.create(sample.json)
                    continue
                }
                do throws(KubeError) {
                    try await server.create(sample.json)
                    Issue.record("\(sample.name) was accepted")
                } catch {
                    #expect(error.isInvalid, "\(sample.name): \(error)")
                    #expect(error.status?.message.contains(refusal.message) ?? false, "\(sample.name): \(error)")
                    let causes = error.status?.causes ?? []
                    #expect(causes.contains { $0.message.contains(refusal.message) && refusal.covers($0.field) }, "\(sample.name): \(causes)")
                    // By that rule alone. But no long window can be at fault alone: one that is too short is not longer than its short one, and one
                    // that is too long exceeds the SLO's.
                    #expect(causes.count == (refusal.place.hasSuffix(".long") ? 2 : 1), "\(sample.name): \(causes)")
                }
                #expect(sample.problems != [], "the daemon takes \(sample.name)")
            }
        }
    }

    @Test(.enabled(if: TestEnvironment.kubeconfig != nil, "needs the 1.20 API server of Deploy/test.sh"))
    func theOldServerKeepsAStatusAndShowsIt() async throws {
        try await DefinitionServer.with(TestEnvironment.kubeconfig) { try await statusRoundTrips($0) }
    }

    @Test(.enabled(if: DefinitionServer.today != nil, "needs the 1.36 CRD server of Deploy/test.sh"))
    func theServerOfTodayKeepsAStatusAndShowsIt() async throws {
        try await DefinitionServer.with(DefinitionServer.today) { try await statusRoundTrips($0) }
    }

    /// Every field of the status is kept as written, and the columns show it.
    private func statusRoundTrips(_ server: DefinitionServer) async throws {
        try await server.installAll()
        let sample = try #require(try CELSamples.all().first { $0.refusal == nil })
        let made = SLO(json: try await server.create(sample.json))
        let status = Self.fullStatus()
        for field in SLOStatus.fields {
            let value = status.json[field.name]
            #expect(value != nil && value != [] && value != "" && value != 0 && value != false, "the test leaves \(field.name) out")
        }

        let patch = JSON.mergePatch(from: made.status.json, to: status.json)
        let patched = try await server.client.patch(
            SLO.resource, made.metadata.key, subresource: "status",
            .merge(["metadata": ["resourceVersion": .string(made.metadata.resourceVersion)], "status": patch]))
        #expect(patched["status"] == status.json)
        let kept = try await server.client.get(SLO.resource, made.metadata.key, as: JSON.self)
        #expect(kept["status"] == status.json)
        #expect(SLO(json: kept).status == status)
        #expect(kept["spec"] == patched["spec"])
        #expect(kept["metadata"]?["generation"] == 1, "a status moves no generation")
        // A write to the object itself changes no status.
        var other = kept
        other["status"] = ["observedGeneration": 7]
        #expect(try await server.client.replace(SLO.resource, made.metadata.key, body: other)["status"] == status.json)

        let table = try JSON(
            parsing: try await server.client.raw(
                "GET", SLO.resource.path(made.metadata.key), accept: "application/json;as=Table;v=v1;g=meta.k8s.io"))
        let columns = (table["columnDefinitions"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
        let cells = table["rows"]?[0]?["cells"]?.arrayValue ?? []
        #expect(columns == ["Name", "Service", "Objective", "Window", "Budget", "Burn 1h", "Exhausted", "Ready", "Age"])
        #expect(
            cells.dropLast()
                == [.string(made.metadata.name), "checkout", "99.9%", "30d", "72%", "1.4x", "2026-08-01T10:00:00Z", "True"])
        #expect(cells.last?.stringValue?.isEmpty == false)
    }

    @Test(arguments: [false, true])
    func aRolloutsStatusAndItsRunAreKept(byTheServerOfToday: Bool) async throws {
        guard let kubeconfig = byTheServerOfToday ? DefinitionServer.today : TestEnvironment.kubeconfig else { return }
        try await DefinitionServer.with(kubeconfig) { server in
            try await server.installAll()
            let sample = try #require(try YAML.parse(RolloutCELSamples.yaml).first)
            let made = RolloutAnalysis(json: try await server.create(sample.json))
            let status = Self.fullRolloutStatus()
            for field in RolloutAnalysisStatus.fields {
                let value = status.json[field.name]
                #expect(value != nil && value != [] && value != "" && value != 0, "the test leaves \(field.name) out")
            }
            try await server.client.patch(
                RolloutAnalysis.resource, made.metadata.key, subresource: "status", .merge(["status": status.json]))
            let kept = try await server.client.get(RolloutAnalysis.resource, made.metadata.key, as: JSON.self)
            #expect(kept["status"] == status.json)
            #expect(RolloutAnalysis(json: kept).status == status)

            var run = RolloutRun(
                metadata: ObjectMeta(name: "\(made.metadata.name)-1", namespace: made.metadata.namespace), spec: RolloutRunSpec(),
                status: RolloutRunStatus())
            run.spec.analysis = made.metadata.name
            run.spec.attempt = 1
            run.spec.target = RolloutTarget(name: "checkout")
            run.spec.generation = 1
            run.spec.settings = made.spec?.json
            run.status.phase = "Progressing"
            run.status.state = ["anything": ["at": "all", "nothing": []]]
            run.status.checkpoint = ["health": ["pods": [["uid": "x"]]]]
            run.status.decisions = [RolloutDecision(at: Instant(seconds: 1), reason: "Begun", message: "because", author: "Unverified")]
            try await server.client.create(RolloutRun.resource, namespace: made.metadata.namespace, body: run.json)
            let read = try await server.client.get(RolloutRun.self, run.metadata.key)
            #expect(read.spec == run.spec)
            #expect(read.status == run.status)
            try await server.client.delete(RolloutRun.resource, run.metadata.key)
        }
    }

    private static func fullRolloutStatus() -> RolloutAnalysisStatus {
        var status = RolloutAnalysisStatus()
        status.observedGeneration = 1
        let time = Instant(seconds: 1_785_000_000)
        status.conditions = ["Ready", "Reconciling", "Stalled", "Preflight"].map {
            Condition(type: $0, status: .true, reason: "Promoted", message: "as seen", observedGeneration: 1, lastTransitionTime: time)
        }
        status.phase = "Progressing"
        status.message = "step first soaks"
        status.candidate = RevisionReference(name: "checkout-1", uid: "a", hash: "b")
        status.stable = RevisionReference(name: "checkout-0", uid: "c", hash: "d")
        status.step = "first"
        status.weight = "25%"
        status.gates = [RolloutGateStatus(name: "pods", verdict: "Safe", evidence: "1 of 1 pods Ready", message: "-")]
        var rollback = RollbackRecord()
        (rollback.reason, rollback.from, rollback.to) = ("gate pods called it bad", "b", "d")
        (rollback.decidedAt, rollback.patchedAt, rollback.stableAt) = (time, time, time)
        status.lastRollback = rollback
        status.runs = ["checkout-0", "checkout-1"]
        return status
    }

    private static func fullStatus() -> SLOStatus {
        var status = SLOStatus()
        status.observedGeneration = 1
        let time = Instant(seconds: 1_785_000_000)
        status.conditions = ["Ready", "Reconciling", "Stalled", "RulesLoaded", "DataPresent", "BudgetHealthy", "Notified", "Preflight"].map { type in
            Condition(
                type: type, status: type == "Ready" ? .true : .false, reason: "Measuring", message: "as \"seen\" in Prometheus/å",
                observedGeneration: 1,
                lastTransitionTime: time)
        }
        status.window = "30d"
        status.errorBudget = SLOErrorBudget(remaining: "72%", consumed: "28%")
        status.burnRates = [("5m", "14x"), ("1h", "1.4x"), ("3d", "0.2x")].map { SLOBurnRate(window: $0.0, rate: $0.1) }
        status.exhaustedAt = Instant(rfc3339: "2026-08-01T10:00:00Z")
        status.forecast = SLOForecast(earliest: Instant(rfc3339: "2026-07-30T10:00:00Z"), latest: Instant(rfc3339: "2026-08-09T10:00:00Z"))
        status.regains = (1...SLOStatus.maximumRegains).map { SLORegain(from: "2026-07-0\($0)", on: "2026-08-0\($0)", budget: "\($0)%") }
        status.alerts = AlertState.allCases.map { SLOAlertState(tier: "tier-\($0.rawValue)", state: $0) }
        status.coverage = "97%"
        status.groups = (0..<SLOStatus.maximumGroups).map { number in
            SLOGroup(labels: ["region": "eu-\(number)", "env_le": "\"quoted\" {{text}}"], remaining: "\(number)%", burnRate: "\(number)x")
        }
        status.frozen = true
        status.heldCoverage = "97%"
        status.notifications = NotificationState.allCases.map {
            SLONotification(policy: "freeze", notifier: "n-\($0.rawValue.lowercased())", state: $0, since: time, reference: "OPS-1")
        }
        status.lastSampled = time
        return status
    }
}

/// An API server with definitions, and a namespace of the test's own on it.
private struct DefinitionServer {
    /// The kubeconfig of the CRD server, where there is one.
    static var today: String? { TestEnvironment.kubeconfig == nil ? nil : TestEnvironment.crdServerKubeconfig }

    let client: KubeClient
    let namespace: String

    static func with(_ kubeconfig: String?, _ body: (DefinitionServer) async throws -> Void) async throws {
        let client = try KubeClient(configuration: try KubeConfiguration.load(explicitPath: kubeconfig, context: nil))
        // The CRD server of today has no namespaces of its own: it looks for them in the cluster's API server.
        let home = try KubeClient(configuration: try KubeConfiguration.load(explicitPath: TestEnvironment.kubeconfig, context: nil))
        let server = DefinitionServer(client: client, namespace: "crd-\(UInt32.random(in: 0..<1_000_000))")
        try await home.create(.namespaces, body: ["metadata": ["name": .string(server.namespace)]])
        let result: Result<Void, any Error>
        do { result = .success(try await body(server)) } catch { result = .failure(error) }
        for slo in (try? await client.list(SLO.resource, namespace: server.namespace, as: SLO.self))?.items ?? [] {
            _ = try? await client.delete(SLO.resource, slo.metadata.key)
        }
        for analysis in (try? await client.list(RolloutAnalysis.resource, namespace: server.namespace, as: RolloutAnalysis.self))?.items ?? [] {
            _ = try? await client.delete(RolloutAnalysis.resource, analysis.metadata.key)
        }
        _ = try? await home.delete(.namespaces, ObjectKey(name: server.namespace))
        await client.shutdown()
        await home.shutdown()
        try result.get()
    }

    @discardableResult
    func create(_ object: JSON) async throws(KubeError) -> JSON {
        let kind = object["kind"]?.stringValue == RolloutAnalysis.resource.kind ? RolloutAnalysis.resource : SLO.resource
        return try await client.create(kind, namespace: namespace, body: object)
    }

    /// POSTs all definitions, or PUTs them over those that are there; waits until their names are accepted and their kinds served.
    func installAll() async throws {
        let kind = ResourceKind.customResourceDefinitions
        for definition in CRDs.all() {
            let key = ObjectKey(name: try #require(definition.json["metadata"]?["name"]?.stringValue))
            let isTaken = try await eventually {
                do throws(KubeError) {
                    do throws(KubeError) {
                        try await client.create(kind, body: definition.json)
                    } catch {
                        guard error.isAlreadyExists else { throw error }
                        var body = definition.json
                        body["metadata"]?["resourceVersion"] = try await client.get(kind, key, as: JSON.self)["metadata"]?["resourceVersion"]
                        try await client.replace(kind, key, body: body)
                    }
                    return true
                } catch {
                    // Another test writes it too.
                    guard error.isConflict else { throw error }
                    return false
                }
            }
            #expect(isTaken)
            var conditions: [String: String] = [:]
            let isServed = try await eventually {
                let kept = try await client.get(kind, key, as: JSON.self)
                for condition in kept["status"]?["conditions"]?.arrayValue ?? [] {
                    conditions[condition["type"]?.stringValue ?? ""] = condition["status"]?.stringValue
                }
                return conditions["Established"] == "True"
            }
            #expect(isServed && conditions["NamesAccepted"] == "True", "\(key): \(conditions)")
            // A server says here what it has against a schema that it took all the same.
            #expect(conditions["NonStructuralSchema"] == nil, "\(key): \(conditions)")
        }
    }
}

/// A sample object, and the rule that refuses it.
private struct Sample {
    struct Refusal {
        /// Its place in the schema: `[]` for any item, `{}` for any key.
        var place: String
        var message: String

        /// Whether a cause's field is at the rule's place; the root's causes name no field, or its kind's.
        func covers(_ field: String) -> Bool {
            var pattern = place.hasPrefix(".") ? String(place.dropFirst()) : place
            var text = field
            while let open = text.firstIndex(of: "["), let close = text[open...].firstIndex(of: "]") { text.removeSubrange(open...close) }
            for mark in ["[]", "{}"] {
                while let range = pattern.firstRange(of: mark) { pattern.removeSubrange(range) }
            }
            return text.hasPrefix(pattern) || text == "<nil>"
        }
    }

    var json: JSON
    var name: String { json["metadata"]?["name"]?.stringValue ?? "" }
    /// What the daemon has against it.
    var problems: [Problem] {
        json["kind"]?.stringValue == RolloutAnalysis.resource.kind ? RolloutAnalysis(json: json).problems : SLO(json: json).problems
    }

    var refusal: Refusal? {
        guard let annotations = json["metadata"]?["annotations"], let place = annotations["plimsoll.dev/refused-at"]?.stringValue,
            let message = annotations["plimsoll.dev/refused-with"]?.stringValue
        else { return nil }
        return Refusal(place: place, message: message)
    }
}

extension CELSamples {
    fileprivate static func all() throws -> [Sample] {
        try [yaml, RolloutCELSamples.yaml].flatMap { try YAML.parse($0).map { Sample(json: $0.json) } }
    }
}
