import KubeClient
import KubeModel
import PlimsollAPI
import PrometheusModel
import ServiceLevels
import TestSupport
import Testing
import Values

@testable import ServiceLevelsController

@Suite("IntegrationConfigMap", .enabled(if: RealCluster.isThere, RealCluster.why))
struct IntegrationConfigMapTests {
    private func file(_ rig: ControllerRig, _ slo: SLO, in object: JSON?) throws -> String? {
        object?["data"]?[RuleObjects.fileName(instance: rig.namespace, key: slo.metadata.key)]?.stringValue
    }

    @Test func anObjectIsMadeKeptAndRemoved() async throws {
        try await ControllerRig.with { rig in
            try await rig.whileRunning([rig.source(.configMap)]) { _ in
                let slo = try await rig.apply("checkout", rig.spec())
                let first = try rig.rules(slo).file.yaml
                try await rig.wait(.configMaps, "plimsoll-checkout", "with the rules") { try file(rig, slo, in: $0) == first }
                let made = ObjectMeta(json: try #require(try await rig.object(.configMaps, "plimsoll-checkout")?["metadata"]))
                #expect(made.ownerReferences.map(\.uid) == [slo.metadata.uid])
                #expect(made.labels["plimsoll.dev/instance"] == rig.namespace)

                let key = RuleObjects.fileName(instance: rig.namespace, key: slo.metadata.key)
                try await rig.user.patch(.configMaps, rig.key("plimsoll-checkout"), .merge(["data": .object([key: "groups: []"])]))
                try await rig.wait(.configMaps, "plimsoll-checkout", "put back") { try file(rig, slo, in: $0) == first }
                try await rig.user.delete(.configMaps, rig.key("plimsoll-checkout"))
                try await rig.wait(.configMaps, "plimsoll-checkout", "made again") { try file(rig, slo, in: $0) == first }

                let edited = try await rig.apply("checkout", rig.spec(objective: "99.5%"))
                let second = try rig.rules(edited).file.yaml
                try await rig.wait(.configMaps, "plimsoll-checkout", "with the new rules") { try file(rig, slo, in: $0) == second }
                try await rig.user.delete(SLO.resource, rig.key("checkout"))
                try await rig.wait(.configMaps, "plimsoll-checkout", "gone") { $0 == nil }
            }
        }
    }

    @Test func aForeignConfigMapIsNotOverwritten() async throws {
        try await ControllerRig.with { rig in
            try await rig.user.create(
                .configMaps, namespace: rig.namespace, body: ["metadata": ["name": "plimsoll-taken"], "data": ["theirs": "text"]])
            let before = try await rig.object(.configMaps, "plimsoll-taken")
            try await rig.whileRunning([rig.source(.configMap)]) { _ in
                try await rig.apply("taken", rig.spec())
                try await rig.wait("taken", "RulesLoaded") { $0.message.contains("ConfigMap \(rig.namespace)/plimsoll-taken exists") }
                #expect(try await rig.object(.configMaps, "plimsoll-taken") == before)
            }
        }
    }

    @Test func aRestartWritesNothingAndSweepsWhatIsOrphaned() async throws {
        try await ControllerRig.with { rig in
            // Two sources of one output: neither may take the other's SLOs for its own leftovers.
            let sources = [rig.source(.configMap), rig.source(.configMap, name: "twin")]
            var versions: [String?] = []
            func version(_ name: String) async throws -> String? {
                try await rig.object(.configMaps, name)?["metadata"]?["resourceVersion"]?.stringValue
            }
            try await rig.whileRunning(sources) { _ in
                try await rig.apply("a", rig.spec())
                try await rig.apply("b", rig.spec(source: "twin"))
                for name in ["a", "b"] {
                    try await rig.wait(name, "RulesLoaded") { $0.reason == "NotLoaded" }
                    versions.append(try await version("plimsoll-\(name)"))
                }
            }
            #expect(versions.allSatisfy { $0 != nil })
            // As if it belonged to an SLO that went while the daemon was down and the garbage collector too: no owner that anybody could look for.
            let orphan = try await rig.user.create(
                .configMaps, namespace: rig.namespace,
                body: [
                    "metadata": [
                        "name": "plimsoll-orphan", "labels": ["plimsoll.dev/instance": .string(rig.namespace)],
                        "ownerReferences": [
                            OwnerReference(apiVersion: SLO.resource.apiVersion, kind: "SLO", name: "orphan", uid: try await rig.slo("a").metadata.uid)
                                .json
                        ],
                    ]
                ])
            #expect(orphan["metadata"]?["uid"] != nil)
            try await rig.whileRunning(sources) { _ in
                try await rig.wait(.configMaps, "plimsoll-orphan", "swept") { $0 == nil }
                try await Task.sleep(for: .seconds(2))
                #expect(try await [version("plimsoll-a"), version("plimsoll-b")] == versions)
            }
        }
    }

    @Test func aSourceThatIsUnknownOrClosedIsInvalid() async throws {
        try await ControllerRig.with { rig in
            let sources = [rig.source(.configMap), rig.source(.configMap, name: "closed", allows: { _ in false })]
            try await rig.whileRunning(sources) { _ in
                try await rig.apply("unknown", rig.spec(source: "defualt"))
                try await rig.apply("closed", rig.spec(source: "closed"))
                for (name, part) in [
                    ("unknown", #"spec.source: is no Prometheus of the daemon's configuration; there are: "closed", "default" (got "defualt")"#),
                    ("closed", #"spec.source: is not open to the namespace \#(rig.namespace): "#),
                ] {
                    try await rig.wait(name, "Ready") { $0.status == .false && $0.reason == "Invalid" && $0.message.contains(part) }
                    try await rig.wait(name, "Stalled") { $0.status == .true && $0.reason == "Invalid" }
                    #expect(try await rig.object(.configMaps, "plimsoll-\(name)") == nil)
                }
                // Corrected, both work.
                for name in ["unknown", "closed"] {
                    try await rig.apply(name, rig.spec())
                    try await rig.wait(.configMaps, "plimsoll-\(name)", "made") { $0 != nil }
                    try await rig.wait(name, "Stalled") { $0.status == .false }
                }
            }
        }
    }
}
