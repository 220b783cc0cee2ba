import KubeClient
import KubeModel
import PlimsollAPI
import TestSupport
import Testing
import Values

/// Releases judged by what Prometheus has counted of their pods, under load.
@Suite(
    .serialized,
    .enabled(if: TestEnvironment.binary != nil && SampleImage.hasNode, "needs the cluster with a node, and the binary, of Deploy/test.sh"))
struct RolloutCompareTests {
    private static let gates: JSON = [
        "strategy": ["observe": ["soak": "20s"]],
        "gates": [
            ["name": "errors", "compare": ["errors": #"http_requests_total{code="500"}"#, "total": "http_requests_total"]],
            ["name": "latency", "compare": ["histogram": "http_request_duration_seconds", "slowerThan": "250ms"]],
        ],
    ]

    /// A fast roll leaves no stable pods to compare with; a step keeps them.
    private static var stepped: JSON {
        gates.merged(patch: [
            "start": "Guard", "strategy": ["observe": nil, "canary": ["steps": [["name": "first", "weight": "20%", "soak": "20s"]]]],
        ])
    }

    /// Rolls the sample service, four pods of it, from a good version to another under 40 requests a second.
    private func release(_ name: String, _ arguments: [String], _ spec: JSON, _ body: (RolloutFixture, SampleWorkload) async throws -> Void)
        async throws
    {
        try await SampleImage.load()
        try await World.with(name) { world in
            let fixture = RolloutFixture(world)
            let daemon = try Daemon(world, settings: fixture.settings)
            try await daemon.ready(world)
            try await fixture.makeAccount()
            var workload = SampleWorkload(world, fixture.name, replicas: 4)
            workload.spec = ["strategy": ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": 1, "maxUnavailable": 0]]]
            try await workload.apply()
            try await workload.waitUntilRolledOut()
            try await fixture.analyse(spec)
            try await fixture.wait("a version known to be good") { try await fixture.analysis()["status"]?["stable"]?["name"]?.stringValue != nil }
            try await Load.against(try await workload.url(), perSecond: 40) { _ in
                try await Task.sleep(for: .seconds(15))
                try await workload.apply(arguments)
                try await body(fixture, workload)
            }
            try await daemon.stop()
        }
    }

    @Test func aReleaseThatFailsIsRolledBack() async throws {
        try await release("failing", ["--errors=100%"], Self.stepped) { fixture, workload in
            try await fixture.wait("RolledBack", within: .seconds(120))
            let record = try await fixture.analysis()["status"]?["lastRollback"]
            #expect(record?["reason"] == "gate errors called it bad")
            let run = try #require(try await fixture.runs().last)
            let started = try #require(run["status"]?["startedAt"]?.stringValue.flatMap(Instant.init(rfc3339:)))
            let patched = try #require(record?["patchedAt"]?.stringValue.flatMap(Instant.init(rfc3339:)))
            print("ok 100 % errors: patched \(patched.since(started)) after the start")
            #expect(patched.since(started) <= .seconds(60))
        }
    }

    @Test func aReleaseThatIsSlowIsRolledBack() async throws {
        try await release("slow", ["--latency=400ms"], Self.stepped) { fixture, workload in
            try await fixture.wait("RolledBack", within: .seconds(180))
            #expect(try await fixture.analysis()["status"]?["lastRollback"]?["reason"] == "gate latency called it bad")
        }
    }

    @Test func aGoodReleaseIsProvedSafeAndPromoted() async throws {
        try await release("safe", ["--errors=0%"], Self.gates) { fixture, workload in
            try await fixture.wait("Promoted", within: .seconds(180))
            let gates = try await fixture.analysis()["status"]?["gates"]?.arrayValue ?? []
            #expect(gates.count == 2 && gates.allSatisfy { $0["verdict"] == "Safe" }, "\(gates)")
        }
    }
}
