import KubeClient
import KubeModel
import KubeRuntime
import PlimsollAPI
import PrometheusModel
import ServiceLevels
import TestSupport
import Testing
import Values

@testable import ServiceLevelsController

/// One after the other: the definition of PrometheusRule belongs to the whole cluster, and one test takes it away.
@Suite("IntegrationPrometheusRule", .serialized, .enabled(if: RealCluster.isThere, RealCluster.why))
struct IntegrationPrometheusRuleTests {
    private let kind = ResourceKind.prometheusRules

    private func groups(_ object: JSON?) -> JSON? { object?["spec"]?["groups"] }
    private func version(_ object: JSON?) -> String? { object?["metadata"]?["resourceVersion"]?.stringValue }

    private func wanted(_ rig: ControllerRig, _ slo: SLO) throws -> JSON { .array(try rig.rules(slo).groups.map(\.json)) }

    private func whileRunning(_ body: (ControllerRig, SLOController) async throws -> Void) async throws {
        try await ControllerRig.with { rig in
            try await rig.install(ControllerRig.prometheusRuleDefinition)
            try await rig.whileRunning([rig.source(.prometheusRule)]) { try await body(rig, $0) }
        }
    }

    @Test func anObjectIsMadeKeptAndRemoved() async throws {
        try await whileRunning { rig, _ in
            let slo = try await rig.apply("checkout", rig.spec())
            let first = try wanted(rig, slo)
            try await rig.wait(kind, "plimsoll-checkout", "with the rules") { groups($0) == first }
            let made = try #require(try await rig.object(kind, "plimsoll-checkout"))
            let metadata = ObjectMeta(json: made["metadata"] ?? .null)
            #expect(metadata.ownerReferences.map(\.uid) == [slo.metadata.uid])
            #expect(metadata.controller?.kind == "SLO")
            #expect(metadata.labels["plimsoll.dev/instance"] == rig.namespace)
            #expect(metadata.labels["plimsoll.dev/slo"] == "checkout")
            #expect(metadata.labels["release"] == "monitoring")

            // Meddled with, it is put back; what others added stays.
            try await rig.user.patch(
                kind, rig.key("plimsoll-checkout"), .merge(["spec": ["groups": []], "metadata": ["labels": ["team": "shop"]]]))
            try await rig.wait(kind, "plimsoll-checkout", "put back") { groups($0) == first }
            #expect(try await rig.object(kind, "plimsoll-checkout")?["metadata"]?["labels"]?["team"] == "shop")
            // Without our label it leaves the cache, and comes back.
            try await rig.user.patch(kind, rig.key("plimsoll-checkout"), .merge(["metadata": ["labels": ["plimsoll.dev/instance": nil]]]))
            try await rig.wait(kind, "plimsoll-checkout", "labelled again") {
                $0?["metadata"]?["labels"]?["plimsoll.dev/instance"]?.stringValue == rig.namespace
            }

            // Deleted, it comes back.
            try await rig.user.delete(kind, rig.key("plimsoll-checkout"))
            try await rig.wait(kind, "plimsoll-checkout", "made again") {
                groups($0) == first && $0?["metadata"]?["uid"]?.stringValue != metadata.uid
            }

            // An edit of the SLO reaches it.
            let edited = try await rig.apply("checkout", rig.spec(objective: "99.5%"))
            let second = try wanted(rig, edited)
            #expect(first != second)
            try await rig.wait(kind, "plimsoll-checkout", "with the new rules") { groups($0) == second }

            // With the SLO it goes.
            try await rig.user.delete(SLO.resource, rig.key("checkout"))
            try await rig.wait(kind, "plimsoll-checkout", "gone") { $0 == nil }
        }
    }

    @Test func nothingIsWrittenWhenNothingChanges() async throws {
        try await whileRunning { rig, controller in
            let slo = try await rig.apply("quiet", rig.spec())
            let rules = try rig.rules(slo)
            let identity = SeriesIdentity(instance: rig.namespace, key: slo.metadata.key)
            func script(second: Int64) {
                let sampled = ScriptedPrometheus.freshness(identity, sampled: Double(1_790_000_000 + second))
                rig.prometheus.answer(.freshness, instance: rig.namespace, .vector([sampled]))
                rig.prometheus.load(ScriptedPrometheus.loaded(rules, at: Instant(seconds: 1_790_000_000 + second)))
            }
            rig.prometheus.answer(
                .events, instance: rig.namespace, .vector(ScriptedPrometheus.events(identity, windows: ["1h", "period"], total: 1000, errors: 2)))
            script(second: 0)
            try await rig.wait("quiet", "Ready", within: .seconds(30)) { $0.status == .true }
            #expect(try await rig.slo("quiet").status.errorBudget?.remaining == "80%")
            #expect(controller.figures().map(\.key) == [slo.metadata.key])
            // Evaluations go on, and so do polls; the figures stay.
            #expect(await eventually { controller.controller.lengths.processing == 0 })
            try await Task.sleep(for: .seconds(1))
            let before = (version(try await rig.object(kind, "plimsoll-quiet")), version(try await rig.object(SLO.resource, "quiet")))
            let polls = rig.prometheus.ruleRequests
            for second in 1...6 {
                script(second: Int64(second))
                try await Task.sleep(for: .milliseconds(500))
            }
            #expect(rig.prometheus.ruleRequests >= polls + 4)
            #expect(version(try await rig.object(kind, "plimsoll-quiet")) == before.0)
            #expect(version(try await rig.object(SLO.resource, "quiet")) == before.1)
        }
    }

    @Test func aForeignObjectIsNotOverwritten() async throws {
        try await whileRunning { rig, _ in
            let theirs: JSON = [
                "apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": ["name": "plimsoll-taken"],
                "spec": ["groups": [["name": "theirs", "rules": []]]],
            ]
            try await rig.user.create(kind, namespace: rig.namespace, body: theirs)
            let before = try await rig.object(kind, "plimsoll-taken")
            let slo = try await rig.apply("taken", rig.spec())
            try await rig.wait("taken", "RulesLoaded") {
                $0.status == .false && $0.reason == "WriteFailed" && $0.message.contains("PrometheusRule \(rig.namespace)/plimsoll-taken exists")
            }
            #expect(try await rig.condition("taken", "Ready")?.status == .false)
            #expect(try await rig.object(kind, "plimsoll-taken") == before)
            // Out of the way, it makes room.
            try await rig.user.delete(kind, rig.key("plimsoll-taken"))
            try await rig.wait(kind, "plimsoll-taken", "ours", within: .seconds(60)) { groups($0) == (try wanted(rig, slo)) }
            try await rig.wait("taken", "RulesLoaded") { $0.reason == "NotLoaded" }
        }
    }

    @Test func anSLOThatIsMadeAgainTakesItsNameOver() async throws {
        try await whileRunning { rig, _ in
            for round in 1...5 {
                let slo = try await rig.apply("again", rig.spec(objective: "99.\(round)%"))
                let wanted = try wanted(rig, slo)
                try await rig.wait(kind, "plimsoll-again", "of round \(round)") {
                    groups($0) == wanted && $0?["metadata"]?["ownerReferences"]?[0]?["uid"]?.stringValue == slo.metadata.uid
                }
                try await rig.user.delete(SLO.resource, rig.key("again"))
            }
            try await rig.wait(kind, "plimsoll-again", "gone") { $0 == nil }
        }
    }

    @Test func anSLOThatChangesItsSourceMovesItsRules() async throws {
        try await ControllerRig.with { rig in
            try await rig.install(ControllerRig.prometheusRuleDefinition)
            let sources = [rig.source(.prometheusRule), rig.source(.prometheusRule, name: "twin"), rig.source(.configMap, name: "other")]
            try await rig.whileRunning(sources) { _ in
                let slo = try await rig.apply("moving", rig.spec())
                let wanted = try wanted(rig, slo)
                try await rig.wait(kind, "plimsoll-moving", "with the rules") { groups($0) == wanted }
                let made = try await rig.object(kind, "plimsoll-moving")

                // A source that writes the same object: nothing is taken away in between.
                try await rig.apply("moving", rig.spec(source: "twin"))
                try await rig.wait("moving", "RulesLoaded") { $0.reason == "NotLoaded" }
                #expect(try await rig.object(kind, "plimsoll-moving") == made)

                // A slip of the pen silences no alert.
                try await rig.apply("moving", rig.spec(source: "oter"))
                try await rig.wait("moving", "Ready") { $0.reason == "Invalid" }
                #expect(try await rig.object(kind, "plimsoll-moving") == made)

                // Elsewhere, the rules follow, and are not left behind to count twice.
                try await rig.apply("moving", rig.spec(source: "other"))
                try await rig.wait(.configMaps, "plimsoll-moving", "made") { $0 != nil }
                try await rig.wait(kind, "plimsoll-moving", "gone") { $0 == nil }
                try await rig.apply("moving", rig.spec())
                try await rig.wait(kind, "plimsoll-moving", "back") { groups($0) == wanted }
                try await rig.wait(.configMaps, "plimsoll-moving", "gone") { $0 == nil }
            }
        }
    }

    @Test func withoutTheDefinitionTheConditionSaysWhatHelps() async throws {
        try await ControllerRig.with { rig in
            try await rig.uninstall("prometheusrules.monitoring.coreos.com")
            // A kind counts as absent after ten seconds of 404; then the controller is ready without it.
            try await rig.whileRunning([rig.source(.prometheusRule)]) { _ in
                let slo = try await rig.apply("early", rig.spec())
                try await rig.wait("early", "RulesLoaded") {
                    $0.status == .false
                        && $0.message
                            == "the API server does not serve prometheusrules.monitoring.coreos.com; install it, or set another rules.output"
                }
                #expect(try await rig.condition("early", "Ready")?.status == .false)
                try await rig.install(ControllerRig.prometheusRuleDefinition)
                // By a repeat of the write, which backs off, and by the next list of a kind that was absent.
                try await rig.wait(kind, "plimsoll-early", "made", within: .seconds(90)) { groups($0) == (try wanted(rig, slo)) }
                rig.prometheus.load(ScriptedPrometheus.loaded(try rig.rules(slo), at: Instant(seconds: 1_790_000_000)))
                try await rig.wait("early", "RulesLoaded", within: .seconds(60)) { $0.status == .true }
            }
        }
    }
}
