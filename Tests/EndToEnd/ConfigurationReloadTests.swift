import Glibc
import KubeClient
import KubeModel
import TestSupport
import Testing
import Values

@Suite(.enabled(if: TestEnvironment.binary != nil && TestEnvironment.kubeconfig != nil, "needs the cluster and binary of Deploy/test.sh"))
struct ConfigurationReloadTests {
    private func metric(_ world: World, _ daemon: Daemon, _ name: String) async -> String? {
        guard let page = try? await world.fetch("\(daemon.metricsURL)/metrics") else { return nil }
        return page.text.split(separator: "\n").first { $0.hasPrefix("\(name) ") }?.split(separator: " ").last.map(String.init)
    }

    private func waitFor(_ world: World, _ daemon: Daemon, _ name: String, _ value: String?) async throws {
        if await eventually(within: .seconds(40), { await self.metric(world, daemon, name) == value }) { return }
        throw Missing("\(name) \(value ?? "gone"), which is \(await metric(world, daemon, name) ?? "gone"); the log:\n\(daemon.process.output)")
    }

    /// As the kubelet writes a ConfigMap: the file is a link through `..data`, which is a link to a folder, and that one is swapped.
    private func write(_ world: World, _ version: Int, _ text: String) throws {
        let folder = world.scratch.file("version-\(version)")
        mkdir(folder, 0o700)
        try writeFile("\(folder)/plimsoll.yaml", text)
        let next = world.scratch.file("..next")
        #expect(symlink("version-\(version)", next) == 0)
        #expect(rename(next, world.scratch.file("..data")) == 0)
    }

    @Test func aGoodOneTakesEffectAndABrokenOneIsRefused() async throws {
        try await World.with("reload") { world in
            func text(_ sources: [String], instance: String) -> String {
                """
                instance: \(instance)
                namespaces: {include: [\(world.namespace)]}
                serving: {address: "127.0.0.1:1"}
                prometheus:

                """
                    + sources.map { name in
                        """
                          - name: \(name)
                            url: \(world.prometheusURL)
                            scrapeInterval: 5s
                            pollInterval: 2s
                            rules:
                              output: Directory
                              directory: {path: \(world.rulesDirectory), reloadURL: "\(world.prometheusURL)/-/reload"}
                              interval: 5s

                        """
                    }.joined()
            }
            let path = world.scratch.file("plimsoll.yaml")
            #expect(symlink("..data/plimsoll.yaml", path) == 0)
            // The file's address can't be listened on, and its instance is another: flag and variable win, each time.
            try write(world, 1, text(["default"], instance: "nobody"))
            let daemon = try Daemon(
                world, config: path, arguments: ["--set", "serving.address=127.0.0.1:0"],
                environment: ["PLIMSOLL_INSTANCE": world.namespace, "POD_NAME": "plimsoll-0", "POD_NAMESPACE": world.namespace])
            try await daemon.ready(world)
            try await world.apply("availability", world.spec())
            try await world.wait("availability", "Ready", .true)
            let good = "plimsoll_config_last_reload_successful"
            #expect(await metric(world, daemon, good) == "1")
            let health = try JSON(parsing: try await world.fetch("\(daemon.metricsURL)/health").text)
            #expect(health["instance"]?.stringValue == world.namespace)

            // Broken: refused with line and path, told in a metric and an event, and all goes on.
            try write(world, 2, text(["default"], instance: "nobody") + "    pollIntervall: 3s\n")
            try await waitFor(world, daemon, good, "0")
            #expect(daemon.process.output.contains("prometheus[0].pollIntervall"))
            #expect(try await world.fetch("\(daemon.metricsURL)/readyz").status == 200)
            #expect(
                try await eventually {
                    let events = try await world.client.list(.events, namespace: world.namespace, as: JSON.self).items
                    return events.contains {
                        $0["reason"]?.stringValue == "ConfigurationRefused" && $0["regarding"]?["name"]?.stringValue == "plimsoll-0"
                    }
                })
            // Gone altogether is no good either.
            unlink(world.scratch.file("..data"))
            #expect(await eventually { daemon.process.output.contains("No such file or directory") })
            #expect(await metric(world, daemon, good) == "0")

            // Good again: a second source, in the same process, and the SLO is looked after as before.
            try write(world, 3, text(["default", "second"], instance: "nobody"))
            try await waitFor(world, daemon, #"plimsoll_source_up{question="rules",source="second"}"#, "1")
            #expect(await metric(world, daemon, good) == "1")
            try await daemon.ready(world)
            var changed = world.spec(objective: "98%")
            changed["source"] = "second"
            try await world.apply("moved", changed)
            try await world.wait("moved", "Ready", .true)
            try await world.wait("availability", "Ready", .true)

            // Without it nothing of it stands still on the page, and the rules are as they were.
            try await world.delete("moved")
            try await world.waitForGroups("moved") { $0 == 0 }
            try write(world, 4, text(["default"], instance: "nobody"))
            try await waitFor(world, daemon, #"plimsoll_source_up{question="rules",source="second"}"#, nil)
            try await daemon.ready(world)
            #expect(await metric(world, daemon, #"plimsoll_sampler_value_age_seconds{sampler="second/rules"}"#) == nil)
            try await world.waitForGroups("availability") { $0 > 0 }
            #expect(daemon.process.isRunning)
            #expect(try await daemon.stop() == .code(0))
        }
    }

    @Test func singleSettingsAreCheckedToo() async throws {
        try await World.with("settings") { world in
            let binary = try #require(TestEnvironment.binary)
            func run(_ arguments: [String], _ environment: [String: String] = [:]) async throws -> (ChildProcess.Exit?, String) {
                let process = try ChildProcess(
                    binary, ["run", "--kubeconfig", "/nowhere"] + arguments, environment: environment,
                    output: world.scratch.file("run-\(UInt32.random(in: 0 ... .max)).log"))
                return (await process.wait(timeout: .seconds(20)), process.output)
            }
            let unknown = try await run(["--set", "serving.adress=x"])
            #expect(unknown.0 == .code(2) && unknown.1.contains("serving.address"), "\(unknown.1)")
            let bare = try await run(["--set", "instance"])
            #expect(bare.0 == .code(2), "\(bare.1)")
            let bad = try await run(["--set", "serving.address=:99999"])
            #expect(bad.0 == .code(1) && bad.1.contains("--set serving.address: serving.address: "), "\(bad.1)")
            let variable = try await run([], ["PLIMSOLL_INSTANCE": "Not A Label"])
            #expect(variable.0 == .code(1) && variable.1.contains("PLIMSOLL_INSTANCE: instance: "), "\(variable.1)")
            // The flag wins.
            let both = try await run(["--set", "instance=good"], ["PLIMSOLL_INSTANCE": "Not A Label"])
            #expect(both.0 == .code(3), "\(both.1)")
        }
    }
}
