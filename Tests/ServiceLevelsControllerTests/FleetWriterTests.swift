import Glibc
import KubeModel
import KubeRuntime
import Logging
import PlimsollAPI
import ServiceLevels
import TestSupport
import Testing
import Values

@testable import ServiceLevelsController

/// The rules that SLOs share follow the SLOs' own, in a real directory.
struct FleetWriterTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private static let instance = "main"

    private func slo(_ name: String, objective: String = "99%", source: String = "default") -> SLO {
        SLO(json: [
            "metadata": ["name": .string(name), "namespace": "shop", "uid": .string("uid-\(name)")],
            "spec": [
                "service": "checkout", "objective": .string(objective), "window": ["rolling": "30d"], "source": .string(source),
                "indicator": ["ratio": ["errors": #"http_requests_total{code="500"}"#, "total": "http_requests_total"]],
            ],
        ])
    }

    private static func settings(_ places: Int, source: String = "default") -> RuleSettings {
        RuleSettings(evaluationInterval: .seconds(1), layout: places == 0 ? .perSLO : .fleet(source: source, places: places))
    }

    private func rules(_ slo: SLO, _ settings: RuleSettings) throws -> GeneratedRules {
        try RuleGenerator.generate(
            instance: Self.instance, key: slo.metadata.key, spec: try #require(slo.spec), settings: settings, now: .epoch)
    }

    /// An output as the daemon has it, running.
    private func whileRunning(
        _ places: Int, source: String = "default", path: String? = nil, _ body: (FleetOutput) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let directory = RuleDirectory(path: path ?? scratch.path, instance: Self.instance)
        let reloads = ReloadCoalescer(timeline: Timeline(), logger: logger) {}
        let settings = Self.settings(places, source: source)
        let writer = FleetWriter(
            places: places == 0 ? [] : FleetPlace.all(instance: Self.instance, source: source, count: places), settings: settings,
            carrier: DirectoryCarrier(directory: directory, reloads: reloads, instance: Self.instance, source: source), timeline: Timeline(),
            wallClock: { .epoch }, logger: logger)
        let output = FleetOutput(own: DirectoryOutput(directory: directory, reloads: reloads), shared: writer)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in output.parts { group.addTask { try? await part.run() } }
            try await body(output)
            group.cancelAll()
        }
    }

    /// Names of SLOs in the shared rules, by file.
    private func shared() async throws -> [String: Set<String>] {
        let texts = try await RuleDirectory(path: scratch.path, instance: Self.instance).texts()
        var found: [String: Set<String>] = [:]
        for (name, text) in texts where FleetPart.Name(file: name)?.kind.hasPrefix("facts") ?? false {
            found[name] = Set(text.split(separator: "\"plimsoll_slo\", \"").dropFirst().map { String($0.prefix { $0 != "\"" }) })
        }
        return found
    }

    private func names() async throws -> Set<String> { try await shared().values.reduce([]) { $0.union($1) } }

    /// As when Prometheus has evaluated all rules.
    private func tell(_ output: FleetOutput, _ rules: GeneratedRules) {
        var observation = SLOObservation()
        observation.sharedDigests = Set([rules.digest] + (rules.alertClass.map { [$0] } ?? []))
        output.observed(rules, of: rules.identity.key, observation, isLoaded: true)
    }

    private func eventuallyKnows(_ names: Set<String>) async -> Bool {
        await eventually { (try? await self.names()) == names }
    }

    @Test func whatIsWrittenAndRemovedIsFollowed() async throws {
        try await whileRunning(4) { output in
            for name in ["a", "b", "c"] {
                let slo = slo(name)
                #expect(try await output.write(rules(slo, Self.settings(4)), for: slo))
                #expect(try await !output.write(rules(slo, Self.settings(4)), for: slo))
            }
            #expect(await eventuallyKnows(["a", "b", "c"]))
            try await output.remove(ObjectKey(namespace: "shop", name: "b"))
            #expect(await eventuallyKnows(["a", "c"]))
            let changed = slo("a", objective: "99.5%")
            #expect(try await output.write(rules(changed, Self.settings(4)), for: changed))
            #expect(
                await eventually {
                    let texts = (try? await RuleDirectory(path: scratch.path, instance: Self.instance).texts()) ?? [:]
                    return texts.contains { $0.key.contains("Fleet") && $0.value.contains("vector(0.995)") }
                })
            for name in ["a", "c"] { try await output.remove(ObjectKey(namespace: "shop", name: name)) }
            #expect(await eventually { (try? await shared())?.isEmpty ?? false }, "and no empty file is left")
        }
    }

    /// A daemon that starts again and finds an SLO invalid by now has nothing but what is kept beside its rules.
    @Test func afterARestartWhatWasThereStays() async throws {
        try await whileRunning(2) { output in
            for name in ["a", "b"] { _ = try await output.write(rules(slo(name), Self.settings(2)), for: slo(name)) }
            #expect(await eventuallyKnows(["a", "b"]))
        }
        let before = try await RuleDirectory(path: scratch.path, instance: Self.instance).texts()
        try await whileRunning(2) { output in
            let slo = slo("c")
            _ = try await output.write(rules(slo, Self.settings(2)), for: slo)
            #expect(await eventuallyKnows(["a", "b", "c"]))
            _ = try await output.remove(slo.metadata.key)
            #expect(await eventually { (try? await RuleDirectory(path: scratch.path, instance: Self.instance).texts()) == before })
            // Objects that went in the meantime are told at the sweep.
            try await output.sweep { [ObjectKey(namespace: "shop", name: "a")] }
            #expect(await eventuallyKnows(["a"]))
        }
    }

    @Test func anotherNumberOfPlacesOrLayoutLeavesNothingBehind() async throws {
        try await whileRunning(4) { output in
            for name in ["a", "b", "c"] { _ = try await output.write(rules(slo(name), Self.settings(4)), for: slo(name)) }
            #expect(await eventuallyKnows(["a", "b", "c"]))
        }
        try await whileRunning(2) { output in
            for name in ["a", "b", "c"] {
                let rules = try rules(slo(name), Self.settings(2))
                _ = try await output.write(rules, for: slo(name))
                #expect(
                    await eventually { (try? await shared())?.keys.contains { $0.contains("of4_") } ?? false }, "until Prometheus has the new ones")
                tell(output, rules)
            }
            #expect(await eventually { (try? await shared())?.keys.allSatisfy { $0.contains("of2_") } ?? false })
            #expect(await eventuallyKnows(["a", "b", "c"]))
        }
        // Another source that shares the directory keeps its own.
        try await whileRunning(1, source: "other") { output in
            let slo = slo("d", source: "other")
            _ = try await output.write(rules(slo, Self.settings(1, source: "other")), for: slo)
            #expect(await eventuallyKnows(["a", "b", "c", "d"]))
        }
        try await whileRunning(0) { output in
            for name in ["a", "b", "c"] {
                let rules = try rules(slo(name), Self.settings(0))
                _ = try await output.write(rules, for: slo(name))
                #expect(try await names().contains(name), "until Prometheus has its own")
                tell(output, rules)
            }
            #expect(await eventuallyKnows(["d"]))
        }
        let texts = try await RuleDirectory(path: scratch.path, instance: Self.instance).texts()
        #expect(texts.values.filter { $0.contains("plimsoll.dev/member") }.count == 1, "an SLO's own rules carry no more than they must")
    }

    @Test func aDirectoryThatComesLaterIsWrittenTo() async throws {
        let path = scratch.file("later")
        try await whileRunning(1, path: path) { output in
            output.shared.wrote(FleetMember(key: ObjectKey(namespace: "shop", name: "a"), spec: try #require(slo("a").spec), digest: "x"))
            try await Task.sleep(for: .milliseconds(200))
            try #require(mkdir(path, 0o755) == 0)
            #expect(await eventually { (try? await RuleDirectory(path: path, instance: Self.instance).texts())?.count == 2 })
        }
    }

    @Test func troubleIsToldUntilItIsOver() async throws {
        let slo = slo("a")
        let key = slo.metadata.key
        let inTheWay = scratch.file("plimsoll_main_Fleet_default_0of1_sums.yaml")
        try #require(mkdir(inTheWay, 0o755) == 0)
        try await whileRunning(1) { output in
            _ = try await output.write(rules(slo, Self.settings(1)), for: slo)
            #expect(await eventually { output.trouble(of: key)?.contains("shares with others") ?? false })
            try #require(rmdir(inTheWay) == 0)
            #expect(await eventually(within: .seconds(60)) { output.trouble(of: key) == nil })
            #expect(await eventuallyKnows(["a"]))
        }
    }
}
