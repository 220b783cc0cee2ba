import KubeClient
import KubeModel
import PlimsollAPI
import TestSupport
import Testing
import Values

@Suite(.enabled(if: TestEnvironment.binary != nil && TestEnvironment.kubeconfig != nil, "needs the cluster and binary of Deploy/test.sh"))
struct CompositeTests {
    private func composite(_ members: JSON...) -> JSON {
        [
            "service": "shop", "objective": "95%", "window": ["rolling": "1d"],
            "indicator": ["composite": ["method": "Worst", "members": .array(members)]],
        ]
    }

    private func wait(_ world: World, _ reason: String) async throws {
        if try await eventually(within: .seconds(60), { try await world.condition("all", "Ready")?.reason == reason }) { return }
        throw Missing("Ready with the reason \(reason); its status: \(try await world.get("all")["status"]?.text() ?? "none")")
    }

    @Test func aCompositeFollowsItsMembersAndTheirConsent() async throws {
        try await World.with("composite") { world in
            let other = "\(world.namespace)-other"
            try await world.client.create(.namespaces, body: ["metadata": ["name": .string(other)]])
            let result: Result<Void, any Error>
            do { result = .success(try await follow(world, other)) } catch { result = .failure(error) }
            _ = try? await world.client.delete(.namespaces, ObjectKey(name: other))
            try result.get()
        }
    }

    private func follow(_ world: World, _ other: String) async throws {
        func applyOther(sharedWith: JSON) async throws {
            var spec = world.spec()
            spec["sharedWith"] = sharedWith
            try await world.client.patch(
                SLO.resource, ObjectKey(namespace: other, name: "theirs"),
                .apply(
                    [
                        "apiVersion": .string(SLO.resource.apiVersion), "kind": "SLO",
                        "metadata": ["name": "theirs", "namespace": .string(other)], "spec": spec,
                    ], fieldManager: "e2e", force: true))
        }
        func rules() async throws -> String {
            let json = try JSON(parsing: try await world.fetch("\(world.prometheusURL)/api/v1/rules").text)
            let groups = json["data"]?["groups"]?.arrayValue ?? []
            return groups.filter { $0["name"]?.stringValue?.contains("/\(world.namespace)/all/") ?? false }.map { $0.text() }.joined()
        }
        let config = world.scratch.file("config.yaml")
        try writeFile(
            config,
            """
            instance: \(world.namespace)
            namespaces: {include: [\(world.namespace), \(other)]}
            prometheus:
              - name: default
                url: \(world.prometheusURL)
                scrapeInterval: 5s
                pollInterval: 2s
                rules:
                  output: Directory
                  directory: {path: \(world.rulesDirectory), reloadURL: "\(world.prometheusURL)/-/reload"}
                  interval: 5s
            serving: {address: "127.0.0.1:0"}

            """)
        let daemon = try Daemon(world, config: config)
        try await daemon.ready(world)
        // Before its members, as it may come.
        try await world.apply("all", composite(["name": "ours"], ["name": "theirs", "namespace": .string(other)]))
        try await wait(world, "MemberMissing")
        try await world.apply("ours", world.spec())
        try await applyOther(sharedWith: [])
        try await wait(world, "MemberNotShared")
        try await applyOther(sharedWith: ["elsewhere", .string(world.namespace)])
        try await world.wait("all", "Ready", .true)
        #expect(try await world.get("all")["status"]?["errorBudget"]?["remaining"]?.stringValue?.hasSuffix("%") == true)
        #expect(try await rules().contains(other))
        // Who takes his consent back is read no more; the rest goes on.
        try await applyOther(sharedWith: ["elsewhere"])
        try await wait(world, "MemberNotShared")
        #expect(await eventually(within: .seconds(30)) { ((try? await rules()).map { !$0.contains(other) && $0.contains("ours") }) ?? false })
        #expect(try await daemon.stop() == .code(0))
    }

    @Test func membersAreLookedUpAmongTheFiles() async throws {
        let scratch = try ScratchDirectory()
        func run(_ arguments: [String]) async throws -> (exit: ChildProcess.Exit, output: String) {
            let output = scratch.file("out-\(UInt32.random(in: 0 ... .max))")
            let process = try ChildProcess(try #require(TestEnvironment.binary), arguments, output: output)
            return (try #require(await process.wait(timeout: .seconds(60))), process.output)
        }
        func slo(_ name: String, _ indicator: String, _ more: String = "") -> String {
            """
            apiVersion: plimsoll.dev/v1alpha1
            kind: SLO
            metadata: {name: \(name), namespace: shop}
            spec:
              service: a
              objective: 99%
              window: {rolling: 1d}
              indicator: \(indicator)
              \(more)

            """
        }
        func composite(_ members: String) -> String { "{composite: {method: Worst, members: [\(members)]}}" }
        let (one, all) = (scratch.file("one.yaml"), scratch.file("all.yaml"))
        try writeFile(one, slo("one", "{ratio: {errors: e, total: t}}"))
        try writeFile(all, slo("all", composite("{name: one}, {name: two}, {name: three, namespace: ai}")))
        let missing = try await run(["validate", one, all])
        #expect(missing.exit == .code(1))
        #expect(
            missing.output.contains(
                "\(all):8: spec.indicator.composite.members[1]: there is no such SLO in these files; correct it, or give the file that has it as well"
            ), "\(missing.output)")
        #expect(missing.output.contains("ai/three is not in these files"), "\(missing.output)")
        // A circle of two files.
        try writeFile(all, slo("all", composite("{name: one}, {name: two}")))
        let two = scratch.file("two.yaml")
        try writeFile(two, slo("two", composite("{name: all}")))
        let circle = try await run(["validate", one, all, two])
        #expect(circle.exit == .code(1))
        #expect(circle.output.contains("lead in a circle: shop/all -> shop/two -> shop/all"), "\(circle.output)")
        // Another Prometheus.
        try writeFile(two, slo("two", "{ratio: {errors: e, total: t}}", "source: west"))
        let west = try await run(["validate", one, all, two])
        #expect(west.output.contains("its source is west, and the composite's is default"), "\(west.output)")
        // Good, rendered with tests, which hold.
        try writeFile(two, slo("two", "{ratio: {errors: e, total: t}}"))
        #expect(try await run(["validate", one, all, two]).exit == .code(0))
        let rules = scratch.file("rules")
        #expect(try await run(["render", one, all, two, "-o", rules, "--tests"]).exit == .code(0))
        let promtool = try #require(TestEnvironment.executable("promtool"))
        let tests = try ChildProcess(
            promtool, ["test", "rules", "\(rules)/plimsoll_main_shop_all.worst.member.test.yaml"], output: scratch.file("promtool"))
        #expect(await tests.wait(timeout: .seconds(60)) == .code(0), "\(tests.output)")
    }
}
